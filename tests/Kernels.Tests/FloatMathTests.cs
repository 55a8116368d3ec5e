using System.Globalization;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>
/// The vector functions of floats against <see cref="Math"/> in double, over an even sample of all floats: normal and
/// subnormal, both signs, both infinities, NaN. The bounds are the ones that <c>FloatMath</c> promises.
/// </summary>
public sealed unsafe class FloatMathTests
{
    private const int Lanes = 16;

    // Prime, so that no pattern of low bits is left out; eight million floats. With 1 it is all of them, in five minutes.
    private const uint Stride = 509;

    public enum Function
    {
        Exp,
        Log,
        Tanh,
        Erf,
    }

    [Theory]
    [InlineData(Function.Exp, 1.1)]
    [InlineData(Function.Log, 2.5)]
    [InlineData(Function.Tanh, 1.35)]
    [InlineData(Function.Erf, 2.5)]
    public void Errors_stay_within_the_promised_units_in_the_last_place(Function function, double bound)
    {
        (double worst, float at) = (0, 0);
        float* x = stackalloc float[Lanes], y = stackalloc float[Lanes];
        for (ulong bits = 0; bits < 1UL << 32; bits += Stride * Lanes)
        {
            for (int i = 0; i < Lanes; i++)
                x[i] = BitConverter.UInt32BitsToSingle((uint)(bits + ((ulong)i * Stride)));
            Apply<V512>(function, x, y);
            for (int i = 0; i < Lanes; i++)
            {
                double error = UnitsApart(Exact(function, x[i]), y[i]);
                if (!(error <= worst))
                    (worst, at) = (error, x[i]);
            }
        }
        Assert.True(worst <= bound, string.Create(CultureInfo.InvariantCulture, $"{function}: {worst:F3} ulp at {at:G9}, expected at most {bound}"));
    }

    [Theory]
    [InlineData(Function.Exp)]
    [InlineData(Function.Log)]
    [InlineData(Function.Tanh)]
    [InlineData(Function.Erf)]
    public void All_vector_widths_give_the_same_bits(Function function)
    {
        float* x = stackalloc float[Lanes], y = stackalloc float[3 * Lanes];
        for (ulong bits = 0; bits < 1UL << 32; bits += Stride * Lanes)
        {
            for (int i = 0; i < Lanes; i++)
                x[i] = BitConverter.UInt32BitsToSingle((uint)(bits + ((ulong)i * Stride)));
            Apply<V512>(function, x, y);
            Apply<V256>(function, x, y + Lanes);
            Apply<V128>(function, x, y + (2 * Lanes));
            for (int i = 0; i < Lanes; i++)
            {
                if (!Same(y[i], y[Lanes + i]) || !Same(y[i], y[(2 * Lanes) + i]))
                    Assert.Fail(FormattableString.Invariant($"{function}({x[i]:G9}) is {y[i]:G9}, {y[Lanes + i]:G9} and {y[(2 * Lanes) + i]:G9}"));
            }
        }
    }

    [Theory]
    [InlineData(Function.Exp, float.NaN, float.NaN)]
    [InlineData(Function.Exp, float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(Function.Exp, float.NegativeInfinity, 0f)]
    [InlineData(Function.Exp, 0f, 1f)]
    [InlineData(Function.Exp, 1e-45f, 1f)]
    [InlineData(Function.Exp, 88.72284f, float.PositiveInfinity)]
    [InlineData(Function.Exp, 88.72283f, 3.4027985e38f)]
    [InlineData(Function.Exp, -103.9f, 1e-45f)]
    [InlineData(Function.Exp, -104.1f, 0f)]
    [InlineData(Function.Log, float.NaN, float.NaN)]
    [InlineData(Function.Log, -1f, float.NaN)]
    [InlineData(Function.Log, 0f, float.NegativeInfinity)]
    [InlineData(Function.Log, 1f, 0f)]
    [InlineData(Function.Log, 1e-45f, -103.27893f)]
    [InlineData(Function.Log, float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(Function.Tanh, float.NaN, float.NaN)]
    [InlineData(Function.Tanh, float.PositiveInfinity, 1f)]
    [InlineData(Function.Tanh, float.NegativeInfinity, -1f)]
    [InlineData(Function.Tanh, 1e-45f, 1e-45f)]
    [InlineData(Function.Tanh, 0f, 0f)]
    [InlineData(Function.Erf, float.NaN, float.NaN)]
    [InlineData(Function.Erf, float.PositiveInfinity, 1f)]
    [InlineData(Function.Erf, float.NegativeInfinity, -1f)]
    [InlineData(Function.Erf, 0f, 0f)]
    public void The_ends_of_the_range_come_out_right(Function function, float x, float expected)
    {
        float* xs = stackalloc float[Lanes], ys = stackalloc float[Lanes];
        new Span<float>(xs, Lanes).Fill(x);
        Apply<V512>(function, xs, ys);
        Assert.Equal(expected, ys[0]);
        Assert.Equal(expected, ys[Lanes - 1]);
    }

    private static void Apply<V>(Function function, float* x, float* y) where V : struct, IVector<V>
    {
        for (int i = 0; i < Lanes; i += V.Lanes)
        {
            V v = V.Load(x + i);
            V result = function switch
            {
                Function.Exp => V.Exp(v),
                Function.Log => V.Log(v),
                Function.Tanh => V.Tanh(v),
                _ => V.Erf(v),
            };
            result.Store(y + i);
        }
    }

    private static bool Same(float a, float b) =>
        BitConverter.SingleToUInt32Bits(a) == BitConverter.SingleToUInt32Bits(b) || (float.IsNaN(a) && float.IsNaN(b));

    // A loop takes wide vectors, then narrower ones, then what is left: which of them an element meets must not show.
    [Fact]
    public void An_element_has_the_same_bits_wherever_it_stands_in_a_loop()
    {
        const int Count = 61;
        var random = new RandomStream(7, Purpose.Explore);
        float* x = stackalloc float[Count], dy = stackalloc float[Count], y = stackalloc float[Count];
        foreach (Activation activation in Activation.All)
        {
            var graph = new Graph();
            Tensor input = graph.Persistent("x", new TensorType(new Shape(1))), loss = graph.Add(activation.Forward(activation.Default), input);
            graph.Differentiate(loss, [input]);
            foreach (MapOp op in graph.Nodes.Select(n => n.Op).OfType<MapOp>())
            {
                for (int round = 0; round < 50; round++)
                {
                    for (int i = 0; i < Count; i++)
                        (x[i], dy[i]) = ((float)(random.NextNormal() * Math.Pow(10, (round % 5) - 2)), (float)random.NextNormal());
                    op.ApplyCpu(dy, x, x, y, Count);
                    for (int i = 0; i < Count; i++)
                    {
                        float alone;
                        op.ApplyCpu(dy + i, x + i, x + i, &alone, 1);
                        Assert.True(BitConverter.SingleToInt32Bits(alone) == BitConverter.SingleToInt32Bits(y[i]), $"{op.Name} of {dy[i]:R} and {x[i]:R} at {i}: {y[i]:R}, alone {alone:R}");
                    }
                }
            }
        }
    }

    private static double Exact(Function function, double x) => function switch
    {
        Function.Exp => Math.Exp(x),
        Function.Log => Math.Log(x),
        Function.Tanh => Math.Tanh(x),
        _ => ErrorFunction.Erf(x),
    };

    // In units of the last place that a float of the exact result's size has; 0 where both are the same special value.
    private static double UnitsApart(double exact, float actual)
    {
        float rounded = (float)exact;
        if (float.IsNaN(rounded) || float.IsInfinity(rounded) || !float.IsFinite(actual))
            return rounded.Equals(actual) ? 0 : double.PositiveInfinity;
        double unit = Math.Max(Math.ScaleB(1, -149), Math.ScaleB(1, Math.ILogB(exact == 0 ? 1e-300 : exact) - 23));
        return Math.Abs(exact - actual) / unit;
    }
}
