using System.Globalization;

namespace ILGPU.Runtime;

/// <summary>A device that an accelerator can be made on.</summary>
public abstract class Device
{
    private protected Device(AcceleratorType type) => AcceleratorType = type;

    public AcceleratorType AcceleratorType { get; }
    public string Name { get; private protected init; } = "";
    public long MemorySize { get; private protected init; }
    public Index3D MaxGridSize { get; private protected init; }
    public Index3D MaxGroupSize { get; private protected init; }
    public int MaxNumThreadsPerGroup { get; private protected init; }
    public int MaxSharedMemoryPerGroup { get; private protected init; }
    public int MaxConstantMemory { get; private protected init; }
    public int WarpSize { get; private protected init; }
    public int NumMultiprocessors { get; private protected init; }
    public int MaxNumThreadsPerMultiprocessor { get; private protected init; }
    public int MaxNumThreads => NumMultiprocessors * MaxNumThreadsPerMultiprocessor;

    public abstract Accelerator CreateAccelerator(Context context);

    public void PrintInformation(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        void Line(FormattableString line) => writer.WriteLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"Device: {Name}");
        Line($"  Type:                    {AcceleratorType}");
        Line($"  Memory:                  {MemorySize / (1024 * 1024)} MiB");
        Line($"  Max grid:                {MaxGridSize}");
        Line($"  Max group:               {MaxGroupSize}, {MaxNumThreadsPerGroup} threads");
        Line($"  Shared memory per group: {MaxSharedMemoryPerGroup} bytes");
        Line($"  Warp:                    {WarpSize}");
        Line($"  Multiprocessors:         {NumMultiprocessors}");
    }

    public override string ToString() => $"{Name} [{AcceleratorType}]";
}
