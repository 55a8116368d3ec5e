namespace GpuGrad.Kernels.Devices.Accelerated.Products;

/// <summary>
/// How a product is cut up: a group of threads makes M×N of the result, K steps of the sum at a time in shared memory; a
/// thread makes ThreadM×ThreadN in registers, both multiples of four.
/// </summary>
internal interface ITile
{
    static abstract int M { get; }

    static abstract int N { get; }

    static abstract int K { get; }

    static abstract int ThreadM { get; }

    static abstract int ThreadN { get; }
}

/// <summary>For products that fill the device: 64 multiplications for 16 reads of shared memory.</summary>
internal readonly struct LargeTile : ITile
{
    public static int M => 128;

    public static int N => 128;

    public static int K => 8;

    public static int ThreadM => 8;

    public static int ThreadN => 8;
}

internal readonly struct MediumTile : ITile
{
    public static int M => 64;

    public static int N => 64;

    public static int K => 16;

    public static int ThreadM => 4;

    public static int ThreadN => 4;
}

/// <summary>For results too small to give every multiprocessor a larger tile.</summary>
internal readonly struct SmallTile : ITile
{
    public static int M => 32;

    public static int N => 32;

    public static int K => 16;

    public static int ThreadM => 4;

    public static int ThreadN => 4;
}

/// <summary>For few columns: the ten classes of a last layer.</summary>
internal readonly struct TallTile : ITile
{
    public static int M => 128;

    public static int N => 16;

    public static int K => 16;

    public static int ThreadM => 4;

    public static int ThreadN => 4;
}

/// <summary>For few rows: the filters of a first layer.</summary>
internal readonly struct WideTile : ITile
{
    public static int M => 16;

    public static int N => 128;

    public static int K => 16;

    public static int ThreadM => 4;

    public static int ThreadN => 4;
}
