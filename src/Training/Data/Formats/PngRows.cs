using System.Buffers.Binary;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Unpacks and unfilters the rows of a PNG.</summary>
internal sealed class PngRows(PngHeader header, PngColours colours, string name, long offset)
{
    private const int ZlibHeader = 2, ZlibTrailer = 4;

    /// <param name="data">All IDAT chunks joined.</param>
    public Picture Read(byte[] data)
    {
        // zlib (RFC 1950): deflate, a window of at most 32 KiB, no dictionary, a multiple of 31.
        if (data.Length < ZlibHeader + ZlibTrailer || (data[0] & 15) != 8 || data[0] >> 4 > 7 || (data[1] & 32) != 0 || ((data[0] << 8) | data[1]) % 31 != 0)
            throw DataFault.At(name, offset, "pixels without a zlib header", "zlib with deflate and without a dictionary");
        int deflated = data.Length - ZlibHeader - ZlibTrailer;
        Inflater.CheckRatio(name, offset, deflated, header.Unpacked);
        using var source = new MemoryStream(data, ZlibHeader, deflated);
        using var inflater = new Inflater(source, name, offset + ZlibHeader, deflated);
        using var input = new ByteInput(inflater, $"{name} (inflated)", header.Unpacked);
        var pixels = new byte[checked(header.Width * header.Height * colours.Channels)];
        var adler = default(Adler32);
        foreach (PngPass pass in header.Passes)
            ReadPass(input, pass, pixels, ref adler);
        input.End();
        inflater.End();
        uint stated = BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(data.Length - ZlibTrailer));
        if (adler.Value != stated)
            throw DataFault.At(name, offset + data.Length - ZlibTrailer, $"the checksum {stated:X8} over pixels that have {adler.Value:X8}", "the same; the file is damaged");
        return new Picture(header.Width, header.Height, colours.Channels, pixels);
    }

    private void ReadPass(ByteInput input, PngPass pass, byte[] pixels, ref Adler32 adler)
    {
        int width = pass.Width(header.Width), length = header.RowBytes(width) + 1;
        byte[] row = new byte[length], above = new byte[length];
        for (int y = 0; y < pass.Height(header.Height); y++)
        {
            long start = input.Offset;
            input.Fill(row, "a row of pixels");
            adler.Append(row);
            if (!Unfilter(row[0], row.AsSpan(1), above.AsSpan(1), header.PixelBytes))
                throw input.Refuse($"filter {row[0]}", "0 to 4", start);
            int line = (pass.Y + (y * pass.StepY)) * header.Width;
            if (colours.AreAsStored && pass.StepX == 1)
            {
                row.AsSpan(1).CopyTo(pixels.AsSpan(line * colours.Channels));
                (row, above) = (above, row);
                continue;
            }
            for (int x = 0; x < width; x++)
            {
                int pixel = line + pass.X + (x * pass.StepX);
                if (!colours.TryPixel(row.AsSpan(1), x, pixels.AsSpan(pixel * colours.Channels, colours.Channels)))
                    throw input.Refuse("a pixel that points behind the palette", "one of its colours", start);
            }
            (row, above) = (above, row);
        }
    }

    private static bool Unfilter(byte filter, Span<byte> row, ReadOnlySpan<byte> above, int back)
    {
        switch (filter)
        {
            case 0:
                return true;
            case 1:
                for (int i = back; i < row.Length; i++)
                    row[i] += row[i - back];
                return true;
            case 2:
                for (int i = 0; i < row.Length; i++)
                    row[i] += above[i];
                return true;
            case 3:
                for (int i = 0; i < row.Length; i++)
                    row[i] += (byte)(((i >= back ? row[i - back] : 0) + above[i]) / 2);
                return true;
            case 4:
                for (int i = 0; i < row.Length; i++)
                    row[i] += i >= back ? Paeth(row[i - back], above[i], above[i - back]) : above[i];
                return true;
            default:
                return false;
        }
    }

    // The neighbour nearest to left + up - diagonal.
    private static byte Paeth(byte left, byte up, byte diagonal)
    {
        int toLeft = Math.Abs(up - diagonal), toUp = Math.Abs(left - diagonal), toDiagonal = Math.Abs(left + up - (2 * diagonal));
        if (toLeft <= toUp && toLeft <= toDiagonal)
            return left;
        return toUp <= toDiagonal ? up : diagonal;
    }
}

/// <summary>The checksum of zlib.</summary>
internal struct Adler32
{
    private const uint Prime = 65521;

    // Neither sum can overflow within so many bytes.
    private const int Most = 5552;

    // The sum begins at 1; a struct begins at 0.
    private uint sumLessOne;
    private uint sumOfSums;

    public readonly uint Value => (sumOfSums << 16) | ((sumLessOne + 1) % Prime);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        uint a = sumLessOne + 1, b = sumOfSums;
        while (bytes.Length > 0)
        {
            int count = Math.Min(Most, bytes.Length);
            foreach (byte value in bytes[..count])
            {
                a += value;
                b += a;
            }
            a %= Prime;
            b %= Prime;
            bytes = bytes[count..];
        }
        (sumLessOne, sumOfSums) = (a == 0 ? Prime - 1 : a - 1, b);
    }
}
