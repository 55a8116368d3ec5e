using ILGPU;
using ILGPU.Runtime;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

// One overload per number of parameters, as in ILGPU.
internal sealed partial class KernelLoader
{
    public Action<KernelConfig, T1> Groups<T1>(Action<T1> kernel, KernelSpecialization threads) where T1 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, KernelConfig, T1>>(Load(kernel.Method, threads));
        return (config, a1) => launch.Value(Stream, config, a1);
    }

    public Action<KernelConfig, T1, T2> Groups<T1, T2>(Action<T1, T2> kernel, KernelSpecialization threads) where T1 : struct where T2 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, KernelConfig, T1, T2>>(Load(kernel.Method, threads));
        return (config, a1, a2) => launch.Value(Stream, config, a1, a2);
    }

    public Action<KernelConfig, T1, T2, T3> Groups<T1, T2, T3>(Action<T1, T2, T3> kernel, KernelSpecialization threads) where T1 : struct where T2 : struct where T3 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, KernelConfig, T1, T2, T3>>(Load(kernel.Method, threads));
        return (config, a1, a2, a3) => launch.Value(Stream, config, a1, a2, a3);
    }

    public Action<KernelConfig, T1, T2, T3, T4> Groups<T1, T2, T3, T4>(Action<T1, T2, T3, T4> kernel, KernelSpecialization threads) where T1 : struct where T2 : struct where T3 : struct where T4 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4>>(Load(kernel.Method, threads));
        return (config, a1, a2, a3, a4) => launch.Value(Stream, config, a1, a2, a3, a4);
    }

    public Action<KernelConfig, T1, T2, T3, T4, T5> Groups<T1, T2, T3, T4, T5>(Action<T1, T2, T3, T4, T5> kernel, KernelSpecialization threads) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5>>(Load(kernel.Method, threads));
        return (config, a1, a2, a3, a4, a5) => launch.Value(Stream, config, a1, a2, a3, a4, a5);
    }

    public Action<KernelConfig, T1, T2, T3, T4, T5, T6> Groups<T1, T2, T3, T4, T5, T6>(Action<T1, T2, T3, T4, T5, T6> kernel, KernelSpecialization threads) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6>>(Load(kernel.Method, threads));
        return (config, a1, a2, a3, a4, a5, a6) => launch.Value(Stream, config, a1, a2, a3, a4, a5, a6);
    }

    public Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7> Groups<T1, T2, T3, T4, T5, T6, T7>(Action<T1, T2, T3, T4, T5, T6, T7> kernel, KernelSpecialization threads) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7>>(Load(kernel.Method, threads));
        return (config, a1, a2, a3, a4, a5, a6, a7) => launch.Value(Stream, config, a1, a2, a3, a4, a5, a6, a7);
    }

    public Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8> Groups<T1, T2, T3, T4, T5, T6, T7, T8>(Action<T1, T2, T3, T4, T5, T6, T7, T8> kernel, KernelSpecialization threads) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8>>(Load(kernel.Method, threads));
        return (config, a1, a2, a3, a4, a5, a6, a7, a8) => launch.Value(Stream, config, a1, a2, a3, a4, a5, a6, a7, a8);
    }

    public Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9> Groups<T1, T2, T3, T4, T5, T6, T7, T8, T9>(Action<T1, T2, T3, T4, T5, T6, T7, T8, T9> kernel, KernelSpecialization threads) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9>>(Load(kernel.Method, threads));
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9) => launch.Value(Stream, config, a1, a2, a3, a4, a5, a6, a7, a8, a9);
    }

    public Action<Index1D, T1> Items<T1>(Action<Index1D, T1> kernel) where T1 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, Index1D, T1>>(Load(kernel.Method, default));
        return (count, a1) => launch.Value(Stream, count, a1);
    }

    public Action<Index1D, T1, T2> Items<T1, T2>(Action<Index1D, T1, T2> kernel) where T1 : struct where T2 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, Index1D, T1, T2>>(Load(kernel.Method, default));
        return (count, a1, a2) => launch.Value(Stream, count, a1, a2);
    }

    public Action<Index1D, T1, T2, T3> Items<T1, T2, T3>(Action<Index1D, T1, T2, T3> kernel) where T1 : struct where T2 : struct where T3 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, Index1D, T1, T2, T3>>(Load(kernel.Method, default));
        return (count, a1, a2, a3) => launch.Value(Stream, count, a1, a2, a3);
    }

    public Action<Index1D, T1, T2, T3, T4> Items<T1, T2, T3, T4>(Action<Index1D, T1, T2, T3, T4> kernel) where T1 : struct where T2 : struct where T3 : struct where T4 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, Index1D, T1, T2, T3, T4>>(Load(kernel.Method, default));
        return (count, a1, a2, a3, a4) => launch.Value(Stream, count, a1, a2, a3, a4);
    }

    public Action<Index1D, T1, T2, T3, T4, T5> Items<T1, T2, T3, T4, T5>(Action<Index1D, T1, T2, T3, T4, T5> kernel) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, Index1D, T1, T2, T3, T4, T5>>(Load(kernel.Method, default));
        return (count, a1, a2, a3, a4, a5) => launch.Value(Stream, count, a1, a2, a3, a4, a5);
    }

    public Action<Index1D, T1, T2, T3, T4, T5, T6> Items<T1, T2, T3, T4, T5, T6>(Action<Index1D, T1, T2, T3, T4, T5, T6> kernel) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, Index1D, T1, T2, T3, T4, T5, T6>>(Load(kernel.Method, default));
        return (count, a1, a2, a3, a4, a5, a6) => launch.Value(Stream, count, a1, a2, a3, a4, a5, a6);
    }

    public Action<Index1D, T1, T2, T3, T4, T5, T6, T7> Items<T1, T2, T3, T4, T5, T6, T7>(Action<Index1D, T1, T2, T3, T4, T5, T6, T7> kernel) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, Index1D, T1, T2, T3, T4, T5, T6, T7>>(Load(kernel.Method, default));
        return (count, a1, a2, a3, a4, a5, a6, a7) => launch.Value(Stream, count, a1, a2, a3, a4, a5, a6, a7);
    }

    public Action<Index1D, T1, T2, T3, T4, T5, T6, T7, T8> Items<T1, T2, T3, T4, T5, T6, T7, T8>(Action<Index1D, T1, T2, T3, T4, T5, T6, T7, T8> kernel) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, Index1D, T1, T2, T3, T4, T5, T6, T7, T8>>(Load(kernel.Method, default));
        return (count, a1, a2, a3, a4, a5, a6, a7, a8) => launch.Value(Stream, count, a1, a2, a3, a4, a5, a6, a7, a8);
    }

    public Action<Index1D, T1, T2, T3, T4, T5, T6, T7, T8, T9> Items<T1, T2, T3, T4, T5, T6, T7, T8, T9>(Action<Index1D, T1, T2, T3, T4, T5, T6, T7, T8, T9> kernel) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct
    {
        var launch = new Launcher<Action<AcceleratorStream, Index1D, T1, T2, T3, T4, T5, T6, T7, T8, T9>>(Load(kernel.Method, default));
        return (count, a1, a2, a3, a4, a5, a6, a7, a8, a9) => launch.Value(Stream, count, a1, a2, a3, a4, a5, a6, a7, a8, a9);
    }
}
