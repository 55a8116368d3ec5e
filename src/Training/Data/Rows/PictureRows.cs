using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Rows;

/// <summary>Pictures that are decoded on request. The first ones read are cached, as many as fit.</summary>
/// <param name="paths">One file per row.</param>
/// <param name="layout">How a picture becomes a sample.</param>
internal sealed class PictureRows(string[] paths, PictureLayout layout) : ISampleRows
{
    // Caching affects only the speed, and it does not matter which are cached: an epoch reads each once.
    private const long Kept = 192L << 20;

    private readonly byte[]?[] kept = new byte[]?[paths.Length];
    private long room = Kept;
    private int done;

    public int Count => paths.Length;

    public int Size => layout.Shape.Count;

    public bool AreBytes => layout.Bits == 8;

    public bool AreFloats => true;

    /// <summary>Receives the progress of the first reading; nothing is cached then, as the caller keeps it.</summary>
    public Action<string, double?>? Progress { get; set; }

    public void Read(int row, Span<byte> target)
    {
        if (kept[row] is byte[] known)
        {
            known.CopyTo(target);
            return;
        }
        layout.Place(PictureReader.Decode(PictureReader.Bytes(paths[row]), paths[row]), target);
        if (Progress is not null)
            Tell();
        else if (Interlocked.Add(ref room, -target.Length) >= 0)
            kept[row] = target.ToArray();
    }

    public void Read(int row, Span<double> target)
    {
        if (AreBytes)
        {
            var bytes = new byte[target.Length];
            Read(row, bytes);
            for (int i = 0; i < bytes.Length; i++)
                target[i] = bytes[i];
            return;
        }
        layout.Place(PictureReader.Decode(PictureReader.Bytes(paths[row]), paths[row]), target);
        if (Progress is not null)
            Tell();
    }

    private void Tell()
    {
        int count = Interlocked.Increment(ref done);
        if (count % 256 == 0 || count == paths.Length)
            Progress?.Invoke("reading pictures", (double)count / paths.Length);
    }
}
