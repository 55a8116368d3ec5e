using GpuGrad.Kernels.Numerics;
using ILGPU.Util;

namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>An operand whose elements are rounded (to tf32 or bf16) when they are loaded.</summary>
internal readonly struct Rounded<A, R>(A values) : IOperand where A : struct, IOperand where R : struct, IRounding
{
    public static bool AlongK => A.AlongK;

    public static bool HasBeside => A.HasBeside;

    public Place Find(int group, int i) => values.Find(group, i);

    public float At(Place place, int k) => R.Round(values.At(place, k));

    public Float4 Load(Place place, int k) => Each(values.Load(place, k));

    public Float4 Beside(Place place, int k) => Each(values.Beside(place, k));

    private static Float4 Each(Float4 four) => new(R.Round(four.X), R.Round(four.Y), R.Round(four.Z), R.Round(four.W));
}
