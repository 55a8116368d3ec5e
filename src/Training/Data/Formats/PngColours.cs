using System.Buffers.Binary;

namespace GpuGrad.Training.Data.Formats;

/// <summary>From the samples of a PNG to 8 bits a channel, with palette and transparent colours resolved.</summary>
internal sealed class PngColours
{
    private readonly PngHeader header;
    private readonly byte[] palette;
    private readonly byte[] transparent;

    public PngColours(PngHeader header, byte[]? palette, byte[]? transparent, ByteInput input)
    {
        this.header = header;
        this.palette = palette ?? [];
        this.transparent = transparent ?? [];
        if (header.Colour == PngColour.Palette && palette is null)
            throw input.Refuse("no PLTE chunk", "the palette that the pixels point into");
        if (palette is not null && header.Colour is PngColour.Gray or PngColour.GrayAlpha)
            throw input.Refuse("a palette in a gray picture", "none");
        int wanted = header.Colour switch { PngColour.Gray => 2, PngColour.Rgb => 6, PngColour.Palette => this.palette.Length / 3, _ => 0 };
        bool fits = header.Colour == PngColour.Palette ? this.transparent.Length <= wanted : this.transparent.Length == wanted;
        if (transparent is not null && !fits)
            throw input.Refuse($"a tRNS of {transparent.Length} bytes", $"{wanted} for this kind of picture");
        Channels = (header.Colour == PngColour.Palette ? 3 : header.Samples) + (transparent is null ? 0 : 1);
    }

    /// <summary>Channels of the picture.</summary>
    public int Channels { get; }

    /// <summary>True when an unfiltered row already is what the picture holds.</summary>
    public bool AreAsStored => header.Bits == 8 && header.Colour != PngColour.Palette && transparent.Length == 0;

    /// <summary>One pixel out of an unfiltered row; false when it points behind the palette.</summary>
    public bool TryPixel(ReadOnlySpan<byte> row, int x, Span<byte> target)
    {
        if (header.Colour == PngColour.Palette)
            return TryIndexed(Sample(row, x), target);
        int samples = header.Samples;
        bool seen = transparent.Length > 0;
        for (int c = 0; c < samples; c++)
        {
            int value = Sample(row, (x * samples) + c);
            target[c] = ToByte(value);
            seen = seen && value == BinaryPrimitives.ReadUInt16BigEndian(transparent.AsSpan(2 * c));
        }
        if (transparent.Length > 0)
            target[samples] = seen ? (byte)0 : (byte)255;
        return true;
    }

    private bool TryIndexed(int index, Span<byte> target)
    {
        if (index * 3 >= palette.Length)
            return false;
        palette.AsSpan(index * 3, 3).CopyTo(target);
        if (transparent.Length > 0)
            target[3] = index < transparent.Length ? transparent[index] : (byte)255;
        return true;
    }

    private int Sample(ReadOnlySpan<byte> row, int index)
    {
        switch (header.Bits)
        {
            case 16:
                return BinaryPrimitives.ReadUInt16BigEndian(row[(2 * index)..]);
            case 8:
                return row[index];
            default:
                int bit = index * header.Bits;
                return (row[bit >> 3] >> (8 - header.Bits - (bit & 7))) & ((1 << header.Bits) - 1);
        }
    }

    private byte ToByte(int value) => header.Bits switch
    {
        16 => (byte)(((value * 255) + 32767) / 65535),
        8 => (byte)value,
        _ => (byte)(value * 255 / ((1 << header.Bits) - 1)),
    };
}
