using ILGPU;
using ILGPU.Algorithms;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Static abstract members, generic structs and methods, and what is decided at compile time.</summary>
public sealed class GenericTests
{
    internal interface IReal<R> where R : struct, IReal<R>
    {
        static abstract R operator +(R a, R b);
        static abstract R operator *(R a, R b);
        static abstract R Exp(R x);
        static abstract R Of(float x);
        static virtual R Twice(R x) => x + x;
    }

    internal interface IActivation
    {
        static abstract R Forward<R>(R x, R alpha) where R : struct, IReal<R>;
        static abstract int Code { get; }
    }

    internal readonly struct F32(float value) : IReal<F32>
    {
        public readonly float Value = value;
        public static F32 operator +(F32 a, F32 b) => new(a.Value + b.Value);
        public static F32 operator *(F32 a, F32 b) => new(a.Value * b.Value);
        static F32 IReal<F32>.Exp(F32 x) => new(XMath.Exp(x.Value));
        public static F32 Of(float x) => new(x);
    }

    internal readonly struct Dual(float value, float slope) : IReal<Dual>
    {
        public readonly float Value = value, Slope = slope;
        public static Dual operator +(Dual a, Dual b) => new(a.Value + b.Value, a.Slope + b.Slope);
        public static Dual operator *(Dual a, Dual b) => new(a.Value * b.Value, a.Slope * b.Value + a.Value * b.Slope);

        public static Dual Exp(Dual x)
        {
            float e = XMath.Exp(x.Value);
            return new(e, e * x.Slope);
        }

        public static Dual Of(float x) => new(x, 0);
        public static Dual Twice(Dual x) => new(2 * x.Value, 2 * x.Slope);
    }

    internal readonly struct Swoosh : IActivation
    {
        public static int Code => 7;
        public static R Forward<R>(R x, R alpha) where R : struct, IReal<R> => R.Exp(x) * alpha + R.Twice(x) + R.Of(0.5f);
    }

    internal readonly struct Linear : IActivation
    {
        public static int Code => 3;
        public static R Forward<R>(R x, R alpha) where R : struct, IReal<R> => x * alpha;
    }

    private static void Map<A>(Index1D i, ArrayView<float> x, ArrayView<float> y) where A : struct, IActivation =>
        y[i] = A.Forward(new F32(x[i]), new F32(0.1f)).Value + A.Code;

    private static void Slope<A>(Index1D i, ArrayView<float> x, ArrayView<float> y) where A : struct, IActivation =>
        y[i] = A.Forward(new Dual(x[i], 1), Dual.Of(0.1f)).Slope;

    private static readonly float[] Values = [.. Enumerable.Range(0, 33).Select(i => i * 0.3f - 4)];

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Static_abstract_members_are_resolved_generic_ones_too(string device)
    {
        KernelRunner.SameAsEmulated<float, float>(device, Map<Swoosh>, Values, Values.Length);
        KernelRunner.SameAsEmulated<float, float>(device, Map<Linear>, Values, Values.Length);
        KernelRunner.SameAsEmulated<float, float>(device, Slope<Swoosh>, Values, Values.Length);
        KernelRunner.SameAsEmulated<float, float>(device, Slope<Linear>, Values, Values.Length);
    }

    internal interface ITransform
    {
        float Apply(float x);
    }

    internal readonly struct Affine(float scale, float shift) : ITransform
    {
        public float Apply(float x) => x * scale + shift;
    }

    internal struct Counting : ITransform
    {
        private float count;
        public float Apply(float x) => x + count++;
    }

    private static float Use<T>(ref T transform, float x) where T : struct, ITransform => transform.Apply(x) + transform.Apply(x);

    private static void Instances(Index1D i, ArrayView<float> x, ArrayView<float> y)
    {
        Affine affine = new(2, 3);
        Counting counting = default;
        y[i] = Use(ref affine, x[i]) + Use(ref counting, x[i]) + Use(ref counting, 1);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Interface_methods_of_struct_type_parameters_are_resolved(string device) =>
        KernelRunner.SameAsEmulated<float, float>(device, Instances, Values, Values.Length);

    private static readonly int Offset = 5;
    private const float Scale = 1.5f;
    private static readonly (int A, float B) Constants = (2, 0.25f);

    private static int Kind<T>() where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            return 1;
        if (typeof(T) == typeof(byte))
            throw new NotSupportedException("never compiled for float");
        return Interop.SizeOf<T>();
    }

    private static unsafe void CompileTime(Index1D i, ArrayView<float> x, ArrayView<float> y) =>
        y[i] = x[i] * Scale + Offset + Constants.A * Constants.B + 100 * Kind<float>() + 1000 * Kind<long>() + 10000 * sizeof(Dual);

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Readonly_fields_types_and_sizes_are_constants(string device) =>
        KernelRunner.SameAsEmulated<float, float>(device, CompileTime, Values, Values.Length);

    [Fact]
    public void Branches_for_other_types_vanish()
    {
        string ptx = ILGPU.Bundled.KernelInspection.ToPtx((Action<Index1D, ArrayView<float>, ArrayView<float>>)CompileTime);
        Assert.Single(ptx.Split('\n'), line => line.Contains("bra", StringComparison.Ordinal));
    }
}
