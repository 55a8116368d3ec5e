namespace GpuGrad.Training.Runs.Storage;

/// <summary>Stream for the body of a durable file. Closing it does nothing: its owner completes the file.</summary>
internal sealed class DurableStream(FileCalls calls, long handle, long expected) : Stream
{
    private readonly byte[] buffer = new byte[1 << 16];
    private int used;
    private long given;
    private bool broken;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    /// <summary>Bytes written so far.</summary>
    public override long Length => given;

    public override long Position
    {
        get => given;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        given += bytes.Length;
        if (bytes.Length > buffer.Length - used)
            WriteOut();
        if (bytes.Length >= buffer.Length)
        {
            ToFile(bytes);
            return;
        }
        bytes.CopyTo(buffer.AsSpan(used));
        used += bytes.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void WriteByte(byte value) => Write([value]);

    /// <summary>Hands what is buffered to the file.</summary>
    public void WriteOut()
    {
        ToFile(buffer.AsSpan(0, used));
        used = 0;
    }

    private void ToFile(ReadOnlySpan<byte> bytes)
    {
        // A body that swallows the failure of a write must not end up with a file that lacks it.
        if (broken)
            throw new InvalidOperationException("A write to this file failed before; it cannot continue.");
        broken = true;
        calls.Write(handle, bytes, Math.Max(expected, given));
        broken = false;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
