using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Ops.LabelMaps;

/// <summary>Constants of <see cref="LabelLoss"/>.</summary>
/// <param name="Gamma">γ of the focal loss.</param>
/// <param name="Hard">1 - ε, the label's share of the target.</param>
/// <param name="Smooth">ε / K, the share of every class.</param>
/// <param name="Weighted">1 where classes have weights.</param>
/// <param name="OverPlaces">1 if a position has weight 1 whatever its class.</param>
internal readonly record struct LabelShares(float Gamma, float Hard, float Smooth, int Weighted, int OverPlaces);

/// <summary>-(1 - p)^γ·ln p as a function of ln p, in float, for the CPU and the kernels.</summary>
internal static class FocalTerm
{
    public static float Value(float logp, float gamma) => gamma == 0f ? -logp : -Power(Missing(logp), gamma) * logp;

    /// <summary>Its derivative with respect to ln p.</summary>
    public static float Slope(float logp, float gamma)
    {
        float q = Missing(logp);
        if (gamma == 0f || q <= 0f)
            return gamma == 0f ? -1f : 0f;
        float power = Power(q, gamma);
        return (gamma * power / q * (1f - q) * logp) - power;
    }

    // 1 - p, accurate even if p is nearly 1.
    private static float Missing(float logp) => -Real.ExpM1(new F32(logp)).Value;

    private static float Power(float q, float gamma) => q > 0f ? KernelMath.Exp(gamma * KernelMath.Log(q)) : 0f;
}

/// <summary>GPU kernels of losses over positions with classes.</summary>
internal static class LabelMapKernels
{
    /// <summary>Positions summed by one group.</summary>
    public const int Block = 2048;

    public static void LogSoftmax(Index1D i, ArrayView<float> x, ArrayView<float> y, LabelMap z)
    {
        int first = (i / z.Places * z.K * z.Places) + (i % z.Places), end = first + (z.K * z.Places);
        float max = x[first], sum = 0f;
        for (int at = first + z.Places; at < end; at += z.Places)
            max = GroupReduce.Larger(max, x[at]);
        for (int at = first; at < end; at += z.Places)
            sum += KernelMath.Exp(x[at] - max);
        float log = KernelMath.Log(sum);
        for (int at = first; at < end; at += z.Places)
            y[at] = x[at] - max - log;
    }

    public static void LogSoftmaxGradient(Index1D i, ArrayView<float> dy, ArrayView<float> y, ArrayView<float> dx, LabelMap z)
    {
        int first = (i / z.Places * z.K * z.Places) + (i % z.Places), end = first + (z.K * z.Places);
        float sum = 0f;
        for (int at = first; at < end; at += z.Places)
            sum += dy[at];
        for (int at = first; at < end; at += z.Places)
            dx[at] = dy[at] - (KernelMath.Exp(y[at]) * sum);
    }

    /// <summary>Σ terms of a block of positions, and Σ of their weights.</summary>
    public static void Terms(ArrayView<float> logp, ArrayView<int> labels, ArrayView<float> weights, LabelMap z, LabelShares shares, ArrayView<float> terms, ArrayView<float> own)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        int first = Grid.IdxX * Block, last = IntrinsicMath.Min(first + Block, z.N * z.Places);
        float sum = 0f, total = 0f;
        for (int i = first + Group.IdxX; i < last; i += RowTeams.Threads)
        {
            int label = labels[i], place = (i / z.Places * z.K * z.Places) + (i % z.Places);
            if (label < 0)
                continue;
            float mine = shares.Weighted != 0 ? weights[label] : 1f;
            sum += shares.Hard * mine * FocalTerm.Value(logp[place + (label * z.Places)], shares.Gamma);
            for (int c = 0; c < z.K && shares.Smooth > 0f; c++)
                sum -= shares.Smooth * (shares.Weighted != 0 ? weights[c] : 1f) * logp[place + (c * z.Places)];
            total += shares.OverPlaces != 0 ? 1f : mine;
        }
        sum = GroupReduce.Sum(room, sum);
        total = GroupReduce.Sum(room, total);
        if (Group.IdxX == 0)
        {
            terms[Grid.IdxX] = sum;
            own[Grid.IdxX] = total;
        }
    }

    public static void TermsGradient(
        Index1D i, ArrayView<float> dloss, ArrayView<float> logp, ArrayView<int> labels, ArrayView<float> total, ArrayView<float> weights, LabelMap z, LabelShares shares, ArrayView<float> dlogp)
    {
        int c = i / z.Places % z.K, label = labels[(i / (z.K * z.Places) * z.Places) + (i % z.Places)];
        float scale = total[0] > 0f ? dloss[0] / total[0] : dloss[0], own = shares.Weighted != 0 ? scale * weights[c] : scale;
        float gradient = label < 0 ? 0f : -shares.Smooth * own;
        dlogp[i] = label == c ? gradient + (shares.Hard * own * FocalTerm.Slope(logp[i], shares.Gamma)) : gradient;
    }

    /// <summary>For each class of each sample Σ p·t and Σ p + Σ t over the positions, by one group each.</summary>
    public static void Overlaps(ArrayView<float> logp, ArrayView<int> labels, LabelMap z, ArrayView<float> sums)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        int plane = Grid.IdxX, c = plane % z.K, first = plane * z.Places, own = plane / z.K * z.Places;
        float both = 0f, all = 0f;
        for (int i = Group.IdxX; i < z.Places; i += RowTeams.Threads)
        {
            int label = labels[own + i];
            if (label < 0)
                continue;
            float p = KernelMath.Exp(logp[first + i]);
            both += label == c ? p : 0f;
            all += label == c ? p + 1f : p;
        }
        both = GroupReduce.Sum(room, both);
        all = GroupReduce.Sum(room, all);
        if (Group.IdxX == 0)
        {
            sums[2 * plane] = both;
            sums[(2 * plane) + 1] = all;
        }
    }

    /// <summary>loss = the mean over the samples of Σ w·(1 - dice) / Σ w, by one group.</summary>
    public static void Dice(ArrayView<float> sums, ArrayView<float> weights, LabelMap z, float smooth, ArrayView<float> loss)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        float sum = 0f, total = 0f;
        for (int plane = Group.IdxX; plane < z.N * z.K; plane += RowTeams.Threads)
        {
            float both = sums[2 * plane], all = sums[(2 * plane) + 1];
            sum += weights[plane % z.K] * ((all - (2f * both)) / (all + smooth));
        }
        for (int c = Group.IdxX; c < z.K; c += RowTeams.Threads)
            total += weights[c];
        sum = GroupReduce.Sum(room, sum);
        total = GroupReduce.Sum(room, total);
        if (Group.IdxX == 0)
            loss[0] = sum / (total * z.N);
    }

    public static void DiceGradient(
        Index1D i, ArrayView<float> dloss, ArrayView<float> logp, ArrayView<int> labels, ArrayView<float> sums, ArrayView<float> weights, LabelMap z, float smooth, ArrayView<float> dlogp)
    {
        int plane = i / z.Places, c = plane % z.K, label = labels[(plane / z.K * z.Places) + (i % z.Places)];
        float both = sums[2 * plane], under = sums[(2 * plane) + 1] + smooth, total = 0f;
        for (int k = 0; k < z.K; k++)
            total += weights[k];
        float slope = ((2f * both) + smooth - (label == c ? 2f * under : 0f)) / (under * under);
        dlogp[i] = label < 0 ? 0f : dloss[0] * weights[c] / (total * z.N) * slope * KernelMath.Exp(logp[i]);
    }

    /// <summary>The positions of a block whose highest score is their label's, and those that have a label.</summary>
    public static void Right(ArrayView<float> scores, ArrayView<int> labels, LabelMap z, ArrayView<float> right, ArrayView<float> judged)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        int first = Grid.IdxX * Block, last = IntrinsicMath.Min(first + Block, z.N * z.Places);
        float correct = 0f, all = 0f;
        for (int i = first + Group.IdxX; i < last; i += RowTeams.Threads)
        {
            int place = (i / z.Places * z.K * z.Places) + (i % z.Places), best = 0;
            float most = scores[place];
            for (int c = 1; c < z.K; c++)
            {
                float score = scores[place + (c * z.Places)];
                if (score > most)
                {
                    most = score;
                    best = c;
                }
            }
            int predicted = z.K == 1 ? most > 0f ? 1 : 0 : best;
            correct += predicted == labels[i] ? 1f : 0f;
            all += labels[i] < 0 ? 0f : 1f;
        }
        correct = GroupReduce.Sum(room, correct);
        all = GroupReduce.Sum(room, all);
        if (Group.IdxX == 0)
        {
            right[Grid.IdxX] = correct;
            judged[Grid.IdxX] = all;
        }
    }

    /// <summary>counts = (Σ right, Σ judged), by one group.</summary>
    public static void Counts(ArrayView<float> right, ArrayView<float> judged, int blocks, ArrayView<float> counts)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        float correct = 0f, all = 0f;
        for (int i = Group.IdxX; i < blocks; i += RowTeams.Threads)
        {
            correct += right[i];
            all += judged[i];
        }
        correct = GroupReduce.Sum(room, correct);
        all = GroupReduce.Sum(room, all);
        if (Group.IdxX == 0)
        {
            counts[0] = correct;
            counts[1] = all;
        }
    }
}
