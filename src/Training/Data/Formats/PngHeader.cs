namespace GpuGrad.Training.Data.Formats;

/// <summary>What the first chunk of a PNG says.</summary>
internal sealed record PngHeader(int Width, int Height, int Bits, PngColour Colour, bool Interlaced)
{
    /// <summary>A picture larger than this is refused before anything is unpacked.</summary>
    public const long MostPixels = 64L << 20;

    /// <summary>Numbers a pixel in the file: an index counts as one.</summary>
    public int Samples => Colour switch
    {
        PngColour.Gray or PngColour.Palette => 1,
        PngColour.GrayAlpha => 2,
        PngColour.Rgb => 3,
        _ => 4,
    };

    /// <summary>Bytes of a pixel, at least 1: what the filters look back.</summary>
    public int PixelBytes => Math.Max(1, Samples * Bits / 8);

    /// <summary>Bytes of a row without its filter byte.</summary>
    public int RowBytes(int width) => checked((int)((((long)width * Samples * Bits) + 7) / 8));

    /// <summary>The parts in which the picture comes: itself, or the seven of Adam7.</summary>
    public IEnumerable<PngPass> Passes => Interlaced ? PngPass.Adam7.Where(p => p.Width(Width) > 0 && p.Height(Height) > 0) : [new PngPass(0, 0, 1, 1)];

    /// <summary>Bytes of all rows with their filter bytes.</summary>
    public long Unpacked => Passes.Sum(p => checked((RowBytes(p.Width(Width)) + 1L) * p.Height(Height)));

    public static PngHeader Parse(byte[] chunk, ByteInput input, long offset)
    {
        if (chunk.Length != 13)
            throw input.Refuse($"an IHDR of {chunk.Length} bytes", "13", offset);
        long width = Big(chunk, 0), height = Big(chunk, 4);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
            throw input.Refuse($"{width} × {height} pixels", "1 or more each way", offset);
        if (width * height > MostPixels)
            throw input.Refuse($"{width} × {height} pixels", $"at most {MostPixels}", offset);
        var header = new PngHeader((int)width, (int)height, chunk[8], (PngColour)chunk[9], chunk[12] == 1);
        bool known = header.Colour switch
        {
            PngColour.Gray => header.Bits is 1 or 2 or 4 or 8 or 16,
            PngColour.Palette => header.Bits is 1 or 2 or 4 or 8,
            PngColour.Rgb or PngColour.GrayAlpha or PngColour.RgbAlpha => header.Bits is 8 or 16,
            _ => false,
        };
        if (!known)
            throw input.Refuse($"colour type {chunk[9]} with {chunk[8]} bits", "a pair of the PNG standard", offset + 8);
        if (chunk[10] != 0 || chunk[11] != 0 || chunk[12] > 1)
            throw input.Refuse($"compression {chunk[10]}, filter {chunk[11]}, interlace {chunk[12]}", "0, 0 and 0 or 1", offset + 10);
        return header;
    }

    private static long Big(byte[] bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));
}

internal enum PngColour : byte
{
    Gray = 0,
    Rgb = 2,
    Palette = 3,
    GrayAlpha = 4,
    RgbAlpha = 6,
}

/// <summary>Every so many pixels of a picture.</summary>
internal readonly record struct PngPass(int X, int Y, int StepX, int StepY)
{
    public static PngPass[] Adam7 { get; } =
        [new(0, 0, 8, 8), new(4, 0, 8, 8), new(0, 4, 4, 8), new(2, 0, 4, 4), new(0, 2, 2, 4), new(1, 0, 2, 2), new(0, 1, 1, 2)];

    public int Width(int whole) => Math.Max(0, (whole - X + StepX - 1) / StepX);

    public int Height(int whole) => Math.Max(0, (whole - Y + StepY - 1) / StepY);
}
