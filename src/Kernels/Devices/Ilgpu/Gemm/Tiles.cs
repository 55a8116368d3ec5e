namespace GpuGrad.Kernels.Devices.Ilgpu.Gemm;

/// <summary>Tile of a thread group: it computes M×N of the result, with K steps of the sum at a time in shared memory.</summary>
internal interface ICut
{
    static abstract int M { get; }

    static abstract int N { get; }

    static abstract int K { get; }

    /// <summary>Groups that a multiprocessor must hold at once (the compiler's minnctapersm), which limits a thread's registers. bench/results/ptxas.md lists the registers used.</summary>
    static abstract int Resident { get; }
}

/// <summary>For GEMMs that fill the device: 64 multiply-adds per 16 reads of shared memory.</summary>
internal readonly struct Cut64x128 : ICut
{
    public static int M => 64;

    public static int N => 128;

    public static int K => 8;

    public static int Resident => 3;
}

internal readonly struct Cut128x64 : ICut
{
    public static int M => 128;

    public static int N => 64;

    public static int K => 8;

    public static int Resident => 3;
}

internal readonly struct Cut64x64 : ICut
{
    public static int M => 64;

    public static int N => 64;

    public static int K => 16;

    public static int Resident => 2;
}

/// <summary>For results too small to give every multiprocessor a larger tile.</summary>
internal readonly struct Cut32x32 : ICut
{
    public static int M => 32;

    public static int N => 32;

    public static int K => 16;

    public static int Resident => 8;
}

/// <summary>For few columns: the ten classes of a last layer.</summary>
internal readonly struct Cut128x16 : ICut
{
    public static int M => 128;

    public static int N => 16;

    public static int K => 16;

    public static int Resident => 4;
}

/// <summary>For few rows: the filters of a first layer.</summary>
internal readonly struct Cut16x128 : ICut
{
    public static int M => 16;

    public static int N => 128;

    public static int K => 16;

    public static int Resident => 4;
}
