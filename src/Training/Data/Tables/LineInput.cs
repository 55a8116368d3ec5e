using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Reads the lines of a text as bytes, with a limit on their length.</summary>
internal sealed class LineInput(Stream stream, string name)
{
    private const int MostLine = 1 << 24;

    private byte[] buffer = new byte[1 << 16];
    private int begin, end;
    private bool atEnd;

    /// <summary>Number of the line that was read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Reads a line without its end; false after the last. Valid until the next call.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        int searched = begin;
        while (true)
        {
            int found = buffer.AsSpan(searched, end - searched).IndexOf((byte)'\n');
            if (found >= 0 || (atEnd && begin < end))
            {
                int stop = found >= 0 ? searched + found : end;
                line = buffer.AsSpan(begin, stop - begin);
                begin = found >= 0 ? stop + 1 : end;
                if (line is [.., (byte)'\r'])
                    line = line[..^1];
                // The byte order mark of UTF-8.
                if (Number++ == 0 && line is [0xEF, 0xBB, 0xBF, ..])
                    line = line[3..];
                return true;
            }
            if (atEnd)
            {
                line = default;
                return false;
            }
            searched = end - begin;
            Fill();
        }
    }

    private void Fill()
    {
        buffer.AsSpan(begin, end - begin).CopyTo(buffer);
        (begin, end) = (0, end - begin);
        if (end == buffer.Length)
        {
            if (buffer.Length >= MostLine)
                throw DataFault.At(name, Number + 1, 1, $"a line of more than {MostLine} bytes", "shorter ones");
            Array.Resize(ref buffer, buffer.Length * 2);
        }
        int count = stream.Read(buffer, end, buffer.Length - end);
        end += count;
        atEnd = count == 0;
    }
}
