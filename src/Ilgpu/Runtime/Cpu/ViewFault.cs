using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ILGPU.Runtime.Cpu;

/// <summary>All throws of view accesses in one place, so that the accesses themselves inline.</summary>
[StackTraceHidden]
internal static class ViewFault
{
    [DoesNotReturn]
    public static void Throw(long index, long length, Type element, MemoryKind kind)
    {
        if (kind is MemoryKind.Cuda or MemoryKind.OpenCL)
            throw new InvalidOperationException("The view is of device memory: copy it to the host to read it there.");
        throw new IndexOutOfRangeException(string.Create(CultureInfo.InvariantCulture,
            $"index {index} is outside a view of {length} {element.Name} elements."));
    }

    [DoesNotReturn]
    public static void ThrowSubView(long index, long subLength, long length) =>
        throw new ArgumentOutOfRangeException(nameof(index), string.Create(CultureInfo.InvariantCulture,
            $"sub-view of {subLength} elements from {index} is outside a view of {length}."));

    [DoesNotReturn]
    public static void ThrowMisaligned(Type element, int alignment, nint address) =>
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
            $"A view cast to {element.Name} must begin at a multiple of {alignment} bytes; this one is {address % alignment} bytes off."));
}
