using ILGPU.Compiler.Emit;

namespace ILGPU.Runtime;

/// <summary>A kernel that a driver has taken.</summary>
internal abstract unsafe class NativeKernel(KernelFacts facts) : IDisposable
{
    public KernelFacts Facts => facts;

    /// <summary>Puts a launch in the stream. Each argument is a pointer to the C# value.</summary>
    public abstract void Launch(AcceleratorStream stream, in KernelConfig config, void** arguments);

    public abstract void Dispose();
}

/// <summary>Arguments whose values are compiled into the kernel, by parameter.</summary>
internal sealed class ConstantArguments(params (int Index, object Value)[] values) : IEquatable<ConstantArguments>
{
    public static readonly ConstantArguments None = new();

    public IReadOnlyDictionary<int, object> Values { get; } = values.ToDictionary(v => v.Index, v => v.Value);

    public bool Equals(ConstantArguments? other) => other != null && Values.Count == other.Values.Count
        && Values.All(v => other.Values.TryGetValue(v.Key, out object? value) && v.Value.Equals(value));

    public override bool Equals(object? obj) => Equals(obj as ConstantArguments);
    public override int GetHashCode() => Values.Aggregate(0, (h, v) => h ^ HashCode.Combine(v.Key, v.Value));
}
