using System.Collections.Immutable;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace ILGPU;

/// <summary>How arithmetic may be done.</summary>
public enum MathMode
{
    /// <summary>As C# does: every operation rounds once, nothing is fused that the source does not fuse.</summary>
    Default,
    /// <summary>Multiplications and additions may be fused, division and square root approximate.</summary>
    Fast,
    /// <summary>As <see cref="Fast"/>, for float only.</summary>
    Fast32BitOnly,
}

/// <summary>Accepted for source compatibility; this compiler always optimises.</summary>
public enum OptimizationLevel
{
    Debug = 0,
    O0 = Debug,
    Release = 1,
    O1 = Release,
    O2 = 2,
}

/// <summary>What a context was built with.</summary>
public abstract class ContextProperties
{
    private protected ContextProperties() { }

    public MathMode MathMode { get; private protected set; }
    public OptimizationLevel OptimizationLevel { get; private protected set; } = OptimizationLevel.Release;
    public bool EnableProfiling { get; private protected set; }
}

/// <summary>The devices a program may use, and the accelerators made on them.</summary>
public sealed class Context : IDisposable
{
    /// <summary>The assembly that must see the types of kernels' parameters, by InternalsVisibleTo where they are internal.</summary>
    public const string RuntimeAssemblyName = "ILGPURuntime";

    private readonly List<Accelerator> accelerators = [];

    private Context(Builder builder)
    {
        Properties = builder;
        Devices = [.. builder.Registry];
    }

    public static string Version => "1.5.3";
    public ImmutableArray<Device> Devices { get; }
    public ContextProperties Properties { get; }

    public static Builder Create() => new();

    public static Context Create(Action<Builder> buildingCallback)
    {
        ArgumentNullException.ThrowIfNull(buildingCallback);
        Builder builder = new();
        buildingCallback(builder);
        return builder.ToContext();
    }

    public static Context CreateDefault() => Create(static b => b.Default());

    public TDevice GetDevice<TDevice>(int deviceIndex) where TDevice : Device => GetDevices<TDevice>()[deviceIndex];

    public DeviceCollection<TDevice> GetDevices<TDevice>() where TDevice : Device => new([.. Devices.OfType<TDevice>()]);

    /// <summary>The first GPU, or the first CPU device if that is preferred or there is no GPU.</summary>
    public Device GetPreferredDevice(bool preferCPU) => GetPreferredDevices(preferCPU, false).First();

    public IEnumerable<Device> GetPreferredDevices(bool preferCPU, bool matchingDevicesOnly)
    {
        IEnumerable<Device> Of(AcceleratorType type) => Devices.Where(d => d.AcceleratorType == type);
        IEnumerable<Device> gpus = Of(AcceleratorType.Cuda).Concat(Of(AcceleratorType.OpenCL)), cpus = Of(AcceleratorType.CPU);
        IEnumerable<Device> wanted = preferCPU ? cpus : gpus;
        return matchingDevicesOnly ? wanted : wanted.Concat(preferCPU ? gpus : cpus);
    }

    public ImmutableArray<Device>.Enumerator GetEnumerator() => Devices.GetEnumerator();

    internal void Register(Accelerator accelerator) => accelerators.Add(accelerator);

    internal void Unregister(Accelerator accelerator) => accelerators.Remove(accelerator);

    public void Dispose()
    {
        foreach (Accelerator accelerator in accelerators.ToList())
            accelerator.Dispose();
    }

    /// <summary>Devices of one kind.</summary>
    public readonly struct DeviceCollection<TDevice>(ImmutableArray<TDevice> devices) where TDevice : Device
    {
        public int Count => devices.Length;
        public TDevice this[int deviceIndex] => (uint)deviceIndex < (uint)Count
            ? devices[deviceIndex]
            : throw new ArgumentOutOfRangeException(nameof(deviceIndex), $"There is no {typeof(TDevice).Name} {deviceIndex}; the context has {Count}.");
        public ImmutableArray<TDevice>.Enumerator GetEnumerator() => devices.GetEnumerator();
    }

    /// <summary>Collects devices and properties.</summary>
    public sealed class Builder : ContextProperties
    {
        internal Builder() { }

        internal List<Device> Registry { get; } = [];

        public Builder Default() => this.DefaultCPU().Cuda().OpenCL();
        public Builder AllAccelerators() => this.CPU().Cuda().OpenCL();

        public Builder Math(MathMode mathMode)
        {
            MathMode = mathMode;
            return this;
        }

        public Builder Optimize(OptimizationLevel level)
        {
            OptimizationLevel = level;
            return this;
        }

        public Builder Profiling()
        {
            EnableProfiling = true;
            return this;
        }

        public Context ToContext() => new(this);
    }
}

/// <summary>ILGPU.Algorithms has to be asked for; here its functions are always there.</summary>
public static class AlgorithmContext
{
    public static Context.Builder EnableAlgorithms(this Context.Builder builder) => builder;
}
