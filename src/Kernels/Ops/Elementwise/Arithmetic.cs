using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Elementwise;

/// <summary>a + b. Its gradient passes unchanged to both inputs.</summary>
public sealed record Add() : MapOp<Add.Map>
{
    public override void Differentiate(Backprop b)
    {
        for (int i = 0; i < 2; i++)
        {
            if (b.Needs(i))
                b.Give(i, b.Gradient());
        }
    }

    public readonly struct Map : IMap
    {
        public static int Inputs => 2;

        public static int Flops => 1;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => a + b;
    }
}

/// <summary>a · b. The gradient of each input is the incoming gradient times the other input.</summary>
public sealed record Multiply() : MapOp<Multiply.Map>
{
    public override void Differentiate(Backprop b)
    {
        for (int i = 0; i < 2; i++)
        {
            if (b.Needs(i))
                b.Give(i, b.Graph.Add(new Multiply(), b.Gradient(), b.Input(1 - i)));
        }
    }

    public readonly struct Map : IMap
    {
        public static int Inputs => 2;

        public static int Flops => 1;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => a * b;
    }
}

/// <summary>a · constant.</summary>
public sealed record Scale(double Factor) : MapOp<Scale.Map>(Factor)
{
    public override void Differentiate(Backprop b) => b.Give(0, b.Graph.Add(new Scale(Factor), b.Gradient()));

    public readonly struct Map : IMap
    {
        public static int Inputs => 1;

        public static int Flops => 1;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => a * constant;
    }
}

/// <summary>A copy in its own memory, for a view or an input of the graph that needs a place (see <see cref="Graph.Place"/>).</summary>
public sealed record Copy() : MapOp<Copy.Map>
{
    public override void Differentiate(Backprop b) => b.Give(0, b.Gradient());

    public readonly struct Map : IMap
    {
        public static int Inputs => 1;

        public static int Flops => 0;

        public static R Apply<R>(R a, R b, R c, R constant) where R : struct, IReal<R> => a;
    }
}
