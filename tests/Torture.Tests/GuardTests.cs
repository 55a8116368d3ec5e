using GpuGrad.Tests.Support;
using GpuGrad.Torture.Tests.Guard;

namespace GpuGrad.Torture.Tests;

/// <summary>Nothing on the cpu device reads or writes a byte outside its buffer: every buffer borders on an inaccessible page.</summary>
public sealed class GuardTests
{
    [Theory]
    [InlineData("conformance")]
    [InlineData("networks")]
    [InlineData("pieces")]
    [InlineData("steps")]
    public void Nothing_is_touched_outside_a_buffer_and_what_nobody_wrote_decides_nothing(string kind)
    {
        IReadOnlyList<GuardedRun> runs = GuardedRun.All;
        // Ops and networks run with every guard side and vector width; random steps, of which there are always more, are divided among these.
        bool shared = kind == "steps";
        int cases = shared ? Effort.Count(300, 10_000) : GuardedCases.Count(kind);
        var faults = new List<string>();
        Parallel.For(0, runs.Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
        {
            IReadOnlyList<string> found = runs[i].Run(kind, shared ? i : 0, cases, shared ? runs.Count : 1);
            lock (faults)
                faults.AddRange(found);
        });
        Effort.Report($"guard-{kind}", $"{cases} cases of {kind} on {runs.Count} combinations of side and width: {faults.Count} faults");
        Assert.True(faults.Count == 0, $"{faults.Count} faults\n{string.Join("\n", faults)}");
    }
}
