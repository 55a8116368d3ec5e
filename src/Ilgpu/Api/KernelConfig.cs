using ILGPU.Runtime;

namespace ILGPU
{
    /// <summary>Grid, group and dynamic shared memory of an explicitly grouped launch.</summary>
    public readonly struct KernelConfig
    {
        public KernelConfig(Index1D gridDim, Index1D groupDim) : this(gridDim, groupDim, default) { }
        public KernelConfig(Index1D gridDim, Index1D groupDim, SharedMemoryConfig sharedMemoryConfig)
            : this(new Index3D(gridDim, 1, 1), new Index3D(groupDim, 1, 1), sharedMemoryConfig) { }
        public KernelConfig(Index2D gridDim, Index2D groupDim) : this(gridDim, groupDim, default) { }
        public KernelConfig(Index2D gridDim, Index2D groupDim, SharedMemoryConfig sharedMemoryConfig)
            : this(new Index3D(gridDim, 1), new Index3D(groupDim, 1), sharedMemoryConfig) { }
        public KernelConfig(Index3D gridDim, Index3D groupDim) : this(gridDim, groupDim, default) { }
        public KernelConfig(int gridDimX, int gridDimY, int gridDimZ, int groupDimX, int groupDimY, int groupDimZ)
            : this(new Index3D(gridDimX, gridDimY, gridDimZ), new Index3D(groupDimX, groupDimY, groupDimZ)) { }

        public KernelConfig(Index3D gridDim, Index3D groupDim, SharedMemoryConfig sharedMemoryConfig)
        {
            GridDim = gridDim;
            GroupDim = groupDim;
            SharedMemoryConfig = sharedMemoryConfig;
        }

        public IndexType IndexType => IndexType.KernelConfig;
        public Index3D GridDim { get; }
        public Index3D GroupDim { get; }
        public SharedMemoryConfig SharedMemoryConfig { get; }
        public bool UsesDynamicSharedMemory => SharedMemoryConfig.NumElements > 0;
        public bool IsValid => Math.Min(Math.Min(GridDim.X, GridDim.Y), GridDim.Z) > 0 && Math.Min(Math.Min(GroupDim.X, GroupDim.Y), GroupDim.Z) > 0;
        public long Size => GridDim.LongSize * GroupDim.LongSize;

        public (Index3D, Index3D) ToDimensions() => (GridDim, GroupDim);
        public (Index3D, Index3D, SharedMemoryConfig) ToValueTuple() => (GridDim, GroupDim, SharedMemoryConfig);

        public void Deconstruct(out Index3D gridDim, out Index3D groupDim)
        {
            gridDim = GridDim;
            groupDim = GroupDim;
        }

        public void Deconstruct(out Index3D gridDim, out Index3D groupDim, out SharedMemoryConfig sharedMemoryConfig)
        {
            (gridDim, groupDim) = this;
            sharedMemoryConfig = SharedMemoryConfig;
        }

        public static implicit operator KernelConfig((Index1D, Index1D) dimensions) => new(dimensions.Item1, dimensions.Item2);
        public static implicit operator KernelConfig((Index3D, Index1D) dimensions) =>
            new(dimensions.Item1, new Index3D(dimensions.Item2, 1, 1));
        public static implicit operator KernelConfig((Index3D, Index2D) dimensions) =>
            new(dimensions.Item1, new Index3D(dimensions.Item2, 1));
        public static implicit operator KernelConfig((Index2D, Index2D) dimensions) => new(dimensions.Item1, dimensions.Item2);
        public static implicit operator KernelConfig((Index3D, Index3D) dimensions) => new(dimensions.Item1, dimensions.Item2);
        public static implicit operator KernelConfig((Index1D, Index1D, SharedMemoryConfig) dimensions) =>
            new(dimensions.Item1, dimensions.Item2, dimensions.Item3);
        public static implicit operator KernelConfig((Index3D, Index3D, SharedMemoryConfig) dimensions) =>
            new(dimensions.Item1, dimensions.Item2, dimensions.Item3);
        public static implicit operator (Index3D, Index3D)(KernelConfig config) => config.ToDimensions();
        public static implicit operator (Index3D, Index3D, SharedMemoryConfig)(KernelConfig config) => config.ToValueTuple();

        public override string ToString() => $"grid {GridDim}, group {GroupDim}";
    }
}

namespace ILGPU.Runtime
{
    /// <summary>How much dynamic shared memory a launch asks for.</summary>
    public readonly struct SharedMemoryConfig
    {
        private SharedMemoryConfig(int numElements, int elementSize)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(numElements);
            NumElements = numElements;
            ElementSize = elementSize;
        }

        public static SharedMemoryConfig Empty => default;
        public int NumElements { get; }
        public int ElementSize { get; }
        public int LengthInBytes => checked(NumElements * ElementSize);

        public static unsafe SharedMemoryConfig RequestDynamic<T>(int numElements) where T : unmanaged => new(numElements, sizeof(T));
    }

    /// <summary>What a kernel may be compiled for: the largest group it will be launched with, and how many groups should fit.</summary>
    public readonly struct KernelSpecialization(int? maxNumThreadsPerGroup, int? minNumGroupsPerMultiprocessor)
    {
        public static readonly KernelSpecialization Empty = default;
        public int? MaxNumThreadsPerGroup { get; } = maxNumThreadsPerGroup;
        public int? MinNumGroupsPerMultiprocessor { get; } = minNumGroupsPerMultiprocessor;
    }

    /// <summary>A kernel argument whose value is compiled into the kernel as a constant.</summary>
    public readonly struct SpecializedValue<T>(T value) where T : unmanaged, IEquatable<T>
    {
        public T Value { get; } = value;
        public static implicit operator T(SpecializedValue<T> specialized) => specialized.Value;
    }

    public static class SpecializedValue
    {
        public static SpecializedValue<T> New<T>(T value) where T : unmanaged, IEquatable<T> => new(value);
    }
}
