using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Gemm;
using ILGPU;
using ILGPU.Util;

namespace GpuGrad.Kernels.Ops.Recurrence;

/// <summary>One step of a tensor [N, T, columns] as an operand: row i is sample i.</summary>
internal readonly struct StepRows(ArrayView<float> values, int samples, int stride, int offset, int columns, int aligned) : IOperand
{
    public static bool AlongK => true;

    public static bool HasBeside => false;

    /// <param name="values">The tensor.</param>
    /// <param name="steps">T.</param>
    /// <param name="step">The step.</param>
    /// <param name="columns">Elements per step.</param>
    /// <param name="aligned">Whether the tensor is aligned to 16 bytes.</param>
    public static StepRows Of(ArrayView<float> values, int steps, int step, int columns, bool aligned) =>
        new(values, values.IntLength / (steps * columns), steps * columns, step * columns, columns, aligned && columns % 4 == 0 ? 1 : 0);

    public Place Find(int group, int i) => new(((i < samples ? i : 0) * stride) + offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float At(Place place, int k) => k < columns ? values[place.At + k] : 0f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Float4 Load(Place place, int k) => aligned == 0 ? Fours.Of(this, place, k) : k < columns ? values.Cast<Float4>()[(place.At + k) >> 2] : Fours.Zero;

    public Float4 Beside(Place place, int k) => Fours.Zero;
}

/// <summary>The first numbers of one step of a tensor [N, T, width] as the result of a GEMM: row m is sample m.</summary>
internal readonly struct StepResult(ArrayView<float> values, int stride, int offset, int aligned) : IResult
{
    public bool HasFours => aligned != 0;

    /// <param name="values">The tensor.</param>
    /// <param name="steps">T.</param>
    /// <param name="step">The step.</param>
    /// <param name="width">Elements per step.</param>
    /// <param name="aligned">Whether the tensor is aligned to 16 bytes.</param>
    public static StepResult Of(ArrayView<float> values, int steps, int step, int width, bool aligned) =>
        new(values, steps * width, step * width, aligned && width % 4 == 0 ? 1 : 0);

    public void Store(int group, int part, int m, int n, float sum) => values[(m * stride) + offset + n] = sum;

    public void StoreFour(int group, int part, int m, int n, Float4 sums) => values.Cast<Float4>()[((m * stride) + offset + n) >> 2] = sums;
}

/// <summary>Adds the GEMM of a step to a plan; the weights are input <c>weights</c>, [rows, columns].</summary>
internal static class KernelStepGemm
{
    /// <summary>state · Wᵀ.</summary>
    public static void AddByRows(KernelBinding b, int weights, int m, int n, int k, StepRows state, StepResult result)
    {
        if (IsAligned(b, weights))
            KernelGemm.Add(b, m, n, k, 1, state, new AlignedRows(b.In(weights), n, k), result);
        else
            KernelGemm.Add(b, m, n, k, 1, state, new Rows(b.In(weights), n, k), result);
    }

    /// <summary>state · W.</summary>
    public static void AddByColumns(KernelBinding b, int weights, int m, int n, int k, StepRows state, StepResult result)
    {
        if (IsAligned(b, weights))
            KernelGemm.Add(b, m, n, k, 1, state, new AlignedColumns(b.In(weights), k, n), result);
        else
            KernelGemm.Add(b, m, n, k, 1, state, new Columns(b.In(weights), k, n), result);
    }

    private static bool IsAligned(KernelBinding b, int weights) => b.InShape(weights)[1] % 4 == 0 && b.IsAligned(weights);
}
