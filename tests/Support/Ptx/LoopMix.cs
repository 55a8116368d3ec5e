using System.Globalization;
using System.Text.RegularExpressions;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>The innermost loop of a kernel's machine code that multiplies most.</summary>
/// <param name="Instructions">In one turn.</param>
/// <param name="Multiplies">Of these FFMA, or HMMA on tensor cores.</param>
/// <param name="OnTensorCores">Whether they are HMMA.</param>
/// <param name="LocalAccesses">LDL and STL: arrays that are not registers.</param>
public sealed partial record LoopMix(int Instructions, int Multiplies, bool OnTensorCores, int LocalAccesses)
{
    /// <summary>Share of the multiplications, 0 to 1.</summary>
    public double Share => (double)Multiplies / Instructions;

    /// <summary>Reads cuobjdump's listing; null where the kernel has no loop.</summary>
    public static LoopMix? Of(string listing)
    {
        var code = InstructionPattern().Matches(listing)
            .Select(m => (At: Hexadecimal(m.Groups[1].Value), Text: GuardPattern().Replace(m.Groups[2].Value.Trim(), ""))).ToList();
        var loops = code.Select(i => (Target: BackTo(i.Text), i.At)).Where(l => l.Target >= 0 && l.Target < l.At).ToList();
        return loops.Where(l => !loops.Any(o => o != l && o.Target >= l.Target && o.At <= l.At))
            .Select(l => Count([.. code.Where(i => i.At >= l.Target && i.At <= l.At).Select(i => i.Text.Split([' ', '.'])[0])]))
            .MaxBy(m => m.Multiplies);
    }

    private static LoopMix Count(string[] loop)
    {
        int tensor = loop.Count(o => o == "HMMA"), plain = loop.Count(o => o == "FFMA");
        return new LoopMix(loop.Length, Math.Max(tensor, plain), tensor > 0, loop.Count(o => o is "LDL" or "STL"));
    }

    private static int BackTo(string instruction) =>
        instruction.StartsWith("BRA", StringComparison.Ordinal) && TargetPattern().Match(instruction) is { Success: true } match ? Hexadecimal(match.Groups[1].Value) : -1;

    private static int Hexadecimal(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"/\*([0-9a-f]{4,5})\*/\s+(.*?);")]
    private static partial Regex InstructionPattern();

    [GeneratedRegex(@"^@!?U?P\w+\s+")]
    private static partial Regex GuardPattern();

    [GeneratedRegex(@"0x([0-9a-f]+)")]
    private static partial Regex TargetPattern();
}
