using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Rows;

/// <summary>Pictures that are decoded when they are wanted. The first that come are kept, as many as have room.</summary>
/// <param name="paths">One file a row.</param>
/// <param name="layout">What becomes of a picture.</param>
internal sealed class PictureRows(string[] paths, PictureLayout layout) : ISampleRows
{
    // Which are kept makes no difference to what is read, only to how long it takes: an epoch wants each once.
    private const long Kept = 192L << 20;

    private readonly byte[]?[] kept = new byte[]?[paths.Length];
    private long room = Kept;
    private int done;

    public int Count => paths.Length;

    public int Size => layout.Shape.Count;

    public bool AreBytes => layout.Bits == 8;

    public bool AreFloats => true;

    /// <summary>Told how far the first reading is; nothing is kept then, as who reads keeps it.</summary>
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
