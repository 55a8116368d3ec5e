using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace GpuGrad.Kernels.Numerics;

/// <summary>The SIMD width of this process: the widest that the machine has, or as set by <c>GPUGRAD_SIMD</c>.</summary>
public static class Simd
{
    /// <summary>Bits per vector: 512, 256 or 128. Constant for the process, so that the JIT removes the other branches.</summary>
    public static readonly int Bits = Choose();

    /// <summary>Floats per vector.</summary>
    public static int Lanes => Bits / 32;

    public static bool Is512 => Bits == 512;

    public static bool Is256 => Bits == 256;

    /// <summary>A name for <c>devices</c> and benchmark records, e.g. <c>AVX-512</c>.</summary>
    public static string Description => Bits switch
    {
        512 => "AVX-512",
        256 => "AVX2",
        _ => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "NEON" : "SSE",
    };

    public static string ProcessorName
    {
        get
        {
            const string Info = "/proc/cpuinfo";
            string? line = File.Exists(Info)
                ? File.ReadLines(Info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
                : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
            return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        }
    }

    private static int Choose()
    {
        int widest = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
        string? wish = Environment.GetEnvironmentVariable(Switches.Simd);
        if (string.IsNullOrEmpty(wish))
            return widest;
        if (!int.TryParse(wish, NumberStyles.None, CultureInfo.InvariantCulture, out int bits) || bits is not (128 or 256 or 512) || bits > widest)
            throw new GpuGradException(Fault.Config, $"{Switches.Simd}={wish}: expected 128, 256 or 512, at most this machine's {widest}.");
        return bits;
    }
}
