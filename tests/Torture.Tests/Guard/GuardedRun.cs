using System.Diagnostics;
using System.Globalization;
using System.Text;
using GpuGrad.Kernels.Devices;

namespace GpuGrad.Torture.Tests.Guard;

/// <summary>Cases in guard mode, in separate processes: a crash is reported with the op that was running, and the next process continues after that case.</summary>
/// <param name="Side">Which end of buffers lies against the guard.</param>
/// <param name="Bits">Of the vectors.</param>
internal sealed record GuardedRun(GuardSide Side, int Bits)
{
    private const int MostFaults = 20; // then it is clear enough

    /// <summary>Both sides with every width of vector that this machine has.</summary>
    public static IReadOnlyList<GuardedRun> All =>
        [.. from side in new[] { GuardSide.End, GuardSide.Start } from bits in new[] { 128, 256, 512 } where bits <= Widest select new GuardedRun(side, bits)];

    /// <summary>Runs every <paramref name="step"/>th case from the first on and gives what is wrong: wrong answers, damage and deaths.</summary>
    public IReadOnlyList<string> Run(string kind, int first, int end, int step)
    {
        string trail = Path.GetTempFileName();
        var faults = new List<string>();
        try
        {
            while (first < end && faults.Count < MostFaults)
            {
                File.WriteAllBytes(trail, new byte[GuardedChild.TrailBytes]);
                Ended child = Child(trail, kind, first, end, step);
                faults.AddRange(child.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => $"{this}: {l}"));
                if (child.Code == 0)
                    break;
                string[] left = Encoding.UTF8.GetString(File.ReadAllBytes(trail)).TrimEnd('\0').Split('\n', 3);
                faults.Add($"{this}: {kind} {left[0]} died with {child.Code} in {left.ElementAtOrDefault(1)} of {left.ElementAtOrDefault(2)?.ReplaceLineEndings(" ")}: {Places(child.Errors)}");
                if (!int.TryParse(left[0], NumberStyles.None, CultureInfo.InvariantCulture, out int died))
                    break;
                first = died + step;
            }
        }
        finally
        {
            File.Delete(trail);
        }
        return faults;
    }

    public override string ToString() => $"{Side} {Bits}";

    private static int Widest => System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated ? 512 : System.Runtime.Intrinsics.Vector256.IsHardwareAccelerated ? 256 : 128;

    private Ended Child(string trail, string kind, int first, int end, int step)
    {
        string[] numbers = [.. new[] { first, end, step }.Select(n => n.ToString(CultureInfo.InvariantCulture))];
        var start = new ProcessStartInfo(Gpugrad.Dotnet, ["exec", typeof(GuardedRun).Assembly.Location, GuardedChild.Word, trail, kind, .. numbers])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[Switches.Guard] = Side == GuardSide.End ? "end" : "start";
        start.Environment[Switches.Simd] = Bits.ToString(CultureInfo.InvariantCulture);
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process process = Process.Start(start)!;
        return Gpugrad.WaitFor(process);
    }

    // The innermost frames of the program's own.
    private static string Places(string errors) =>
        string.Join(" < ", errors.Split('\n').Where(l => l.Contains(" at GpuGrad.Kernels", StringComparison.Ordinal)).Select(l => l.Trim()[3..].Split('(')[0]).Distinct().Take(3));
}
