using ILGPU;
using ILGPU.Runtime;
using ILGPU.Util;
using Half = ILGPU.Half;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Structs as values and as arguments, with views and structs inside.</summary>
public sealed class StructTests
{
    internal enum Mode : byte
    {
        Plain,
        Doubled = 2,
    }

    internal struct Complex(float re, float im)
    {
        public float Re = re, Im = im;
        public readonly float Norm => Re * Re + Im * Im;
        public static Complex operator *(Complex a, Complex b) => new(a.Re * b.Re - a.Im * b.Im, a.Re * b.Im + a.Im * b.Re);
        public readonly Complex Conjugate() => this with { Im = -Im };

        public void Turn()
        {
            float t = Re;
            Re = -Im;
            Im = t;
        }
    }

    internal readonly record struct Shape(int Rows, int Columns)
    {
        public int Length => Rows * Columns;
    }

    internal readonly record struct Tensor(ArrayView<float> Data, Shape Shape, byte Tag)
    {
        public ref float At(int row, int column) => ref Data[row * Shape.Columns + column];
    }

    internal struct Everything
    {
        public byte U8;
        public sbyte S8;
        public ushort U16;
        public short S16;
        public long Wide;
        public Mode Mode;
        public Half Small;
        public double Real;
        public (int A, float B) Pair;
        public Float4 Vector;
    }

    internal struct Pair<T> where T : unmanaged
    {
        public T First, Second;
    }

    private static void Transpose(Index1D i, Tensor x, Tensor y, float scale)
    {
        int row = i / x.Shape.Columns, column = i % x.Shape.Columns;
        if (x.Shape.Length == y.Shape.Length && x.Tag == 7)
            y.At(column, row) = x.At(row, column) * scale;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Record_structs_with_views_and_structs_are_arguments(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, Tensor, Tensor, float>(Transpose);
        float[] x = [.. Enumerable.Range(0, 33 * 7).Select(v => (float)v)];
        using var dx = accelerator.Allocate1D(x);
        using var dy = accelerator.Allocate1D<float>(x.Length);
        kernel(x.Length, new Tensor(dx.View, new Shape(33, 7), 7), new Tensor(dy.View, new Shape(7, 33), 1), 2f);
        Assert.Equal(from column in Enumerable.Range(0, 7) from row in Enumerable.Range(0, 33) select x[row * 7 + column] * 2f, dy.GetAsArray1D());
    }

    private static void ReadEverything(Index1D i, Everything e, ArrayView<double> r)
    {
        r[0] = e.U8;
        r[1] = e.S8;
        r[2] = e.U16;
        r[3] = e.S16;
        r[4] = e.Wide;
        r[5] = e.Mode == Mode.Doubled ? 2 : (int)e.Mode;
        r[6] = e.Small;
        r[7] = e.Real;
        r[8] = e.Pair.A + e.Pair.B;
        r[9] = e.Vector.X + 10 * e.Vector.W;
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Fields_of_every_type_arrive_where_the_runtime_laid_them_out(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, Everything, ArrayView<double>>(ReadEverything);
        using var r = accelerator.Allocate1D<double>(10);
        kernel(1, new Everything
        {
            U8 = 200,
            S8 = -5,
            U16 = 65000,
            S16 = -300,
            Wide = -(1L << 40),
            Mode = Mode.Doubled,
            Small = (Half)1.5f,
            Real = Math.PI,
            Pair = (3, 0.5f),
            Vector = new(1, 2, 3, 4),
        }, r.View);
        Assert.Equal([200, -5, 65000, -300, -(1L << 40), 2, 1.5, Math.PI, 3.5, 41], r.GetAsArray1D());
    }

    private static void Compute(Index1D i, ArrayView<Complex> a, ArrayView<Complex> r)
    {
        int n = a.IntLength;
        Complex z = a[i];
        Complex w = z * z.Conjugate();
        w.Turn();
        r[i] = w;
        r[n + i] = default;
        r[n + i].Re = z.Norm;
        Complex copy = z;
        copy.Re = 1;
        Pair<Complex> pair = new() { First = z };
        pair.Second = copy;
        pair.Second.Im += pair.First.Re;
        (pair.First, pair.Second) = (pair.Second, pair.First);
        r[2 * n + i] = pair.First;
        Complex chosen = z.Re > 0 ? pair.First : pair.Second;
        for (int k = 0; k < 5; k++)
            chosen = chosen * z;
        r[3 * n + i] = chosen;
        a[i].Turn();
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Structs_are_values(string device)
    {
        Complex[] values = [.. Enumerable.Range(0, 33).Select(i => new Complex(i * 0.25f - 3, 2 - i * 0.1f))];
        KernelRunner.SameAsEmulated<Complex, Complex>(device, Compute, values, 4 * values.Length);
    }

    private static void Fill2D(Index2D i, ArrayView<int> r, int width) => r[i.Y * width + i.X] = i.X + 100 * i.Y;

    private static void Fill3D(Index3D i, ArrayView<int> r, Index3D extent) => r[(i.Z * extent.Y + i.Y) * extent.X + i.X] = i.X + 100 * i.Y + 10000 * i.Z;

    private static void FillLong(LongIndex1D i, ArrayView<long> r, Index1D shift) => r[i] = i + (1L << shift);

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Kernels_run_over_extents_of_two_three_and_long_dimensions(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        using var plane = accelerator.Allocate1D<int>(33 * 5);
        accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView<int>, int>(Fill2D)(new Index2D(33, 5), plane.View, 33);
        Assert.Equal(from y in Enumerable.Range(0, 5) from x in Enumerable.Range(0, 33) select x + 100 * y, plane.GetAsArray1D());
        using var volume = accelerator.Allocate1D<int>(3 * 7 * 11);
        accelerator.LoadAutoGroupedStreamKernel<Index3D, ArrayView<int>, Index3D>(Fill3D)(new Index3D(3, 7, 11), volume.View, new Index3D(3, 7, 11));
        Assert.Equal(from z in Enumerable.Range(0, 11) from y in Enumerable.Range(0, 7) from x in Enumerable.Range(0, 3) select x + 100 * y + 10000 * z, volume.GetAsArray1D());
        using var line = accelerator.Allocate1D<long>(257);
        accelerator.LoadAutoGroupedStreamKernel<LongIndex1D, ArrayView<long>, Index1D>(FillLong)(257L, line.View, 40);
        Assert.Equal(Enumerable.Range(0, 257).Select(v => v + (1L << 40)), line.GetAsArray1D());
    }

    private static void Strided(Index1D i, ArrayView1D<float, Stride1D.Dense> x, ArrayView<float> y, ArrayView<byte> bytes)
    {
        ArrayView<float> tail = y.SubView(1, y.IntLength - 1);
        tail[i] = x[i] + tail.IntLength + (x.IntLength == x.Length ? 0.5f : 0f);
        bytes.SubView(4L * i.X, 4).Cast<uint>()[0] = Interop.FloatAsInt(x[i]);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Views_are_cut_and_cast_in_kernels(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView1D<float, Stride1D.Dense>, ArrayView<float>, ArrayView<byte>>(Strided);
        float[] x = [1, 2, 3];
        using var dx = accelerator.Allocate1D(x);
        using var dy = accelerator.Allocate1D<float>(8);
        using var bytes = accelerator.Allocate1D<byte>(12);
        dy.MemSetToZero();
        kernel(3, dx.View, dy.View.SubView(2, 4), bytes.View);
        Assert.Equal([0, 0, 0, 4.5f, 5.5f, 6.5f, 0, 0], dy.GetAsArray1D());
        Assert.Equal(x, ((ArrayView<byte>)bytes.View).Cast<float>().GetAsArray());
    }
}
