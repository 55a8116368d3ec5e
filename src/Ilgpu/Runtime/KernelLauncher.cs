using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU.Compiler.Frontend;
using ILGPU.Runtime.Caching;
using ILGPU.Runtime.Cpu;

namespace ILGPU.Runtime;

/// <summary>
/// What stands behind the delegate that a loader returns: it takes the arguments' addresses, on the stack, and hands them to
/// the driver; a launch allocates nothing. Emulated kernels keep the arguments in the generated subclass, which then calls
/// the C# method for each thread.
/// </summary>
internal abstract unsafe class KernelLauncher : KernelCall
{
    private readonly Delegate kernel;
    private readonly KernelForm form;
    private readonly KernelSpecialization specialization;
    private readonly NativeKernel? native;
    private readonly (int Argument, int Offset)[] views;
    private readonly int[] specialized;
    private readonly List<(byte[] Key, NativeKernel Kernel)> variants = [];

    protected KernelLauncher(Accelerator accelerator, Delegate kernel, KernelForm form, KernelSpecialization specialization)
    {
        ArgumentNullException.ThrowIfNull(accelerator);
        ArgumentNullException.ThrowIfNull(kernel);
        KernelSignature.Check(kernel.Method);
        Accelerator = accelerator;
        this.kernel = kernel;
        this.form = form;
        this.specialization = specialization;
        ParameterInfo[] parameters = kernel.Method.GetParameters();
        specialized = [.. Enumerable.Range(0, parameters.Length).Where(i => IsSpecialized(parameters[i].ParameterType))];
        views = [.. parameters.SelectMany((p, i) => FindViews(p.ParameterType, 0).Select(o => (i, o)))];
        if (!accelerator.IsEmulated && specialized.Length == 0)
            native = accelerator.GetKernel(new KernelRequest(kernel.Method, form, specialization, ConstantArguments.None));
    }

    protected Accelerator Accelerator { get; }
    protected bool IsEmulated => Accelerator.IsEmulated;

    private static bool IsSpecialized(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(SpecializedValue<>);

    /// <summary>Where in an argument the buffer handles of views are.</summary>
    private static IEnumerable<int> FindViews(Type type, int offset)
    {
        if (DeviceLayout.IsView(type))
            return [offset + DeviceLayout.OffsetOfSource(type)];
        if (type.IsPrimitive || type.IsEnum || !DeviceLayout.IsPlain(type))
            return [];
        return type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .SelectMany(f => FindViews(f.FieldType, offset + DeviceLayout.FieldOffset(type, f)));
    }

    protected void LaunchNative(AcceleratorStream stream, in KernelConfig config, void** arguments)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Check(config, arguments);
        Accelerator.Bind();
        (native ?? Variant(arguments)).Launch(stream, config, arguments);
    }

    protected void LaunchEmulated(AcceleratorStream stream, in KernelConfig config, void** arguments)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Check(config, arguments);
        Accelerator.RunEmulated(this, kernel.Method.Name, config);
    }

    /// <summary>Grid and group of an implicitly grouped kernel; false where there is nothing to do.</summary>
    protected bool Configure(long extent, int groupSize, out KernelConfig config)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(extent);
        int size = groupSize > 0 ? groupSize : Accelerator.AutoGroupSize;
        long groups = (extent + size - 1) / size;
        if (groups > int.MaxValue || form == KernelForm.Implicit && extent > int.MaxValue && kernel.Method.GetParameters()[0].ParameterType != typeof(LongIndex1D))
            throw new ArgumentOutOfRangeException(nameof(extent), $"Kernel '{kernel.Method.Name}': an extent of {extent} needs LongIndex1D.");
        config = new KernelConfig(Math.Max((int)groups, 1), size);
        return extent > 0;
    }

    private void Check(in KernelConfig config, void** arguments)
    {
        if (!config.IsValid || config.GroupDim.LongSize > Accelerator.MaxNumThreadsPerGroup)
            ThrowConfig(config);
        foreach ((int argument, int offset) in views)
        {
            int handle = *(int*)((byte*)arguments[argument] + offset);
            if (handle != 0 && BufferTable.Get(handle).Accelerator != Accelerator)
                ThrowForeign(argument);
        }
    }

    private void ThrowConfig(in KernelConfig config) => throw new ArgumentOutOfRangeException(nameof(config),
        $"Kernel '{kernel.Method.Name}' cannot be launched with {config}: each dimension is at least 1, and a group has at most {Accelerator.MaxNumThreadsPerGroup} threads on {Accelerator.Name}.");

    private void ThrowForeign(int argument) => throw new ArgumentException(
        $"Kernel '{kernel.Method.Name}': the view '{kernel.Method.GetParameters()[argument].Name}' is of another accelerator's memory.");

    /// <summary>The kernel compiled for these values of the specialized arguments.</summary>
    private NativeKernel Variant(void** arguments)
    {
        lock (variants)
        {
            foreach ((byte[] key, NativeKernel known) in variants)
            {
                if (Matches(key, arguments))
                    return known;
            }
            ParameterInfo[] parameters = kernel.Method.GetParameters();
            using MemoryStream bytes = new();
            List<(int, object)> values = [];
            foreach (int index in specialized)
            {
                Type type = parameters[index].ParameterType;
                ReadOnlySpan<byte> value = new(arguments[index], DeviceLayout.Of(type).Size);
                bytes.Write(value);
                values.Add((index, DeviceLayout.Box(type, value)));
            }
            NativeKernel built = Accelerator.GetKernel(new KernelRequest(kernel.Method, form, specialization, new ConstantArguments([.. values])));
            variants.Add((bytes.ToArray(), built));
            return built;
        }
    }

    private bool Matches(byte[] key, void** arguments)
    {
        int at = 0;
        ParameterInfo[]? parameters = null;
        foreach (int index in specialized)
        {
            parameters ??= kernel.Method.GetParameters();
            int size = DeviceLayout.Of(parameters[index].ParameterType).Size;
            if (!new ReadOnlySpan<byte>(arguments[index], size).SequenceEqual(key.AsSpan(at, size)))
                return false;
            at += size;
        }
        return true;
    }

    /// <summary>The index of the running emulated thread within an extent; false beyond it.</summary>
    protected static bool TryGetIndex<TIndex>(TIndex extent, out TIndex index) where TIndex : struct, IIndex
    {
        EmulatedThread thread = EmulatedThread.Current;
        long linear = (long)thread.GridIdxX * thread.Launch.GroupDim.X + thread.GroupIdxX;
        index = default;
        if (linear >= extent.LongSize)
            return false;
        if (typeof(TIndex) == typeof(Index1D))
            Unsafe.As<TIndex, Index1D>(ref index) = new((int)linear);
        else if (typeof(TIndex) == typeof(LongIndex1D))
            Unsafe.As<TIndex, LongIndex1D>(ref index) = new(linear);
        else if (typeof(TIndex) == typeof(Index2D))
            Unsafe.As<TIndex, Index2D>(ref index) = Fold(linear, Unsafe.As<TIndex, Index2D>(ref extent));
        else if (typeof(TIndex) == typeof(Index3D))
            Unsafe.As<TIndex, Index3D>(ref index) = Fold(linear, Unsafe.As<TIndex, Index3D>(ref extent));
        else
            throw new NotSupportedException($"{typeof(TIndex).Name} is no index of implicitly grouped kernels.");
        return true;
    }

    private static Index2D Fold(long linear, Index2D extent) => new((int)(linear % extent.X), (int)(linear / extent.X));

    private static Index3D Fold(long linear, Index3D extent) =>
        new((int)(linear % extent.X), (int)(linear / extent.X % extent.Y), (int)(linear / extent.X / extent.Y));
}
