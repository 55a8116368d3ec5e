using GpuGrad.Kernels.Devices.Cpu.Gemm;

namespace GpuGrad.Kernels.Tests;

public sealed unsafe class FactorTests
{
    private const float Untouched = -1;

    [Fact]
    public void A_panel_of_any_width_holds_its_lines_and_nothing_is_written_past_its_last_step()
    {
        foreach (int lines in new[] { 1, 2, 4, 15, 16, 40 })
        {
            foreach (int width in new[] { 1, 2, 3, 7, 8, 12, 16, 17, 32 })
            {
                foreach (int steps in new[] { 1, 2, 11, 64 })
                {
                    for (int count = 1; count <= Math.Min(width, lines); count += 3)
                        Check(lines, count, width, steps);
                }
            }
        }
    }

    private static void Check(int lines, int count, int width, int steps)
    {
        float[] source = [.. Enumerable.Range(0, steps * lines).Select(i => (float)i)], panel = new float[(steps * width) + 32];
        Array.Fill(panel, Untouched);
        int first = lines - count;
        fixed (float* from = source, to = panel)
            Factor.OfSteps(from, lines).Pack(first, count, width, 0, steps, to);
        for (int step = 0; step < steps; step++)
            Assert.Equal(source.AsSpan((step * lines) + first, count), panel.AsSpan(step * width, count));
        Assert.True(!panel.AsSpan(steps * width).ContainsAnyExcept(Untouched), $"{count} of {lines} lines, width {width}, {steps} steps: written behind the panel.");
    }
}
