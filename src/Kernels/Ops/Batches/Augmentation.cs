using GpuGrad.Kernels.Random;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary>What appears at the edges of a picture that is moved or rotated.</summary>
public enum Outside
{
    /// <summary>A raw value of 0.</summary>
    Black,

    /// <summary>A scaled value of 0: the mean of each channel, if the samples are scaled to mean 0.</summary>
    Mean,

    /// <summary>The picture mirrored at its edge, whose pixels are not repeated (numpy's <c>reflect</c>).</summary>
    Reflect,
}

/// <summary>Random augmentation of a sample each time it is used. All off by default.</summary>
/// <remarks>
/// <para>
/// The random bits of a sample are Philox blocks with the key (seed low, seed high) and the counter (block, index of the
/// sample in the data set, step low, step high · 256 + 4), so the augmentation of a sample in a step does not depend on
/// its position in the batch or on the device. Block 0 moves, block 1 erases, block 2 + e/4 is noise for element e. With
/// hi(a·b) for the upper 32 bits of a product and the words A, B, C, D of a block:
/// </para>
/// <list type="bullet">
/// <item>Block 0: mirrored left to right if A ≥ 2³¹, top to bottom if A's bit 30 is set; moved right by
/// dx = hi(B·(2·Shift + 1)) - Shift and down by dy = hi(C·(2·Shift + 1)) - Shift pixels; turned by
/// θ = (2·⌊D/2⁸⌋/2²⁴ - 1)·Rotate.</item>
/// <item>Output pixel (x, y) is first mirrored: x' = W-1-x, y' = H-1-y. Without rotation its source is (x'-dx, y'-dy). With it,
/// u = x'-dx-(W-1)/2 and v = y'-dy-(H-1)/2 give the source (u·cos θ + v·sin θ + (W-1)/2, -u·sin θ + v·cos θ + (H-1)/2), read
/// bilinearly. Pixels outside are a raw 0 (black), the channel's mean, or the pixel at the mirrored
/// place: <see cref="Fill"/>.</item>
/// <item>Block 1: if ⌊A/2⁸⌋ &lt; round(EraseProbability·2²⁴), a rectangle of height h = 1 + hi(B·round(H·√EraseArea)) and width
/// w = 1 + hi(C·round(W·√EraseArea)) (each round at least 1) with its top at ⌊⌊D/2¹⁶⌋·(H-h+1)/2¹⁶⌋ and its left side at
/// ⌊(D mod 2¹⁶)·(W-w+1)/2¹⁶⌋ counts as 0 as well.</item>
/// <item>Noise: Noise·z is added to the normalised element e. With ρ(a) = √(-2 ln(1 - ⌊a/2⁸⌋/2²⁴)) and φ(a) = 2π·⌊a/2⁸⌋/2²⁴,
/// z is for e mod 4 = 0, 1, 2, 3: ρ(A) cos φ(B), ρ(A) sin φ(B), ρ(C) cos φ(D), ρ(C) sin φ(D).</item>
/// </list>
/// </remarks>
public sealed record Augmentation
{
    public const uint MoveBlock = 0, EraseBlock = 1, NoiseBlock = 2;

    /// <summary>Flip left to right with probability ½.</summary>
    public bool FlipHorizontal { get; init; }

    /// <summary>Flip top to bottom with probability ½.</summary>
    public bool FlipVertical { get; init; }

    /// <summary>Shift by up to this many pixels in each direction.</summary>
    public int Shift { get; init; }

    /// <summary>Rotate by up to this many degrees either way.</summary>
    public double Rotate { get; init; }

    /// <summary>What appears at the edges.</summary>
    public Outside Fill { get; init; }

    /// <summary>Probability that a rectangle is erased.</summary>
    public double EraseProbability { get; init; }

    /// <summary>Largest area of the erased rectangle as a part of the picture's.</summary>
    public double EraseArea { get; init; } = 0.2;

    /// <summary>Standard deviation of Gaussian noise, in units of the normalised data.</summary>
    public double Noise { get; init; }

    /// <summary>Whether pixels move, which requires that samples are pictures.</summary>
    public bool IsSpatial => FlipHorizontal || FlipVertical || Shift > 0 || Rotate > 0 || EraseProbability > 0;

    /// <summary>The geometric part, which also applies to masks and target images: without noise and erasing; null for nothing.</summary>
    public Augmentation? OfPlaces() => this with { Noise = 0, EraseProbability = 0 } is { IsNone: false } moves ? moves : null;

    public bool IsNone => !IsSpatial && Noise == 0;

    /// <summary>The position within 0 … side - 1 that an outside position mirrors.</summary>
    public static int Mirrored(int place, int side)
    {
        int period = 2 * (side - 1);
        if (period == 0)
            return 0;
        int within = (place < 0 ? -place : place) % period;
        return within < side ? within : period - within;
    }

    /// <summary>The erasing probability in units of 2⁻²⁴.</summary>
    public uint EraseThreshold => (uint)Math.Round(EraseProbability * (1 << 24));

    /// <summary>Largest side of the erased rectangle along an axis.</summary>
    public int EraseSide(int side) => Math.Max(1, (int)Math.Round(side * Math.Sqrt(EraseArea)));

    /// <summary>The third and fourth word of the counter are the step, this one with the purpose in its low byte.</summary>
    public static uint CounterHigh(uint stepHigh) => (stepHigh << 8) | (uint)Purpose.Augment;
}

/// <summary>The random draws for one sample in one step.</summary>
internal readonly struct SampleMove
{
    /// <param name="augmentation">The augmentation.</param>
    /// <param name="rng">Seed low, seed high, step low, step high.</param>
    /// <param name="sample">Index in the data set.</param>
    /// <param name="height">Height of the picture.</param>
    /// <param name="width">Width of the picture.</param>
    public SampleMove(Augmentation augmentation, ReadOnlySpan<int> rng, int sample, int height, int width)
    {
        uint high = Augmentation.CounterHigh((uint)rng[3]);
        (uint a, uint b, uint c, uint d) = Philox.Bits(Augmentation.MoveBlock, (uint)sample, (uint)rng[2], high, (uint)rng[0], (uint)rng[1]);
        MirrorX = augmentation.FlipHorizontal && a >> 31 != 0;
        MirrorY = augmentation.FlipVertical && (a >> 30 & 1) != 0;
        uint range = (2 * (uint)augmentation.Shift) + 1;
        ShiftX = Draw(b, range) - augmentation.Shift;
        ShiftY = Draw(c, range) - augmentation.Shift;
        double angle = ((2.0 * Philox.Uniform(d)) - 1) * augmentation.Rotate * Math.PI / 180;
        (Sin, Cos) = Math.SinCos(angle);
        if (augmentation.EraseProbability == 0)
            return;
        (a, b, c, d) = Philox.Bits(Augmentation.EraseBlock, (uint)sample, (uint)rng[2], high, (uint)rng[0], (uint)rng[1]);
        if (a >> 8 >= augmentation.EraseThreshold)
            return;
        EraseHeight = 1 + Draw(b, (uint)augmentation.EraseSide(height));
        EraseWidth = 1 + Draw(c, (uint)augmentation.EraseSide(width));
        EraseTop = (int)(((d >> 16) * (ulong)(height - EraseHeight + 1)) >> 16);
        EraseLeft = (int)(((d & 0xFFFF) * (ulong)(width - EraseWidth + 1)) >> 16);
    }

    public bool MirrorX { get; }

    public bool MirrorY { get; }

    public int ShiftX { get; }

    public int ShiftY { get; }

    public double Sin { get; }

    public double Cos { get; }

    public int EraseTop { get; }

    public int EraseLeft { get; }

    /// <summary>0 if nothing is erased.</summary>
    public int EraseHeight { get; }

    public int EraseWidth { get; }

    /// <summary>The pixel nearest to the source of an output pixel; it may lie outside the picture.</summary>
    public (int Y, int X) Nearest(int row, int column, int height, int width)
    {
        int x = (MirrorX ? width - 1 - column : column) - ShiftX, y = (MirrorY ? height - 1 - row : row) - ShiftY;
        double u = x - ((width - 1) / 2.0), v = y - ((height - 1) / 2.0);
        double sourceX = (u * Cos) + (v * Sin) + ((width - 1) / 2.0), sourceY = (-u * Sin) + (v * Cos) + ((height - 1) / 2.0);
        return ((int)Math.Floor(sourceY + 0.5), (int)Math.Floor(sourceX + 0.5));
    }

    public bool Erases(int y, int x) => y >= EraseTop && y < EraseTop + EraseHeight && x >= EraseLeft && x < EraseLeft + EraseWidth;

    private static int Draw(uint bits, uint range) => (int)(((ulong)bits * range) >> 32);
}
