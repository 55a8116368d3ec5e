using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Devices.Host;

namespace GpuGrad.Torture.Tests.Guard;

/// <summary>The copies that all ways of the cpu device share, by themselves: from buffers of exactly what they read to buffers of exactly what they write.</summary>
internal static unsafe class GuardedPieces
{
    /// <summary>Lengths from 0 on.</summary>
    public const int Count = 84;

    private delegate void Piece(float* a, float* b, float* target);

    /// <summary>All of them with a length; gives those with a wrong result.</summary>
    public static IReadOnlyList<string> Run(int length, GuardSide side, Action<string> describe)
    {
        var problems = new List<string>();
        void Check(string name, int a, int b, int target, Piece piece, Func<int, float> expected)
        {
            describe($"{name} of {length}");
            using HostBuffer first = Numbers(a, 0, side), second = Numbers(b, 1000, side), result = Numbers(target, -1, side);
            piece((float*)first.At(0), (float*)second.At(0), (float*)result.At(0));
            int wrong = Enumerable.Range(0, target).FirstOrDefault(i => ((float*)result.At(0))[i] != expected(i), -1);
            if (wrong >= 0 || first.Damage() is not null || result.Damage() is not null)
                problems.Add($"{name}: element {wrong}, {result.Damage() ?? first.Damage()}");
        }
        Check("Copy", length, 0, length, (a, _, t) => Copies.Copy(a, t, length), i => i);
        Check("Fill", 0, 0, length, (_, _, t) => Copies.Fill(t, length, 7), _ => 7);
        Check("Scale", length, 0, length, (a, _, t) => Copies.Scale(a, 2, t, length), i => 2 * i);
        Check("Zip", (length + 1) / 2, length / 2, length, (a, b, t) => Copies.Zip(a, b, t, length), i => (i / 2) + (i % 2 * 1000));
        foreach (int stride in new[] { 1, 2, 3 })
            Check($"Gather by {stride}", length == 0 ? 0 : ((length - 1) * stride) + 1, 0, length, (a, _, t) => Copies.Gather(a, stride, t, length), i => i * stride);
        foreach (int rows in new[] { 1, 3, 16 })
        {
            if (length == 0)
                continue;
            Check($"{rows} rows", rows * length, 0, rows * length, (a, _, t) => Copies.Rows(a, length, t, length, rows, length), i => i);
            Check($"{rows} rows in order", (rows * length) + Copies.Slack - 1, 0, (rows * length) + Copies.Slack - 1, (a, _, t) => InOrder(a, t, rows, length), i => i);
            Check($"Transpose of {rows} rows", rows * length, 0, rows * length, (a, _, t) => Transpose.Run(a, length, t, rows, rows, length), i => (i % rows * length) + (i / rows));
            Check($"Pack of {rows} lines", rows * length, 0, rows * length, (a, _, t) => Factor.OfLines(a, length).Pack(0, rows, rows, 0, length, t), i => (i % rows * length) + (i / rows));
            Check($"Pack of {rows} steps", rows * length, 0, rows * length, (a, _, t) => Factor.OfSteps(a, length).Pack(0, length, length, 0, rows, t), i => i);
        }
        return problems;
    }

    // What is written behind the last row is for the caller to write again.
    private static void InOrder(float* source, float* target, int rows, int length)
    {
        Copies.RowsInOrder(source, length, target, length, rows, length);
        for (int i = rows * length; i < (rows * length) + Copies.Slack - 1; i++)
            target[i] = i;
    }

    private static HostBuffer Numbers(int count, float first, GuardSide side)
    {
        var buffer = new HostBuffer("numbers", (long)count * sizeof(float), side);
        for (int i = 0; i < count; i++)
            ((float*)buffer.At(0))[i] = first < 0 ? first : first + i;
        return buffer;
    }
}
