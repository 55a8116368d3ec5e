using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Accelerated;

/// <summary>Memory of an accelerator, zeroed.</summary>
internal sealed class KernelBuffer : DeviceBuffer
{
    private readonly KernelDevice device;
    private readonly MemoryBuffer1D<byte, Stride1D.Dense> memory;

    public KernelBuffer(KernelDevice device, string name, long bytes) : base(name, bytes)
    {
        this.device = device;
        memory = device.Accelerator.Allocate1D<byte>(Math.Max(bytes, 1));
        memory.View.MemSetToZero(device.Loader.Stream);
    }

    /// <summary>A view of <paramref name="count"/> elements from a byte on.</summary>
    public ArrayView<T> View<T>(long offset, long count) where T : unmanaged =>
        memory.View.BaseView.SubView(offset, count * Interop.SizeOf<T>()).Cast<T>();

    public override void Write(long offset, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
            return;
        try
        {
            memory.View.BaseView.SubView(offset, source.Length).CopyFromCPU(device.Loader.Stream, source);
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
            memory.View.BaseView.SubView(offset, destination.Length).CopyToCPU(device.Loader.Stream, destination);
        }
        catch (Exception e) when (AcceleratorFaults.Translate(device, $"a copy from '{Name}'", e) is { } fault)
        {
            throw fault;
        }
    }

    public override void Fill(byte value) => memory.View.MemSet(device.Loader.Stream, value);

    public override void Dispose() => memory.Dispose();
}
