using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Random;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Batches;

/// <summary><see cref="Augmentation"/> as an argument of the kernel that draws the moves.</summary>
/// <param name="FlipX">1 if pictures may be flipped left to right.</param>
/// <param name="FlipY">1 if they may be flipped top to bottom.</param>
/// <param name="Shift">Largest shift in pixels.</param>
/// <param name="Quarters">The largest angle in quarter turns · 2³².</param>
/// <param name="EraseThreshold">The erasing probability · 2²⁴.</param>
/// <param name="EraseHeight">Largest height of the erased rectangle.</param>
/// <param name="EraseWidth">Largest width of the erased rectangle.</param>
/// <param name="Height">Height of the picture.</param>
/// <param name="Width">Width of the picture.</param>
internal readonly record struct MoveRule(int FlipX, int FlipY, int Shift, long Quarters, int EraseThreshold, int EraseHeight, int EraseWidth, int Height, int Width);

/// <summary>Sizes of a sample, and its augmentation.</summary>
/// <param name="Spatial">1 if pixels move.</param>
/// <param name="Turned">1 if pictures are rotated.</param>
/// <param name="InOrder">1 if the data are the batch's samples in order.</param>
/// <param name="Fill">Treatment of pixels from outside.</param>
/// <param name="Noise">Standard deviation, 0 for none.</param>
internal readonly record struct AugmentSizes(int Channels, int Height, int Width, int Spatial, int Turned, int InOrder, Outside Fill, float Noise);

/// <summary>
/// The moves of <see cref="SampleMove"/> on the GPU. Not every OpenCL device has doubles, and the rounding of a float times the width
/// of a picture shows in the fifth digit; so angles and positions are integers: sines and cosines in units of 2⁻³⁰.
/// </summary>
internal static class AugmentKernels
{
    /// <summary>Integers per move.</summary>
    public const int MoveLength = 10;

    private const int MirrorX = 0, MirrorY = 1, ShiftX = 2, ShiftY = 3, Cos = 4, Sin = 5, Top = 6, Left = 7, EraseHeight = 8, EraseWidth = 9;

    private const long One = 1L << 30, Half = 1L << 29, PiHalf = 1686629713; // π/2 · 2³⁰

    /// <summary>Draws the move of each sample of the batch.</summary>
    public static void Draw(Index1D n, ArrayView<int> indices, ArrayView<int> rng, MoveRule rule, ArrayView<int> moves)
    {
        uint sample = (uint)indices[n], high = ((uint)rng[3] << 8) | (uint)Purpose.Augment;
        (uint a, uint b, uint c, uint d) = Philox.Bits(Augmentation.MoveBlock, sample, (uint)rng[2], high, (uint)rng[0], (uint)rng[1]);
        ArrayView<int> move = moves.SubView(n.X * MoveLength, MoveLength);
        uint range = (2 * (uint)rule.Shift) + 1;
        move[MirrorX] = rule.FlipX & (int)(a >> 31);
        move[MirrorY] = rule.FlipY & (int)((a >> 30) & 1);
        move[ShiftX] = Below(b, range) - rule.Shift;
        move[ShiftY] = Below(c, range) - rule.Shift;
        // (2⌊d/2⁸⌋/2²⁴ - 1) of the largest angle.
        Turn(move, (((2 * (long)(d >> 8)) - (1 << 24)) * rule.Quarters) >> 24);
        (a, b, c, d) = Philox.Bits(Augmentation.EraseBlock, sample, (uint)rng[2], high, (uint)rng[0], (uint)rng[1]);
        bool erases = a >> 8 < (uint)rule.EraseThreshold;
        int height = 1 + Below(b, (uint)rule.EraseHeight), width = 1 + Below(c, (uint)rule.EraseWidth);
        move[EraseHeight] = erases ? height : 0;
        move[EraseWidth] = erases ? width : 0;
        move[Top] = (int)(((d >> 16) * (ulong)(rule.Height - height + 1)) >> 16);
        move[Left] = (int)(((d & 0xFFFF) * (ulong)(rule.Width - width + 1)) >> 16);
    }

    /// <summary>Gathers, moves, normalises and adds noise, one thread per element of the batch.</summary>
    public static void Apply<P>(
        Index1D i, P data, ArrayView<int> indices, ArrayView<float> scale, ArrayView<float> shift, ArrayView<int> rng, ArrayView<int> moves, AugmentSizes s, ArrayView<float> y)
        where P : struct, IKernelPixels
    {
        int pixels = s.Height * s.Width, size = s.Channels * pixels, n = i.X / size, at = i.X % size, c = at / pixels;
        int sample = indices[n];
        long plane = ((long)(s.InOrder != 0 ? n : sample) * s.Channels) + c;
        float raw = s.Spatial != 0
            ? Moved(data, moves.SubView(n * MoveLength, MoveLength), plane, s.Fill == Outside.Mean ? -shift[c] / scale[c] : 0f, at % pixels / s.Width, at % s.Width, s)
            : data.At((plane * pixels) + (at % pixels));
        float value = (raw * scale[c]) + shift[c];
        y[i] = s.Noise > 0f ? value + (s.Noise * Normal(rng, sample, at)) : value;
    }

    /// <summary>Gathers and moves masks, one thread per pixel of the batch.</summary>
    public static void Masks(Index1D i, ArrayView<byte> masks, ArrayView<int> indices, ArrayView<int> moves, AugmentSizes s, ArrayView<int> labels)
    {
        int pixels = s.Height * s.Width, n = i.X / pixels, row = i.X % pixels / s.Width, column = i.X % s.Width;
        if (s.Spatial != 0)
        {
            ArrayView<int> move = moves.SubView(n * MoveLength, MoveLength);
            int x = (move[MirrorX] != 0 ? s.Width - 1 - column : column) - move[ShiftX], y = (move[MirrorY] != 0 ? s.Height - 1 - row : row) - move[ShiftY];
            (row, column) = (y, x);
            if (s.Turned != 0)
            {
                (long twiceX, long twiceY) = Turned(move, y, x, s);
                column = (int)((twiceX + One) >> 31);
                row = (int)((twiceY + One) >> 31);
            }
        }
        if (s.Fill == Outside.Reflect)
        {
            row = Augmentation.Mirrored(row, s.Height);
            column = Augmentation.Mirrored(column, s.Width);
        }
        bool inside = row >= 0 && row < s.Height && column >= 0 && column < s.Width;
        int label = inside ? masks[((long)(s.InOrder != 0 ? n : indices[n]) * pixels) + (row * s.Width) + column] : byte.MaxValue;
        labels[i] = label == byte.MaxValue ? -1 : label;
    }

    /// <summary>Adds the launch that draws the moves of a batch.</summary>
    public static void AddDraw(KernelBinding b, Augmentation augmentation, ArrayView<int> indices, ArrayView<int> rng, int height, int width, KernelScratchRegion moves)
    {
        int batch = indices.IntLength;
        var draw = b.Loader.Items<ArrayView<int>, ArrayView<int>, MoveRule, ArrayView<int>>(Draw);
        MoveRule rule = RuleOf(augmentation, height, width);
        b.Launch(() => draw(batch, indices, rng, rule, moves.View.Cast<int>()));
    }

    public static void Add<P>(KernelBinding b, P data, Augmentation augmentation, bool inOrder) where P : struct, IKernelPixels
    {
        Shape4 shape = Shape4.Of(b, augmentation.IsSpatial);
        ArrayView<int> indices = b.InInt(1), rng = b.InInt(4);
        ArrayView<float> scale = b.In(2), shift = b.In(3), y = b.Out();
        int batch = indices.IntLength;
        KernelScratchRegion moves = b.Scratch((long)batch * MoveLength);
        var sizes = new AugmentSizes(shape.Channels, shape.Height, shape.Width, augmentation.IsSpatial ? 1 : 0, augmentation.Rotate > 0 ? 1 : 0, inOrder ? 1 : 0, augmentation.Fill, (float)augmentation.Noise);
        if (augmentation.IsSpatial)
            AddDraw(b, augmentation, indices, rng, shape.Height, shape.Width, moves);
        var run = b.Loader.Items<
            P, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<int>, ArrayView<int>, AugmentSizes, ArrayView<float>>(Apply);
        b.Launch(() => run(y.IntLength, data, indices, scale, shift, rng, moves.View.Cast<int>(), sizes, y));
    }

    private static MoveRule RuleOf(Augmentation a, int height, int width) => new(
        a.FlipHorizontal ? 1 : 0, a.FlipVertical ? 1 : 0, a.Shift, (long)Math.Round(a.Rotate / 90 * 4294967296.0), (int)a.EraseThreshold, a.EraseSide(height), a.EraseSide(width), height, width);

    private static int Below(uint bits, uint range) => (int)(((ulong)bits * range) >> 32);

    // quarters: the angle in quarter turns · 2³². The remainder after whole quarters is at most π/4, where the series are short.
    private static void Turn(ArrayView<int> move, long quarters)
    {
        long whole = (quarters + (1L << 31)) >> 32;
        long x = ((quarters - (whole << 32)) * PiHalf) >> 32, square = Times(x, x);
        long sin = Times(x, One - (Times(square, One - (Times(square, One - (Times(square, One - (Times(square, One - (square / 110)) / 72)) / 42)) / 20)) / 6));
        long cos = One - (Times(square, One - (Times(square, One - (Times(square, One - (Times(square, One - (square / 90)) / 56)) / 30)) / 12)) / 2);
        bool swapped = (whole & 1) != 0;
        long first = swapped ? -sin : cos, second = swapped ? cos : sin;
        bool turned = (whole & 2) != 0;
        move[Cos] = (int)(turned ? -first : first);
        move[Sin] = (int)(turned ? -second : second);
    }

    private static long Times(long a, long b) => ((a * b) + Half) >> 30;

    private static float Moved<P>(P data, ArrayView<int> move, long plane, float outside, int row, int column, AugmentSizes s) where P : struct, IKernelPixels
    {
        if (row >= move[Top] && row < move[Top] + move[EraseHeight] && column >= move[Left] && column < move[Left] + move[EraseWidth])
            return 0f;
        int x = (move[MirrorX] != 0 ? s.Width - 1 - column : column) - move[ShiftX], y = (move[MirrorY] != 0 ? s.Height - 1 - row : row) - move[ShiftY];
        if (s.Turned == 0)
            return Raw(data, plane, y, x, outside, s);
        (long twiceX, long twiceY) = Turned(move, y, x, s);
        int left = (int)(twiceX >> 31), top = (int)(twiceY >> 31);
        float p = Fraction(twiceX), q = Fraction(twiceY);
        return ((1f - q) * (((1f - p) * Raw(data, plane, top, left, outside, s)) + (p * Raw(data, plane, top, left + 1, outside, s))))
            + (q * (((1f - p) * Raw(data, plane, top + 1, left, outside, s)) + (p * Raw(data, plane, top + 1, left + 1, outside, s))));
    }

    // Twice the position, so that the middle of an even side is an integer, too.
    private static (long X, long Y) Turned(ArrayView<int> move, int y, int x, AugmentSizes s)
    {
        long u = (2 * x) - (s.Width - 1), v = (2 * y) - (s.Height - 1), cos = move[Cos], sin = move[Sin];
        return ((u * cos) + (v * sin) + ((s.Width - 1) * One), (v * cos) - (u * sin) + ((s.Height - 1) * One));
    }

    private static float Fraction(long twice) => (int)(twice & 0x7FFFFFFF) * (1f / 2147483648f);

    private static float Raw<P>(P data, long plane, int row, int column, float outside, AugmentSizes s) where P : struct, IKernelPixels
    {
        if (s.Fill == Outside.Reflect)
        {
            row = Augmentation.Mirrored(row, s.Height);
            column = Augmentation.Mirrored(column, s.Width);
        }
        return row < 0 || row >= s.Height || column < 0 || column >= s.Width ? outside : data.At((((plane * s.Height) + row) * s.Width) + column);
    }

    private static float Normal(ArrayView<int> rng, int sample, int element)
    {
        (uint a, uint b, uint c, uint d) = Philox.Bits(
            Augmentation.NoiseBlock + ((uint)element / 4), (uint)sample, (uint)rng[2], ((uint)rng[3] << 8) | (uint)Purpose.Augment, (uint)rng[0], (uint)rng[1]);
        int place = element % 4;
        uint radius = place < 2 ? a : c, angle = place < 2 ? b : d;
        float length = MathF.Sqrt(-2f * KernelMath.Log(1f - Philox.Uniform(radius))), turn = 2f * MathF.PI * Philox.Uniform(angle);
        return length * (place % 2 == 0 ? KernelMath.Cos(turn) : KernelMath.Sin(turn));
    }

    // Samples that are rows of features have one row of pixels per channel.
    private readonly record struct Shape4(int Channels, int Height, int Width)
    {
        public static Shape4 Of(KernelBinding b, bool spatial)
        {
            Tensors.Shape shape = b.InShape(0);
            return spatial ? new(shape[1], shape[2], shape[3]) : new(shape[1], 1, shape.LengthOf(2..));
        }
    }
}
