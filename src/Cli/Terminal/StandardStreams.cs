using System.Reflection;
using System.Text;
using GpuGrad.Kernels.Files;

namespace GpuGrad.Cli.Terminal;

/// <summary>
/// Standard output and error streams that ignore write errors: with a full disk, a closed pipe or a stream closed before the
/// start, text is lost, but training goes on. The first error on standard output other than a closed pipe is reported on standard error.
/// </summary>
internal static class StandardStreams
{
    /// <summary>Replaces the console's own streams. A test that runs the program in its own process keeps the console that it set.</summary>
    public static void Open()
    {
        if (Assembly.GetEntryAssembly() != typeof(StandardStreams).Assembly)
            return;
        var errors = new LossyStream(Stream(StandardDescriptor.Error, Console.OpenStandardError), null);
        Console.SetError(Writer(errors));
        Console.SetOut(Writer(new LossyStream(Stream(StandardDescriptor.Output, Console.OpenStandardOutput), Say)));
    }

    private static void Say(IOException lost) => Console.Error.WriteLine($"gpugrad: standard output is incomplete: {Printable.Line(lost.Message)}");

    private static StreamWriter Writer(Stream stream) => new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };

    private static Stream Stream(int descriptor, Func<Stream> open)
    {
        try
        {
            return StandardDescriptor.IsInherited(descriptor) ? open() : System.IO.Stream.Null;
        }
        catch (IOException)
        {
            return System.IO.Stream.Null;
        }
    }

    /// <summary>Writes what it can and drops the rest.</summary>
    private sealed class LossyStream(Stream target, Action<IOException>? onFirstLoss) : Stream
    {
        private Action<IOException>? onFirstLoss = onFirstLoss;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                target.Write(buffer);
            }
            catch (IOException e)
            {
                Interlocked.Exchange(ref onFirstLoss, null)?.Invoke(e);
            }
            catch (UnauthorizedAccessException)
            {
                // Opened for reading only.
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
