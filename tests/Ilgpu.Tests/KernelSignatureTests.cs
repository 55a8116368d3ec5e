using System.Reflection;
using System.Reflection.Emit;
using ILGPU;
using ILGPU.Bundled;
using ILGPU.Runtime;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>
/// ILGPU copies a kernel's arguments into the fields of a type that it makes at run time. What the .NET runtime would not let
/// it make there is refused here too, or a kernel would run with the project's own ILGPU and not with the packages.
/// </summary>
public sealed class KernelSignatureTests
{
    internal readonly record struct Seen(int Value);

    internal readonly record struct Holder<T>(T Value) where T : struct;

    internal readonly record struct WithFlag(int Value, bool Flag);

    internal readonly record struct WithView(ArrayView<float> Data, Seen Seen);

    internal interface IRule
    {
        static abstract int Apply(int x);
    }

    private readonly record struct Unseen(int Value);

    private readonly struct UnseenRule : IRule
    {
        public static int Apply(int x) => x + 1;
    }

    public static TheoryData<Type> Types() =>
    [
        typeof(int), typeof(float), typeof(ArrayView<float>), typeof(Seen), typeof(ArrayView<Seen>), typeof(Holder<Seen>), typeof(WithView), typeof((int, Seen)),
        typeof(Unseen), typeof(ArrayView<Unseen>), typeof(Holder<Unseen>), typeof(Holder<Holder<Unseen>>), typeof((int, Unseen)),
    ];

    [Theory]
    [MemberData(nameof(Types))]
    public void What_the_runtime_lets_nobody_keep_is_refused(Type type)
    {
        AssemblyBuilder assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(Context.RuntimeAssemblyName), AssemblyBuilderAccess.RunAndCollect);
        TypeBuilder keeper = assembly.DefineDynamicModule(Context.RuntimeAssemblyName).DefineType("Keeper", TypeAttributes.Public);
        keeper.DefineField("Argument", type, FieldAttributes.Public);
        Exception? refusal = Record.Exception(keeper.CreateType);

        Assert.Equal(refusal is TypeLoadException, KernelSignature.Objection(type) is { } reason && reason.Contains("private", StringComparison.Ordinal));
        Assert.True(refusal is null or TypeLoadException);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_hidden_type_is_refused_on_every_device_and_named(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        KernelRefusedException e = Assert.Throws<KernelRefusedException>(() => accelerator.LoadStreamKernel<ArrayView<int>, Unseen>(Keep));
        Assert.Equal("Kernel 'Keep' cannot be loaded: its parameter 'value' holds Unseen, which is private; make it internal or public.", e.Message);
    }

    [Fact]
    public void A_flag_is_refused_with_what_to_use()
    {
        Accelerator accelerator = TestDevice.Open(TestDevice.Emulated);
        KernelRefusedException e = Assert.Throws<KernelRefusedException>(() => accelerator.LoadStreamKernel<ArrayView<int>, WithFlag>(Flagged));
        Assert.Equal("Kernel 'Flagged' cannot be loaded: its parameter 'value' holds a Boolean, which a device may keep in another number of bytes; use byte or int.", e.Message);
        Assert.Contains("use ushort", KernelSignature.Objection(typeof(ArrayView<char>)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_assembly_that_keeps_its_internals_is_named_with_the_remedy() =>
        // The class library has internal types and shows them to nobody called so.
        Assert.Equal(
            "holds HexConverter, which is internal to System.Private.CoreLib; give that assembly InternalsVisibleTo(\"ILGPURuntime\")",
            KernelSignature.Objection(typeof(object).Assembly.GetType("System.HexConverter", throwOnError: true)!));

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void Types_that_only_choose_code_may_be_private(string device)
    {
        Accelerator accelerator = TestDevice.Open(device);
        var kernel = accelerator.LoadStreamKernel<ArrayView<int>>(Choose<UnseenRule>, default(KernelSpecialization));
        using var x = accelerator.Allocate1D<int>(4);
        x.MemSetToZero();
        kernel((1, 4), x.View);
        Assert.Equal([1, 1, 1, 1], x.GetAsArray1D());
    }

    private static void Keep(ArrayView<int> x, Unseen value) => x[Grid.GlobalIndex.X] = value.Value;

    private static void Flagged(ArrayView<int> x, WithFlag value) => x[Grid.GlobalIndex.X] = value.Flag ? value.Value : 0;

    private static void Choose<R>(ArrayView<int> x) where R : struct, IRule => x[Grid.GlobalIndex.X] = R.Apply(x[Grid.GlobalIndex.X]);
}
