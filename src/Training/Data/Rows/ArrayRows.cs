using System.Buffers;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Runs.Storage;
using Microsoft.Win32.SafeHandles;

namespace GpuGrad.Training.Data.Rows;

/// <summary>
/// Samples of an IDX or npy file that stays on disk. They are read by position rather than memory-mapped: if another program truncates the
/// file, a mapping's reader is killed silently, and mapped pages would count as this process's memory.
/// The system caches what was read recently anyway.
/// </summary>
internal sealed class ArrayRows : ISampleRows
{
    private readonly string name;
    private readonly SafeFileHandle handle;
    private readonly ArrayHeader header;
    private readonly int width; // bytes per value
    private readonly int channels; // channels of pictures with the channel axis last, else 1

    /// <param name="path">Path of the file.</param>
    /// <param name="header">Its header; the first axis counts the samples.</param>
    /// <param name="channels">Channels of pictures with the channel axis last; 1 for others.</param>
    public ArrayRows(string path, ArrayHeader header, int channels)
    {
        name = path;
        this.header = header;
        this.channels = channels;
        handle = RegularFile.OpenHandle(path);
        width = NumberBytes.SizeOf(header.Type);
        (Count, Size) = ((int)header.Sizes[0], checked((int)(header.Count / header.Sizes[0])));
    }

    public int Count { get; }

    public int Size { get; }

    public bool AreBytes => header.Type == NumberType.UInt8;

    public bool AreFloats => NumberArray.AreFloats(header.Type);

    public void Read(int row, Span<byte> target)
    {
        if (!AreBytes)
            throw new InvalidOperationException($"{name} holds numbers of type {header.Type}.");
        Fill(row, target);
        if (channels > 1)
            ChannelsFirst(target);
    }

    public void Read(int row, Span<double> target)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(checked(Size * width));
        Fill(row, bytes.AsSpan(0, Size * width));
        NumberBytes.Read(bytes.AsSpan(0, Size * width), header.Type, header.BigEndian, target);
        foreach (double value in target)
        {
            if (!(Math.Abs(value) <= float.MaxValue))
                throw ArraySamples.NotFinite(value, row, name);
        }
        if (channels > 1)
            ChannelsFirst(target);
        ArrayPool<byte>.Shared.Return(bytes);
    }

    // A pooled buffer: one allocation per sample would be uncounted memory until it is collected.
    private void ChannelsFirst<T>(Span<T> numbers)
    {
        T[] last = ArrayPool<T>.Shared.Rent(numbers.Length);
        numbers.CopyTo(last);
        int pixels = Size / channels;
        for (int i = 0; i < numbers.Length; i++)
            numbers[(i % channels * pixels) + (i / channels)] = last[i];
        ArrayPool<T>.Shared.Return(last);
    }

    private void Fill(int row, Span<byte> target)
    {
        long offset = header.Start + ((long)row * target.Length);
        try
        {
            while (!target.IsEmpty)
            {
                int count = RandomAccess.Read(handle, target, offset);
                if (count <= 0)
                    throw DataFault.At(name, offset, $"the end of the file in sample {row}", "as many numbers as when it was opened");
                offset += count;
                target = target[count..];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DataFault.At(name, offset, e.Message, "a file that can be read", e);
        }
    }
}
