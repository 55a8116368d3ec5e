using ILGPU.Runtime;
using ILGPU.Runtime.Cpu;

namespace ILGPU;

/// <summary>
/// Arrays of one thread. Where all indices become constants after unrolling the compiler keeps the elements in registers.
/// Not cleared, like <see cref="SharedMemory"/>.
/// </summary>
public static class LocalMemory
{
    public static ArrayView<T> Allocate<T>(int extent) where T : unmanaged => EmulatedThread.Current.AllocateLocal<T>(extent);

    public static ArrayView1D<T, Stride1D.Dense> Allocate1D<T>(Index1D extent) where T : unmanaged => Allocate<T>(extent.X);

    public static ArrayView1D<T, TStride> Allocate1D<T, TStride>(Index1D extent, TStride stride)
        where T : unmanaged where TStride : struct, IStride1D =>
        new(Allocate<T>(stride.ComputeElementIndex(extent)), extent, stride);
}
