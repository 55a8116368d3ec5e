namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>Rows and columns of zeros on each side of an image.</summary>
public readonly record struct Padding
{
    /// <exception cref="ArgumentOutOfRangeException">A side is negative.</exception>
    public Padding(int top, int bottom, int left, int right)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        ArgumentOutOfRangeException.ThrowIfNegative(bottom);
        ArgumentOutOfRangeException.ThrowIfNegative(left);
        ArgumentOutOfRangeException.ThrowIfNegative(right);
        (Top, Bottom, Left, Right) = (top, bottom, left, right);
    }

    public int Top { get; }

    public int Bottom { get; }

    public int Left { get; }

    public int Right { get; }

    /// <summary>The same padding on both sides of an axis.</summary>
    public static Padding Symmetric(int vertical, int horizontal) => new(vertical, vertical, horizontal, horizontal);

    /// <summary>
    /// The padding for an output of ⌈size / stride⌉; if it is odd, bottom and right get the extra
    /// row and column, as in PyTorch and TensorFlow.
    /// </summary>
    public static Padding Same((int H, int W) size, (int R, int S) filter, (int H, int W) stride, (int H, int W) dilation)
    {
        int vertical = Needed(size.H, filter.R, stride.H, dilation.H), horizontal = Needed(size.W, filter.S, stride.W, dilation.W);
        return new Padding(vertical / 2, vertical - (vertical / 2), horizontal / 2, horizontal - (horizontal / 2));
    }

    public override string ToString() => $"(top {Top}, bottom {Bottom}, left {Left}, right {Right})";

    private static int Needed(int size, int filter, int stride, int dilation)
    {
        int outputs = (size + stride - 1) / stride;
        return Math.Max(0, checked(((outputs - 1) * stride) + ((filter - 1) * dilation) + 1 - size));
    }
}
