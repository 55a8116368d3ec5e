using GpuGrad.Kernels.Devices.Cpu.Gemm;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Convolutions;

/// <summary>
/// One channel of one image, laid out with its padding so that output (p, q) of a 3×3 filter reads rows p·step to p·step + 2
/// and columns q·step to q·step + 2, whole vectors of outputs at a time.
/// </summary>
internal sealed unsafe class DepthwisePlane
{
    private readonly (int H, int W) source;
    private readonly (int H, int W) first; // where pixel (0, 0) stands
    private readonly int apart;            // places from one pixel to the next, zeros between
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

    /// <summary>Outputs of a vector: the narrowest vectors that hold a row, so that small images waste little.</summary>
    public int Lanes { get; }

    /// <summary>1 or 2.</summary>
    public int Step { get; }

    public (int P, int Q) Target { get; }

    /// <summary>Outputs of a row in whole vectors.</summary>
    public int Columns { get; }

    /// <summary>Floats from row to row.</summary>
    public int Pitch { get; }

    public int Floats { get; }

    /// <summary>Whether these loops are made for it: 3×3 filters without gaps, one channel a group, a stride of 1 or 2.</summary>
    public static bool Suits(ConvSizes z) =>
        z.GroupC == 1 && z.GroupK == 1 && (z.R, z.S) == (3, 3) && z.Geometry.Dilation == (1, 1) && z.Geometry.Stride is (1, 1) or (2, 2)
        && z.Geometry.Padding is { Top: <= 2, Left: <= 2 } && (long)(z.H + 4) * (z.W + 32) <= MostFloats;

    /// <summary>x of a convolution, for y.</summary>
    public static DepthwisePlane Forward(ConvSizes z) =>
        new((z.H, z.W), (z.Geometry.Padding.Top, z.Geometry.Padding.Left), 1, z.Geometry.Stride.H, (z.P, z.Q));

    /// <summary>dy of a convolution, for dx: its pixels a stride apart, under the filter rotated by 180°.</summary>
    public static DepthwisePlane Transposed(ConvSizes z) =>
        new((z.P, z.Q), (2 - z.Geometry.Padding.Top, 2 - z.Geometry.Padding.Left), z.Geometry.Stride.H, 1, (z.H, z.W));

    /// <summary>Lays out a channel; what is not a pixel must be 0 already and stays so.</summary>
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

    // 256 KiB: a plane stays in the second-level cache.
    private const int MostFloats = 65536;
}
