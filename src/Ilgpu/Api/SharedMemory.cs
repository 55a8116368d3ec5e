using ILGPU.Runtime;
using ILGPU.Runtime.Cpu;

namespace ILGPU;

/// <summary>
/// Memory that a group's threads share. It is not cleared: the emulated device fills it with 0xFF (NaN), so that reading
/// before writing shows. One allocation in the source is one block a group; its size must be a compile-time constant.
/// </summary>
public static class SharedMemory
{
    public static unsafe ref T Allocate<T>() where T : unmanaged => ref Allocate<T>(1)[0];

    public static ArrayView<T> Allocate<T>(int extent) where T : unmanaged => EmulatedThread.Current.AllocateShared<T>(extent);

    public static ArrayView1D<T, Stride1D.Dense> Allocate1D<T>(Index1D extent) where T : unmanaged => Allocate<T>(extent.X);

    public static ArrayView1D<T, TStride> Allocate1D<T, TStride>(Index1D extent, TStride stride)
        where T : unmanaged where TStride : struct, IStride1D =>
        new(Allocate<T>(stride.ComputeElementIndex(extent)), extent, stride);

    public static ArrayView2D<T, Stride2D.DenseX> Allocate2DDenseX<T>(in Index2D extent) where T : unmanaged =>
        new(Allocate<T>(extent.X * extent.Y), extent, new Stride2D.DenseX(extent.X));

    public static ArrayView2D<T, Stride2D.DenseY> Allocate2DDenseY<T>(in Index2D extent) where T : unmanaged =>
        new(Allocate<T>(extent.X * extent.Y), extent, new Stride2D.DenseY(extent.Y));

    /// <summary>The memory that the launch asked for in its <see cref="SharedMemoryConfig"/>.</summary>
    public static ArrayView<T> GetDynamic<T>() where T : unmanaged => EmulatedThread.Current.DynamicShared<T>();
}
