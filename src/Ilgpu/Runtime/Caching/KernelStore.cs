using ILGPU.Compiler.Emit;
using ILGPU.Compiler.Frontend;

namespace ILGPU.Runtime.Caching;

/// <summary>
/// Where an accelerator gets its kernels from. Two files a kernel remember what there is to know: one, by the method and the
/// builds of the assemblies it is in, what the compiler made of it; the other, by the text and the driver, what the driver
/// made of that. So a second start compiles nothing, and neither does a newer build whose kernels have the same text.
/// </summary>
/// <param name="target">What kernels are compiled for.</param>
/// <param name="driver">All that decides what the driver makes of a text.</param>
internal sealed class KernelStore(CompileTarget target, string driver)
{
    private int translated, assembled;

    /// <summary>Kernels that were compiled from IL.</summary>
    public int Translated => translated;

    /// <summary>Kernels that the driver built from text.</summary>
    public int Assembled => assembled;

    /// <param name="request">The kernel wanted.</param>
    /// <param name="open">Loads a driver's image; null if the driver does not take it.</param>
    /// <param name="assemble">Has the driver build an image from text.</param>
    public NativeKernel Get(KernelRequest request, Func<KernelFacts, byte[], NativeKernel?> open, Func<KernelCode, byte[]> assemble)
    {
        CacheEntry known = new("kernel", $"{request.Name}|{target}");
        string source = request.Source;
        if (known.Read() is { } bytes && KernelFacts.Read(bytes, source) is { } facts && Image(facts).Read() is { } image && open(facts, image) is { } kernel)
            return kernel;
        KernelCode code = KernelCompiler.Compile(request.Method, request.Form, target, request.Specialization, request.Constants.Values);
        Interlocked.Increment(ref translated);
        if (code.IsSettled)
            known.Write(code.Facts.ToBytes(source));
        if (Image(code.Facts).Read() is { } same && open(code.Facts, same) is { } rebuilt)
            return rebuilt;
        byte[] made = assemble(code);
        Interlocked.Increment(ref assembled);
        Image(code.Facts).Write(made);
        return open(code.Facts, made) ?? throw new Bundled.KernelBuildException(target.Type, code.Facts.Name, "The driver does not take what it has just built.");
    }

    private CacheEntry Image(KernelFacts facts) => new("bin", $"{facts.TextHash}|{driver}");
}
