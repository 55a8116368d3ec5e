using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// One channel of one image, packed with its padding so that output (p, q) of a 3×3 filter reads rows p·step to p·step + 2
/// and columns q·step to q·step + 2, whole vectors of outputs at a time.
/// </summary>
internal sealed unsafe class DepthwisePlane
{
    private readonly (int H, int W) source;
    private readonly (int H, int W) first; // position of pixel (0, 0)
    private readonly int apart;            // distance between neighbouring pixels, with zeros between them
    private readonly int rows;

    private DepthwisePlane((int H, int W) source, (int H, int W) first, int apart, int step, (int P, int Q) target)
    {
        (this.source, this.first, this.apart) = (source, first, apart);
        (Step, Target) = (step, target);
        Lanes = Simd.Lanes;
        while (Lanes > 4 && Lanes / 2 >= target.Q)
            Lanes /= 2;
        Columns = (target.Q + Lanes - 1) / Lanes * Lanes;
        rows = ((target.P - 1) * step) + 3;
        Pitch = (Columns * step) + 2;
        Floats = checked(rows * Pitch);
    }

    /// <summary>Outputs per vector: the narrowest vector that holds a row, so that small images waste little.</summary>
    public int Lanes { get; }

    /// <summary>Pixels between neighbouring outputs, 1 or 2.</summary>
    public int Step { get; }

    public (int P, int Q) Target { get; }

    /// <summary>Outputs per row, rounded up to whole vectors.</summary>
    public int Columns { get; }

    /// <summary>Row stride in floats.</summary>
    public int Pitch { get; }

    public int Floats { get; }

    /// <summary>Whether these loops support the convolution: undilated 3×3 filters, one channel per group, stride 1 or 2.</summary>
    public static bool Suits(ConvSizes z) =>
        z.GroupC == 1 && z.GroupK == 1 && (z.R, z.S) == (3, 3) && z.Geometry.Dilation == (1, 1) && z.Geometry.Stride is (1, 1) or (2, 2)
        && z.Geometry.Padding is { Top: <= 2, Left: <= 2 } && (long)(z.H + 4) * (z.W + 32) <= MostFloats;

    /// <summary>The layout of x for a convolution.</summary>
    public static DepthwisePlane Forward(ConvSizes z) =>
        new((z.H, z.W), (z.Geometry.Padding.Top, z.Geometry.Padding.Left), 1, z.Geometry.Stride.H, (z.P, z.Q));

    /// <summary>The layout of dy for its transpose: pixels a stride apart, for the filter rotated by 180°.</summary>
    public static DepthwisePlane Transposed(ConvSizes z) =>
        new((z.P, z.Q), (2 - z.Geometry.Padding.Top, 2 - z.Geometry.Padding.Left), z.Geometry.Stride.H, 1, (z.H, z.W));

    /// <summary>Packs a channel. It writes only pixels: the rest of the plane must be 0 already.</summary>
    public void LayOut(float* pixels, float* plane)
    {
        int height = Math.Min(source.H, (rows - first.H + apart - 1) / apart), width = Math.Min(source.W, (Pitch - first.W + apart - 1) / apart);
        float* to = plane + ((long)first.H * Pitch) + first.W;
        for (int i = 0; i < height; i++, pixels += source.W, to += apart * Pitch)
        {
            if (apart == 1)
                Copies.Copy(pixels, to, width);
            else
            {
                for (int j = 0; j < width; j++)
                    to[j * apart] = pixels[j];
            }
        }
    }

    // Largest plane, 256 KiB: it stays in the second-level cache.
    private const int MostFloats = 65536;
}
