using System.Globalization;
using System.Text;
using GpuGrad.Tests.Support;
using GpuGrad.Tests.Support.Ptx;

namespace GpuGrad.Kernels.Tests.Ptx;

/// <summary>
/// Every kernel through NVIDIA's own assembler. What it finds is kept in bench/results/ptxas.md: GEMM kernels, which live of their registers,
/// may take no more than stands there.
/// </summary>
[Collection("accelerators")]
public sealed class AssemblerTests
{
    /// <summary>8.0 and 9.0 in every run; all with <c>./test --torture</c> and when the table is written.</summary>
    private static int[] Capabilities => Effort.IsLong || WritesDocs ? [75, 80, 86, 89, 90] : [80, 90];

    private static bool WritesDocs => Environment.GetEnvironmentVariable(Switches.WriteDocs) == "1";

    private static string TablePath => Path.Combine(Effort.Root, "bench", "results", "ptxas.md");

    [Fact]
    public void Every_kernel_assembles_without_a_stack_and_without_spills()
    {
        Assembler.RequireTools();
        List<Row> rows = [.. Capabilities.SelectMany(c => Assembled(c, withMix: WritesDocs && c == 80)).OrderBy(r => r.Kernel, StringComparer.Ordinal).ThenBy(r => r.Capability)];
        Assert.True(rows.Count > 150 * Capabilities.Length, $"only {rows.Count} kernels were found");
        var problems = rows.Where(r => r.Refused is not null).Select(r => $"{r.Kernel}, sm_{r.Capability}: {r.Refused}")
            .Concat(rows.Where(r => r.Code.Stack + r.Code.Spills > 0).Select(r => $"{r.Kernel}, sm_{r.Capability}: {r.Code.Stack} bytes of stack, {r.Code.Spills} of spills"))
            .ToList();
        if (WritesDocs)
            File.WriteAllText(TablePath, Table(rows));
        else
            problems.AddRange(Grown(rows));
        Assert.True(problems.Count == 0, $"{problems.Count} of {rows.Count}:\n{string.Join('\n', problems.Take(40))}");
    }

    /// <summary>The two largest tiles spend their loops multiplying, from registers.</summary>
    [Fact]
    public void Loops_of_large_tiles_multiply_in_three_of_four_instructions()
    {
        Assembler.RequireTools();
        List<Row> large = [.. Assembled(80, withMix: true, k => k.Name.Contains("GemmKernels.Tiled", StringComparison.Ordinal) && (k.Name.Contains("Cut64x128", StringComparison.Ordinal) || k.Name.Contains("Cut128x64", StringComparison.Ordinal)))];
        Assert.NotEmpty(large);
        Assert.All(large, r => Assert.True(r.Loop is { Share: >= 0.75, LocalAccesses: 0 }, $"{r.Kernel}: {r.Loop}"));
    }

    private static IEnumerable<Row> Assembled(int capability, bool withMix, Func<KernelText, bool>? which = null)
    {
        string device = capability == 75 ? "cuda:1" : "cuda:0"; // ILGPU writes the text of 8.0 for everything newer
        return EveryKernel.Of(device).Where(which ?? (static _ => true)).AsParallel().Select(k => Assemble(k, capability, withMix && IsTiled(k)));
    }

    private static Row Assemble(KernelText kernel, int capability, bool withMix)
    {
        try
        {
            (Assembled code, LoopMix? loop) = Assembler.Assemble(kernel.Ptx, capability, withMix);
            return new Row(kernel.Name, capability, kernel.Threads, code, loop, null);
        }
        catch (InvalidOperationException e)
        {
            return new Row(kernel.Name, capability, kernel.Threads, new Assembled(0, 0, 0, 0), null, e.Message);
        }
    }

    private static bool IsTiled(KernelText kernel) => kernel.Name.Contains("Tile", StringComparison.Ordinal);

    // ---- The table --------------------------------------------------------------------------------------------------

    private sealed record Row(string Kernel, int Capability, int Threads, Assembled Code, LoopMix? Loop, string? Refused)
    {
        public string Text => string.Create(CultureInfo.InvariantCulture, $"| {Kernel} | sm_{Capability} | {Code.Registers} | {Code.Stack} | {Code.Spills} | {Code.Shared} | {Warps} | {Share} |");

        private int Warps => Multiprocessor.Of(Capability).ResidentWarps(Code, Threads);

        private string Share => Loop is { Multiplies: > 0 } loop ? string.Create(CultureInfo.InvariantCulture, $"{loop.Share:P0} {(loop.OnTensorCores ? "HMMA" : "FFMA")} of {loop.Instructions}") : "";
    }

    private static string Table(List<Row> rows)
    {
        var text = new StringBuilder();
        text.Append("# What NVIDIA's assembler makes of the kernels\n\n");
        text.Append("ptxas 12.4 on the PTX that ILGPU writes at O1, for every kernel of the conformance cases and of `configs/`. Made by\n");
        text.Append("`GPUGRAD_WRITE_DOCS=1 ./test Kernels`; the tests hold kernels with tiles to these registers, and every kernel to no stack and no spills.\n\n");
        text.Append("Registers are of a thread, bytes of stack and spills too; shared memory is of a group; warps are those that live on a multiprocessor at once;\n");
        text.Append("the last column, for 8.0, is the innermost loop that multiplies most: the share of FFMA or HMMA among its instructions.\n\n");
        text.Append("| kernel (threads of a group) | for | registers | stack | spills | shared memory | resident warps | innermost loop |\n|---|---|---|---|---|---|---|---|\n");
        foreach (Row row in rows)
            text.Append(row.Text).Append('\n');
        return text.ToString();
    }

    private static IEnumerable<string> Grown(List<Row> rows)
    {
        var ceilings = File.ReadLines(TablePath).Where(l => l.Contains("| sm_", StringComparison.Ordinal)).Select(l => l.Split('|', StringSplitOptions.TrimEntries))
            .GroupBy(c => $"{c[1]} {c[2]}") // kernels may have a name in common: their types are nested in different ones
            .ToDictionary(g => g.Key, g => g.Max(c => int.Parse(c[3], CultureInfo.InvariantCulture)));
        foreach (Row row in rows.Where(r => r.Kernel.Contains("Tile", StringComparison.Ordinal)))
        {
            string key = $"{row.Kernel} sm_{row.Capability}";
            if (!ceilings.TryGetValue(key, out int ceiling))
                yield return $"{key} is not in {TablePath}: GPUGRAD_WRITE_DOCS=1 ./test Kernels";
            else if (row.Code.Registers > ceiling)
                yield return $"{key} takes {row.Code.Registers} registers; {TablePath} allows {ceiling}";
        }
    }
}
