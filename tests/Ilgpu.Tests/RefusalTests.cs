using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Bundled;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>What no device can do is refused with one message that names kernel, method, instruction and reason.</summary>
public sealed class RefusalTests
{
    private static int counter;
    private static readonly int[] Table = [1, 2, 3];

    private sealed class Box
    {
        public int Value;
    }

    private interface IThing
    {
        int Get();
    }

    private struct Thing : IThing
    {
        public readonly int Get() => 1;
    }

    private static void NewObject(Index1D i, ArrayView<int> x) => x[i] = new Box { Value = i }.Value;
    private static void Boxing(Index1D i, ArrayView<int> x) => x[i] = ((IThing)default(Thing)).Get();
    private static void Strings(Index1D i, ArrayView<int> x) => x[i] = "abc"[x[i]];
    private static void Output(Index1D i, ArrayView<int> x) => Console.WriteLine("hello");
    private static void Throwing(Index1D i, ArrayView<int> x)
    {
        if (x[i] < 0)
            throw new InvalidOperationException();
        x[i] = 1;
    }

    private static void StaticState(Index1D i, ArrayView<int> x) => x[i] = counter++;
    private static void ManagedArray(Index1D i, ArrayView<int> x) => x[i] = Table[i];
    private static void NewArray(Index1D i, ArrayView<int> x) => x[i] = new int[3].Length;
    private static int Factorial(int n) => n <= 1 ? 1 : n * Factorial(n - 1);
    private static void Recursion(Index1D i, ArrayView<int> x) => x[i] = Factorial(i);
    private static void ClassLibrary(Index1D i, ArrayView<int> x) => x[i] = Environment.TickCount;
    private static void DoubleFunction(Index1D i, ArrayView<double> x) => x[i] = Math.Exp(x[i]);
    private static void Checked(Index1D i, ArrayView<int> x) => x[i] = checked(x[i] + 1);
    private static void Delegates(Index1D i, ArrayView<int> x)
    {
        Func<int, int> f = v => v + 1;
        x[i] = f(x[i]);
    }

    private static void TryFinally(Index1D i, ArrayView<int> x)
    {
        try
        {
            x[i] = 1;
        }
        finally
        {
            x[i] += 1;
        }
    }

    private static unsafe void StackAlloc(Index1D i, ArrayView<int> x)
    {
        int* p = stackalloc int[4];
        p[i & 3] = 1;
        x[i] = p[0];
    }

    private static void DynamicSize(Index1D i, ArrayView<int> x) => x[i] = LocalMemory.Allocate<int>(x.IntLength)[i];

    private static void MixedSpaces(Index1D i, ArrayView<int> x)
    {
        ArrayView<int> local = LocalMemory.Allocate<int>(4);
        ArrayView<int> either = x[i] > 0 ? local : x;
        either[x[i] & 3] = 1;
    }

    private static void Assembly(Index1D i, ArrayView<float> x)
    {
        CudaAsm.Emit("ex2.approx.f32 %0, %1;", out float y, x[i]);
        x[i] = y;
    }

    private static float Deep(float x) => Deeper(x) + 1;
    private static float Deeper(float x) => x < 0 ? throw new ArgumentException("negative") : x;
    private static void Nested(Index1D i, ArrayView<float> x) => x[i] = Deep(x[i]);
    private static int Returns(Index1D i, ArrayView<float> x) => i;

    private static Delegate Of(Action<Index1D, ArrayView<int>> kernel) => kernel;

    public static TheoryData<string, string[]> Refused() => new()
    {
        { nameof(NewObject), ["creates an object of class Box", "RefusalTests.NewObject at IL_", "newobj"] },
        { nameof(Boxing), ["boxes a Thing"] },
        { nameof(Strings), ["String.get_Chars is not available in kernels; a device has no strings"] },
        { nameof(Output), ["Console.WriteLine is not available in kernels; a device has no strings"] },
        { nameof(Throwing), ["it throws InvalidOperationException; a device has no exceptions"] },
        { nameof(StaticState), ["the static field 'counter' can change; make it readonly or const", "ldsfld counter"] },
        { nameof(ManagedArray), ["Int32[] is no unmanaged value type", "ldsfld Table"] },
        { nameof(NewArray), ["uses a managed array; use LocalMemory or SharedMemory"] },
        { nameof(Recursion), ["RefusalTests.Factorial calls itself; a device has no stack for recursion", "called from RefusalTests.Recursion"] },
        { nameof(ClassLibrary), ["Environment.get_TickCount is not available in kernels"] },
        { nameof(Checked), ["checked arithmetic, which would throw; use unchecked", "add.ovf"] },
        { nameof(Delegates), ["the static field", "can change"] },
        { nameof(TryFinally), ["has try/catch/finally"] },
        { nameof(StackAlloc), ["stackalloc; use LocalMemory.Allocate"] },
        { nameof(DynamicSize), ["LocalMemory.Allocate: its size must be a positive compile-time constant", "RefusalTests.DynamicSize at IL_"] },
        { nameof(MixedSpaces), ["points into global memory on one path and into local memory on another"] },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_program_no_device_can_run_is_refused_with_its_reason(string name, string[] parts)
    {
        Delegate kernel = Delegate.CreateDelegate(typeof(Action<Index1D, ArrayView<int>>),
            typeof(RefusalTests).GetMethod(name, System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!);
        KernelRefusedException e = Assert.Throws<KernelRefusedException>(() => KernelInspection.ToPtx(kernel));
        Messages.Has(e, [$"Kernel 'RefusalTests.{name}' cannot run on a device", .. parts]);
        Assert.DoesNotContain("\n", e.Message, StringComparison.Ordinal);
        Assert.Equal(e.Message, Assert.Throws<KernelRefusedException>(() => KernelInspection.ToOpenCL(kernel)).Message);
    }

    [Fact]
    public void The_message_names_the_chain_of_calls()
    {
        KernelRefusedException e = Assert.Throws<KernelRefusedException>(() => KernelInspection.ToPtx((Action<Index1D, ArrayView<float>>)Nested));
        Messages.Has(e, "In RefusalTests.Deeper at IL_", "called from RefusalTests.Deep at IL_", "called from RefusalTests.Nested at IL_");
    }

    [Fact]
    public void A_function_of_double_is_refused_on_a_device()
    {
        KernelRefusedException e = Assert.Throws<KernelRefusedException>(() => KernelInspection.ToPtx((Action<Index1D, ArrayView<double>>)DoubleFunction));
        Messages.Has(e, "Math.Exp is not available in kernels (functions of double that are more than an instruction run on the host only)");
    }

    [Fact]
    public void Assembly_is_refused_off_CUDA_only()
    {
        Assert.Contains("ex2.approx.f32", KernelInspection.ToPtx((Action<Index1D, ArrayView<float>>)Assembly), StringComparison.Ordinal);
        KernelRefusedException e = Assert.Throws<KernelRefusedException>(() => KernelInspection.ToOpenCL((Action<Index1D, ArrayView<float>>)Assembly));
        Messages.Has(e, "CudaAsm is reachable; ask CudaAsm.IsSupported first");
    }

    [Fact]
    public void A_kernel_returns_nothing()
    {
        KernelRefusedException e = Assert.Throws<KernelRefusedException>(() => KernelInspection.ToPtx((Func<Index1D, ArrayView<float>, int>)Returns));
        Messages.Has(e, "Kernel 'RefusalTests.Returns' returns a value");
    }

    [Fact]
    public void A_lambda_that_captures_is_refused()
    {
        int captured = counter + 3;
        Action<Index1D, ArrayView<int>> kernel = (i, x) => x[i] = captured;
        KernelRefusedException e = Assert.Throws<KernelRefusedException>(() => KernelInspection.ToPtx(Of(kernel)));
        Messages.Has(e, "captures the variable 'captured'; pass it as an argument");
    }

    [Fact]
    public void A_kernel_parameter_must_be_unmanaged()
    {
        KernelRefusedException e = Assert.Throws<KernelRefusedException>(() => KernelInspection.ToPtx((Action<Index1D, (string, int)>)((_, _) => { })));
        Messages.Has(e, "its parameter '_' cannot be passed");
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void Loading_a_refused_kernel_throws(string device) =>
        Assert.Throws<KernelRefusedException>(() => TestDevice.Open(device).LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(NewObject));

    private static void Guarded(Index1D i, ArrayView<float> x)
    {
        if (CudaAsm.IsSupported)
        {
            CudaAsm.Emit("add.rn.f32 %0, %1, %2;", out float y, x[i], 2f);
            x[i] = y;
        }
        else if (Accelerator.CurrentType == AcceleratorType.CPU)
        {
            x[i] = new Box { Value = (int)x[i] + 2 }.Value;
        }
        else
        {
            x[i] += XMath.Sqrt(4f);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void What_is_behind_a_condition_that_is_false_for_the_device_may_be_anything(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        using var x = accelerator.Allocate1D([1f, 2f]);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>>(Guarded)(2, x.View);
        Assert.Equal([3f, 4f], x.GetAsArray1D());
    }
}
