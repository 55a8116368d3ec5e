using System.Collections.Concurrent;
using ILGPU.Runtime.Caching;
using ILGPU.Runtime.Cpu;

namespace ILGPU.Runtime;

/// <summary>A device in use: allocates memory, loads kernels, owns streams.</summary>
public abstract class Accelerator : IDisposable
{
    [ThreadStatic]
    private static Accelerator? current;

    private readonly ConcurrentDictionary<KernelRequest, NativeKernel> kernels = new();
    private readonly HashSet<AcceleratorObject> children = [];
    private readonly Lock gate = new();

    private protected Accelerator(Context context, Device device)
    {
        ArgumentNullException.ThrowIfNull(context);
        Context = context;
        Device = device;
        context.Register(this);
    }

    /// <summary>In a kernel: what it runs on, a constant of the compilation.</summary>
    public static AcceleratorType CurrentType => AcceleratorType.CPU;
    public static Accelerator? Current => current;

    public Context Context { get; }
    public Device Device { get; }
    public AcceleratorStream DefaultStream { get; private protected set; } = null!;
    public IntPtr NativePtr { get; private protected set; }
    public AcceleratorType AcceleratorType => Device.AcceleratorType;
    public string Name => Device.Name;
    public long MemorySize => Device.MemorySize;
    public Index3D MaxGridSize => Device.MaxGridSize;
    public Index3D MaxGroupSize => Device.MaxGroupSize;
    public int MaxNumThreadsPerGroup => Device.MaxNumThreadsPerGroup;
    public int MaxSharedMemoryPerGroup => Device.MaxSharedMemoryPerGroup;
    public int MaxConstantMemory => Device.MaxConstantMemory;
    public int WarpSize => Device.WarpSize;
    public int NumMultiprocessors => Device.NumMultiprocessors;
    public int MaxNumThreadsPerMultiprocessor => Device.MaxNumThreadsPerMultiprocessor;
    public int MaxNumThreads => Device.MaxNumThreads;
    public bool IsDisposed { get; private set; }

    public int NumberChildObjects
    {
        get
        {
            lock (gate)
                return children.Count;
        }
    }

    public MemoryBuffer1D<T, Stride1D.Dense> Allocate1D<T>(long length) where T : unmanaged
    {
        MemoryBuffer raw = AllocateRaw(length, Interop.SizeOf<T>());
        return new(raw, new ArrayView<T>(raw, 0, length));
    }

    /// <summary>Uninitialised memory; devices for testing fill it with 0xFF.</summary>
    public MemoryBuffer AllocateRaw(long length, int elementSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(elementSize);
        _ = checked(length * elementSize);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        Bind();
        return AllocateCore(length, elementSize);
    }

    public AcceleratorStream CreateStream()
    {
        Bind();
        return CreateStreamCore();
    }

    /// <summary>Waits for all streams; here asynchronous device errors show.</summary>
    public void Synchronize()
    {
        Bind();
        SynchronizeCore();
    }

    /// <summary>Makes this the accelerator that the calling thread's driver calls go to.</summary>
    public void Bind()
    {
        if (current == this)
            return;
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        BindCore();
        current = this;
    }

    public void PrintInformation(TextWriter writer) => Device.PrintInformation(writer);

    public PageLockScope<T> CreatePageLockFromPinned<T>(IntPtr pinned, long numElements) where T : unmanaged
    {
        Bind();
        return new PageLockScope<T>(this, pinned, numElements);
    }

    /// <summary>The array must be pinned (GC.AllocateArray(pinned: true)) and stay alive as long as the scope.</summary>
    public unsafe PageLockScope<T> CreatePageLockFromPinned<T>(T[] pinned) where T : unmanaged
    {
        fixed (T* data = pinned)
            return CreatePageLockFromPinned<T>((nint)data, pinned.Length);
    }

    public void Dispose()
    {
        if (IsDisposed)
            return;
        Bind();
        List<AcceleratorObject> owned;
        lock (gate)
            owned = [.. children];
        foreach (AcceleratorObject child in owned)
            child.Dispose();
        foreach (NativeKernel kernel in kernels.Values)
            kernel.Dispose();
        IsDisposed = true;
        Context.Unregister(this);
        DisposeCore();
        current = null;
        GC.SuppressFinalize(this);
    }

    internal void AddChild(AcceleratorObject child)
    {
        lock (gate)
            children.Add(child);
    }

    internal void RemoveChild(AcceleratorObject child)
    {
        lock (gate)
            children.Remove(child);
    }

    /// <summary>The compiled kernel, from this accelerator's cache or newly built.</summary>
    internal NativeKernel GetKernel(KernelRequest request) => kernels.GetOrAdd(request, r =>
    {
        Bind();
        return BuildKernel(r);
    });

    /// <summary>Where compiled kernels come from; null where none are compiled.</summary>
    internal virtual KernelStore? Kernels => null;

    /// <summary>Kernels run as C# on the host.</summary>
    internal virtual bool IsEmulated => false;

    /// <summary>The group size of implicitly grouped kernels.</summary>
    internal virtual int AutoGroupSize => Math.Min(256, MaxNumThreadsPerGroup);

    internal abstract MemoryBuffer AllocateCore(long length, int elementSize);
    internal abstract AcceleratorStream CreateStreamCore();
    internal abstract void SynchronizeCore();
    internal abstract void BindCore();
    internal abstract void DisposeCore();
    internal abstract NativeKernel BuildKernel(KernelRequest request);
    internal virtual void RunEmulated(KernelCall call, string name, in KernelConfig config) => throw new NotSupportedException();
    internal virtual void LockPages(nint address, long bytes) { }
    internal virtual void UnlockPages(nint address) { }
}
