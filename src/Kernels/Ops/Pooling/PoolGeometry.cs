using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Pooling;

/// <summary>Stride and padding of an R×S window over an H×W image.</summary>
/// <remarks>A signal is an image of height 1 with a window of height 1. The window may be the whole image: global pooling.</remarks>
public readonly record struct PoolGeometry
{
    /// <param name="window">Rows and columns of the window.</param>
    public PoolGeometry((int R, int S) window)
    {
        Positive(window, nameof(window));
        (Window, Stride) = (window, window);
    }

    /// <summary>Rows and columns of the window.</summary>
    public (int R, int S) Window { get; }

    /// <summary>Stride in pixels; the window's size by default, so that windows do not overlap.</summary>
    public (int H, int W) Stride
    {
        get;
        init
        {
            Positive(value, nameof(Stride));
            field = value;
        }
    }

    /// <summary>Padding, less than the window on each side, so that every window contains a pixel.</summary>
    public Padding Padding { get; init; }

    /// <summary>The type for a position in the window (or a number of positions).</summary>
    internal ElementType PlaceType => Window.R * Window.S <= byte.MaxValue ? ElementType.Byte : ElementType.Int32;

    /// <summary>P×Q: ⌊(H + padding - R) / stride⌋ + 1, and likewise for the width.</summary>
    /// <exception cref="ShapeException">The window is larger than the padded input, or the padding as large as the window.</exception>
    public (int P, int Q) Output((int H, int W) input)
    {
        Expect.That(Window.R > 0, "A PoolGeometry was not initialised: its window is 0x0, expected at least 1x1.");
        Expect.That(
            Math.Max(Padding.Top, Padding.Bottom) < Window.R && Math.Max(Padding.Left, Padding.Right) < Window.S,
            $"The padding of a pooling is {Padding}, expected less than its window of {Window.R}x{Window.S} on each side.");
        return new ConvGeometry { Stride = Stride, Padding = Padding }.Output(input, Window);
    }

    private static void Positive((int H, int W) value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value.H, name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value.W, name);
    }
}

/// <summary>Sizes of a pooling: x [N, C, H, W], y [N, C, P, Q].</summary>
internal readonly record struct PoolSizes(PoolGeometry Geometry, int N, int C, int H, int W, int P, int Q)
{
    public int Planes => checked(N * C);

    public Shape X => new(N, C, H, W);

    public Shape Y => new(N, C, P, Q);

    /// <summary>Whether a single window covers the whole image.</summary>
    public bool IsGlobal => Geometry.Window == (H, W) && Geometry.Padding == default;

    public static PoolSizes Of(PoolGeometry g, TensorType x)
    {
        Expect.Rank(x, 4, "x", "[N, C, H, W]");
        Expect.Element(x, ElementType.Real, "x");
        (int p, int q) = g.Output((x.Shape[2], x.Shape[3]));
        return new PoolSizes(g, x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], p, q);
    }

    /// <summary>Sizes from the output and the height and width of the input.</summary>
    public static PoolSizes OfGradient(PoolGeometry g, TensorType dy, int height, int width)
    {
        Expect.Rank(dy, 4, "dy", "[N, C, P, Q]");
        PoolSizes sizes = Of(g, new TensorType(new Shape(dy.Shape[0], dy.Shape[1], height, width)));
        Expect.Shape(dy, sizes.Y, "dy");
        return sizes;
    }

    /// <summary>The rows of the image in the windows of output row p.</summary>
    public (int Begin, int End) RowsOf(int p) => Clip((p * Geometry.Stride.H) - Geometry.Padding.Top, Geometry.Window.R, H);

    /// <summary>The columns of the image in the windows of output column q.</summary>
    public (int Begin, int End) ColumnsOf(int q) => Clip((q * Geometry.Stride.W) - Geometry.Padding.Left, Geometry.Window.S, W);

    /// <summary>Position in the window (p, q) of the pixel (h, w), in scan order.</summary>
    public int PlaceOf(int p, int q, int h, int w) =>
        ((h + Geometry.Padding.Top - (p * Geometry.Stride.H)) * Geometry.Window.S) + w + Geometry.Padding.Left - (q * Geometry.Stride.W);

    private static (int Begin, int End) Clip(int first, int length, int size) => (Math.Max(0, first), Math.Min(size, first + length));
}
