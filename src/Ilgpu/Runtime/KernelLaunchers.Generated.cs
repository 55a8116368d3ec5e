// Written by tests/Ilgpu.Tests/Generation/LauncherSource.cs; change that instead.
using System.Runtime.CompilerServices;
using ILGPU.Compiler.Frontend;

namespace ILGPU.Runtime;

internal sealed unsafe class ExplicitLauncher<T1>(Accelerator accelerator, Action<T1> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct
{
    private readonly Lock gate = new();
    private T1 a1;

    public override void Invoke() => kernel(a1);

    public void Launch(KernelConfig config, T1 arg1) => Launch(Accelerator.DefaultStream, config, arg1);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1>(Accelerator accelerator, Action<TIndex, T1> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1);
    }

    public void Launch(TIndex extent, T1 arg1) => Launch(Accelerator.DefaultStream, extent, arg1);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2>(Accelerator accelerator, Action<T1, T2> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;

    public override void Invoke() => kernel(a1, a2);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2) => Launch(Accelerator.DefaultStream, config, arg1, arg2);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2>(Accelerator accelerator, Action<TIndex, T1, T2> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2) => Launch(Accelerator.DefaultStream, extent, arg1, arg2);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3>(Accelerator accelerator, Action<T1, T2, T3> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;

    public override void Invoke() => kernel(a1, a2, a3);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3>(Accelerator accelerator, Action<TIndex, T1, T2, T3> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4>(Accelerator accelerator, Action<T1, T2, T3, T4> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;

    public override void Invoke() => kernel(a1, a2, a3, a4);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4, T5>(Accelerator accelerator, Action<T1, T2, T3, T4, T5> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;

    public override void Invoke() => kernel(a1, a2, a3, a4, a5);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4, arg5);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4, T5>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4, T5> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4, a5);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4, arg5);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4, T5, T6>(Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;

    public override void Invoke() => kernel(a1, a2, a3, a4, a5, a6);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4, arg5, arg6);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4, T5, T6>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4, T5, T6> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4, a5, a6);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4, arg5, arg6);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4, T5, T6, T7>(Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;

    public override void Invoke() => kernel(a1, a2, a3, a4, a5, a6, a7);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4, arg5, arg6, arg7);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4, T5, T6, T7>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4, T5, T6, T7> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4, a5, a6, a7);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4, arg5, arg6, arg7);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4, T5, T6, T7, T8>(Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;

    public override void Invoke() => kernel(a1, a2, a3, a4, a5, a6, a7, a8);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4, T5, T6, T7, T8>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4, a5, a6, a7, a8);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4, T5, T6, T7, T8, T9>(Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;

    public override void Invoke() => kernel(a1, a2, a3, a4, a5, a6, a7, a8, a9);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4, a5, a6, a7, a8, a9);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;
    private T10 a10;

    public override void Invoke() => kernel(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9), Unsafe.AsPointer(ref arg10) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            a10 = arg10;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;
    private T10 a10;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9), Unsafe.AsPointer(ref arg10) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            a10 = arg10;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;
    private T10 a10;
    private T11 a11;

    public override void Invoke() => kernel(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10, arg11);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9), Unsafe.AsPointer(ref arg10), Unsafe.AsPointer(ref arg11) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            a10 = arg10;
            a11 = arg11;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;
    private T10 a10;
    private T11 a11;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10, arg11);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9), Unsafe.AsPointer(ref arg10), Unsafe.AsPointer(ref arg11) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            a10 = arg10;
            a11 = arg11;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct where T12 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;
    private T10 a10;
    private T11 a11;
    private T12 a12;

    public override void Invoke() => kernel(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10, arg11, arg12);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9), Unsafe.AsPointer(ref arg10), Unsafe.AsPointer(ref arg11), Unsafe.AsPointer(ref arg12) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            a10 = arg10;
            a11 = arg11;
            a12 = arg12;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct where T12 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;
    private T10 a10;
    private T11 a11;
    private T12 a12;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10, arg11, arg12);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9), Unsafe.AsPointer(ref arg10), Unsafe.AsPointer(ref arg11), Unsafe.AsPointer(ref arg12) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            a10 = arg10;
            a11 = arg11;
            a12 = arg12;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct where T12 : struct where T13 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;
    private T10 a10;
    private T11 a11;
    private T12 a12;
    private T13 a13;

    public override void Invoke() => kernel(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12, T13 arg13) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10, arg11, arg12, arg13);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12, T13 arg13)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9), Unsafe.AsPointer(ref arg10), Unsafe.AsPointer(ref arg11), Unsafe.AsPointer(ref arg12), Unsafe.AsPointer(ref arg13) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            a10 = arg10;
            a11 = arg11;
            a12 = arg12;
            a13 = arg13;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct where T12 : struct where T13 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;
    private T10 a10;
    private T11 a11;
    private T12 a12;
    private T13 a13;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12, T13 arg13) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10, arg11, arg12, arg13);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12, T13 arg13)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9), Unsafe.AsPointer(ref arg10), Unsafe.AsPointer(ref arg11), Unsafe.AsPointer(ref arg12), Unsafe.AsPointer(ref arg13) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            a10 = arg10;
            a11 = arg11;
            a12 = arg12;
            a13 = arg13;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ExplicitLauncher<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14> kernel, KernelSpecialization specialization)
    : KernelLauncher(accelerator, kernel, KernelForm.Explicit, specialization)
    where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct where T12 : struct where T13 : struct where T14 : struct
{
    private readonly Lock gate = new();
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;
    private T10 a10;
    private T11 a11;
    private T12 a12;
    private T13 a13;
    private T14 a14;

    public override void Invoke() => kernel(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14);

    public void Launch(KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12, T13 arg13, T14 arg14) => Launch(Accelerator.DefaultStream, config, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10, arg11, arg12, arg13, arg14);

    public void Launch(AcceleratorStream stream, KernelConfig config, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12, T13 arg13, T14 arg14)
    {
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9), Unsafe.AsPointer(ref arg10), Unsafe.AsPointer(ref arg11), Unsafe.AsPointer(ref arg12), Unsafe.AsPointer(ref arg13), Unsafe.AsPointer(ref arg14) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            a10 = arg10;
            a11 = arg11;
            a12 = arg12;
            a13 = arg13;
            a14 = arg14;
            LaunchEmulated(stream, config, arguments);
        }
    }
}

internal sealed unsafe class ImplicitLauncher<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(Accelerator accelerator, Action<TIndex, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14> kernel, int groupSize)
    : KernelLauncher(accelerator, kernel, KernelForm.Implicit, default)
    where TIndex : struct, IIndex where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct where T12 : struct where T13 : struct where T14 : struct
{
    private readonly Lock gate = new();
    private TIndex range;
    private T1 a1;
    private T2 a2;
    private T3 a3;
    private T4 a4;
    private T5 a5;
    private T6 a6;
    private T7 a7;
    private T8 a8;
    private T9 a9;
    private T10 a10;
    private T11 a11;
    private T12 a12;
    private T13 a13;
    private T14 a14;

    public override void Invoke()
    {
        if (TryGetIndex(range, out TIndex index))
            kernel(index, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14);
    }

    public void Launch(TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12, T13 arg13, T14 arg14) => Launch(Accelerator.DefaultStream, extent, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, arg10, arg11, arg12, arg13, arg14);

    public void Launch(AcceleratorStream stream, TIndex extent, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9, T10 arg10, T11 arg11, T12 arg12, T13 arg13, T14 arg14)
    {
        if (!Configure(extent.LongSize, groupSize, out KernelConfig config))
            return;
        void** arguments = stackalloc void*[] { Unsafe.AsPointer(ref extent), Unsafe.AsPointer(ref arg1), Unsafe.AsPointer(ref arg2), Unsafe.AsPointer(ref arg3), Unsafe.AsPointer(ref arg4), Unsafe.AsPointer(ref arg5), Unsafe.AsPointer(ref arg6), Unsafe.AsPointer(ref arg7), Unsafe.AsPointer(ref arg8), Unsafe.AsPointer(ref arg9), Unsafe.AsPointer(ref arg10), Unsafe.AsPointer(ref arg11), Unsafe.AsPointer(ref arg12), Unsafe.AsPointer(ref arg13), Unsafe.AsPointer(ref arg14) };
        if (!IsEmulated)
        {
            LaunchNative(stream, config, arguments);
            return;
        }
        lock (gate)
        {
            range = extent;
            a1 = arg1;
            a2 = arg2;
            a3 = arg3;
            a4 = arg4;
            a5 = arg5;
            a6 = arg6;
            a7 = arg7;
            a8 = arg8;
            a9 = arg9;
            a10 = arg10;
            a11 = arg11;
            a12 = arg12;
            a13 = arg13;
            a14 = arg14;
            LaunchEmulated(stream, config, arguments);
        }
    }
}
