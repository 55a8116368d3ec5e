using System.Runtime.InteropServices;
using GpuGrad.Kernels.Devices.Host;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>A zeroed buffer in an accelerator's memory.</summary>
internal sealed class IlgpuBuffer : DeviceBuffer
{
    private readonly IlgpuDevice device;
    private readonly MemoryBuffer1D<byte, Stride1D.Dense> memory;
    private readonly int margin; // guard bytes on either side
    private long claimed; // bytes of host memory, if that is the memory the device computes in

    public IlgpuBuffer(IlgpuDevice device, string name, long bytes) : base(name, bytes)
    {
        this.device = device;
        margin = device.Guard == GuardSide.None ? 0 : Guards.Margin;
        long whole = checked(Math.Max(bytes, 1) + (2 * margin));
        if (device.UsesHostMemory)
            HostMemory.Claim(name, claimed = whole);
        try
        {
            memory = device.Accelerator.Allocate1D<byte>(whole);
        }
        catch
        {
            HostMemory.Release(claimed);
            throw;
        }
        if (margin > 0)
            memory.View.MemSet(device.Loader.Stream, Guards.Pattern);
        Fill(0);
    }

    /// <summary>Address of the first byte in the device's memory; of CUDA devices only.</summary>
    public nint Address => memory.NativePtr + margin;

    private ArrayView<byte> Data => Part(0, Bytes);

    /// <summary>A view of <paramref name="count"/> elements, starting at a byte offset.</summary>
    public ArrayView<T> View<T>(long offset, long count) where T : unmanaged =>
        Part(offset, count * Interop.SizeOf<T>()).Cast<T>();

    public override void Write(long offset, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
            return;
        try
        {
            Part(offset, source.Length).CopyFromCPU(device.Loader.Stream, source);
        }
        catch (Exception e) when (AcceleratorFaults.Translate(device, $"a copy to '{Name}'", e) is { } fault)
        {
            throw fault;
        }
    }

    public override void Post(long offset, ReadOnlySpan<byte> source)
    {
        ReadOnlySpan<int> words = MemoryMarshal.Cast<byte, int>(source);
        if (words.Length > PostedWords.Length || source.Length % sizeof(int) != 0 || source.IsEmpty)
        {
            Write(offset, source);
            return;
        }
        try
        {
            device.Poster(words.Length, View<int>(offset, words.Length), PostedWords.Of(words));
        }
        catch (Exception e) when (AcceleratorFaults.Translate(device, $"a copy to '{Name}'", e) is { } fault)
        {
            throw fault;
        }
    }

    public override void Read(long offset, Span<byte> destination)
    {
        if (destination.IsEmpty)
            return;
        try
        {
            Part(offset, destination.Length).CopyToCPU(device.Loader.Stream, destination);
        }
        catch (Exception e) when (AcceleratorFaults.Translate(device, $"a copy from '{Name}'", e) is { } fault)
        {
            throw fault;
        }
    }

    public override void Fill(byte value)
    {
        if (margin == 0)
            memory.View.MemSet(device.Loader.Stream, value);
        else if (Bytes > 0)
            Data.MemSet(device.Loader.Stream, value);
    }

    public override string? Damage()
    {
        if (margin == 0 || memory.IsDisposed)
            return null;
        var guard = new byte[margin];
        Read(-margin, guard);
        string? before = Guards.Explain("before its start", guard, fromEnd: true);
        Read(Bytes, guard);
        return before ?? Guards.Explain("past its end", guard, fromEnd: false);
    }

    public override void Dispose()
    {
        memory.Dispose();
        HostMemory.Release(Interlocked.Exchange(ref claimed, 0));
    }

    private ArrayView<byte> Part(long offset, long bytes) => memory.View.BaseView.SubView(margin + offset, bytes);
}
