using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Ops.Dropout;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>Rows of scores as a kernel argument: the real steps of a sequence, and how scores decrease with distance.</summary>
internal interface IKernelRows
{
    /// <summary>Whether scores decrease with distance.</summary>
    static abstract bool Recedes { get; }

    /// <summary>Whether there is dropout.</summary>
    static abstract bool Drops { get; }

    int Of(int n);

    /// <summary>By how much a head's dot products decrease per step.</summary>
    float Slope(int head);

    /// <summary>Factor on a weight: 0 if it is dropped.</summary>
    float Kept(int n, int head, int query, int key);
}

/// <summary>Adds kernels for a type of rows (<see cref="Attention.AddFor"/>).</summary>
internal interface IKernelRowsUser
{
    void Add<L>(KernelBinding b, L rows) where L : struct, IKernelRows;
}

internal readonly struct FullLengths(int steps) : IKernelRows
{
    public static bool Recedes => false;

    public static bool Drops => false;

    public int Of(int n) => steps;

    public float Slope(int head) => 0f;

    public float Kept(int n, int head, int query, int key) => 1f;
}

internal readonly struct GivenLengths(ArrayView<int> lengths) : IKernelRows
{
    public static bool Recedes => false;

    public static bool Drops => false;

    public int Of(int n) => lengths[n];

    public float Slope(int head) => 0f;

    public float Kept(int n, int head, int query, int key) => 1f;
}

internal readonly struct Receding<L>(L lengths, ArrayView<float> slopes) : IKernelRows where L : struct, IKernelRows
{
    public static bool Recedes => true;

    public static bool Drops => false;

    public int Of(int n) => lengths.Of(n);

    public float Slope(int head) => slopes[head];

    public float Kept(int n, int head, int query, int key) => 1f;
}

/// <summary>Dropout of weights [N, heads, steps, steps] by <see cref="DropoutMask"/>.</summary>
internal readonly struct Dropping<L>(L lengths, ArrayView<int> rng, DropoutRule rule, int heads, int steps) : IKernelRows where L : struct, IKernelRows
{
    public static bool Recedes => L.Recedes;

    public static bool Drops => true;

    public int Of(int n) => lengths.Of(n);

    public float Slope(int head) => lengths.Slope(head);

    public float Kept(int n, int head, int query, int key)
    {
        // Below 2³², as the op has checked.
        uint weight = ((uint)((((n * heads) + head) * steps) + query) * (uint)steps) + (uint)key;
        return DropoutKernels.Keeps(rng, rule, weight) ? rule.Scale : 0f;
    }
}

/// <summary><see cref="AttentionSizes"/> as kernel arguments.</summary>
internal readonly struct KernelAttentionSizes(AttentionSizes s, bool causal)
{
    public readonly int N = s.N, T = s.T, Heads = s.Heads, Groups = s.Groups, Width = s.Width, Row = s.Row, OutRow = s.OutRow, Share = s.Share, Causal = causal ? 1 : 0;
    public readonly float Scale = (float)s.Scale;

    public int Blocks => (T + AttentionKernels.Rows - 1) / AttentionKernels.Rows;

    /// <summary>One group per block of each head.</summary>
    public int Launches(int heads) => checked(N * heads * Blocks);
}
