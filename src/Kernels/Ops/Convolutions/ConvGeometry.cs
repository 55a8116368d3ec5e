using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>Stride, padding and dilation of an R×S filter over an H×W image; computes and checks output sizes.</summary>
/// <remarks>Create it with <c>new ConvGeometry { Stride = (2, 2), … }</c>; <c>default</c> has a stride of 0 and is refused.</remarks>
public readonly record struct ConvGeometry()
{
    /// <summary>Pixels between the windows of neighbouring outputs.</summary>
    public (int H, int W) Stride { get; init => field = Positive(value, nameof(Stride)); } = (1, 1);

    public Padding Padding { get; init; }

    /// <summary>Pixels between neighbouring elements of the filter.</summary>
    public (int H, int W) Dilation { get; init => field = Positive(value, nameof(Dilation)); } = (1, 1);

    /// <summary>Number of groups that channels and filters are split into; a filter sees only the channels of its group.</summary>
    public int Groups
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value, nameof(Groups));
            field = value;
        }
    } = 1;

    /// <summary>P×Q of a convolution: ⌊(H + padding - dilation·(R-1) - 1) / stride⌋ + 1, and likewise for the width.</summary>
    /// <exception cref="ShapeException">The filter is larger than the padded input.</exception>
    public (int P, int Q) Output((int H, int W) input, (int R, int S) filter)
    {
        (int h, int w) = checked((input.H + Padding.Top + Padding.Bottom, input.W + Padding.Left + Padding.Right));
        RequireInitialised();
        (int r, int s) = Reach(filter);
        Expect.That(
            r <= h && s <= w,
            $"The kernel of {Sizes(filter, (r, s))} is larger than the padded input of {h}x{w}; expected at most that. "
            + "Use a smaller kernel, less dilation or more padding.");
        return (((h - r) / Stride.H) + 1, ((w - s) / Stride.W) + 1);
    }

    /// <summary>
    /// H×W of a transposed convolution: (P-1)·stride - padding + dilation·(R-1) + 1 + extra, and likewise for the width. The extra
    /// rows and columns (PyTorch's output_padding) choose among the input sizes from which a strided convolution gives P×Q.
    /// </summary>
    /// <exception cref="ShapeException">The output would be empty, or the extra is not below the stride.</exception>
    public (int H, int W) TransposedOutput((int P, int Q) input, (int R, int S) filter, (int H, int W) extra = default)
    {
        RequireInitialised();
        (int r, int s) = Reach(filter);
        Expect.That(
            extra.H >= 0 && extra.W >= 0 && extra.H < Stride.H && extra.W < Stride.W,
            $"The output padding is {extra.H}x{extra.W}, expected at least 0 and less than the stride, {Stride.H}x{Stride.W}.");
        int h = checked(((input.P - 1) * Stride.H) - Padding.Top - Padding.Bottom + r + extra.H);
        int w = checked(((input.Q - 1) * Stride.W) - Padding.Left - Padding.Right + s + extra.W);
        Expect.That(
            h > 0 && w > 0,
            $"A transposed convolution of an input of {input.P}x{input.Q} with a kernel of {Sizes(filter, (r, s))} and padding {Padding} "
            + $"leaves {h}x{w}, expected at least 1x1. Use less padding.");
        return (h, w);
    }

    /// <summary>Checks that channels and filters can be split into <see cref="Groups"/>.</summary>
    internal void RequireGroups(int channels, int filters)
    {
        RequireInitialised();
        Expect.That(channels % Groups == 0, $"{channels} channels cannot be cut into {Groups} groups; expected a multiple.");
        Expect.That(filters % Groups == 0, $"{filters} filters cannot be cut into {Groups} groups; expected a multiple.");
    }

    private void RequireInitialised() =>
        Expect.That(Stride.H > 0, "A ConvGeometry was not initialised: its stride is 0, expected at least 1. Make it with new ConvGeometry { … }.");

    private (int R, int S) Reach((int R, int S) filter) =>
        checked((((filter.R - 1) * Dilation.H) + 1, ((filter.S - 1) * Dilation.W) + 1));

    private static string Sizes((int R, int S) filter, (int R, int S) reach) =>
        filter == reach ? $"{filter.R}x{filter.S}" : $"{filter.R}x{filter.S} ({reach.R}x{reach.S} with its dilation)";

    private static (int, int) Positive((int H, int W) value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value.H, name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value.W, name);
        return value;
    }
}

/// <summary>All sizes of a convolution: x [N, C, H, W], w [K, C/groups, R, S], y [N, K, P, Q].</summary>
internal readonly record struct ConvSizes(ConvGeometry Geometry, int N, int C, int H, int W, int K, int R, int S, int P, int Q)
{
    /// <summary>Number of channels per group: those that a filter sees.</summary>
    public int GroupC => C / Geometry.Groups;

    /// <summary>Number of filters per group.</summary>
    public int GroupK => K / Geometry.Groups;

    public Shape X => new(N, C, H, W);

    public Shape Weights => new(K, GroupC, R, S);

    public Shape Y => new(N, K, P, Q);

    /// <summary>Two FLOP (multiply and add) for each output, channel of its group and element of the filter.</summary>
    public double Flops => 2.0 * N * K * P * Q * GroupC * R * S;

    /// <summary>Sizes from input and weights.</summary>
    public static ConvSizes OfForward(ConvGeometry g, TensorType x, TensorType w)
    {
        Expect.Rank(x, 4, "x", "[N, C, H, W]");
        Expect.Rank(w, 4, "w", "[K, C/groups, R, S]");
        g.RequireGroups(x.Shape[1], w.Shape[0]);
        Expect.Shape(w, new Shape(w.Shape[0], x.Shape[1] / g.Groups, w.Shape[2], w.Shape[3]), "w");
        return Of(g, x.Shape, w.Shape[0], w.Shape[2], w.Shape[3]);
    }

    /// <summary>Sizes from output, weights and the height and width of the input.</summary>
    public static ConvSizes OfTransposed(ConvGeometry g, TensorType y, TensorType w, int height, int width)
    {
        Expect.Rank(y, 4, "x", "[N, K, P, Q]");
        Expect.Rank(w, 4, "w", "[K, C/groups, R, S]");
        Expect.That(w.Shape[0] == y.Shape[1], $"'w' has shape {w.Shape}, expected {y.Shape[1]} as its first size: the channels of 'x' {y.Shape}.");
        int channels = checked(w.Shape[1] * g.Groups);
        g.RequireGroups(channels, y.Shape[1]);
        ConvSizes sizes = Of(g, new Shape(y.Shape[0], channels, height, width), w.Shape[0], w.Shape[2], w.Shape[3]);
        Expect.Shape(y, sizes.Y, "x");
        return sizes;
    }

    /// <summary>Sizes from input, output and the height and width of the filter.</summary>
    public static ConvSizes OfWeightGradient(ConvGeometry g, TensorType x, TensorType y, int r, int s)
    {
        Expect.Rank(x, 4, "x", "[N, C, H, W]");
        Expect.Rank(y, 4, "dy", "[N, K, P, Q]");
        g.RequireGroups(x.Shape[1], y.Shape[1]);
        ConvSizes sizes = Of(g, x.Shape, y.Shape[1], r, s);
        Expect.Shape(y, sizes.Y, "dy");
        return sizes;
    }

    private static ConvSizes Of(ConvGeometry g, Shape x, int filters, int r, int s)
    {
        (int p, int q) = g.Output((x[2], x[3]), (r, s));
        return new ConvSizes(g, x[0], x[1], x[2], x[3], filters, r, s, p, q);
    }
}
