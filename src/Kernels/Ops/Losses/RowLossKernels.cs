using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>Arguments of kernels over class scores. <c>Team</c> threads share a row.</summary>
internal readonly record struct RowSizes(int Rows, int Classes, int Team);

/// <summary>Constants of the softmax cross-entropy.</summary>
/// <param name="Hard">1 - ε, the label's share of the target.</param>
/// <param name="Smooth">ε / K, the share of every class.</param>
/// <param name="Weighted">1 where classes have weights.</param>
/// <param name="Counted">1 where rows have different weights: with class weights, or if some have no label (-1).</param>
internal readonly record struct EntropyShares(float Hard, float Smooth, int Weighted, int Counted);

/// <summary>GPU kernels of losses over class scores.</summary>
internal static class RowLossKernels
{
    /// <summary>p = softmax(x), and each row's term of the loss; with class weights also its share of the total.</summary>
    public static void Entropy(
        ArrayView<float> x, ArrayView<int> labels, ArrayView<float> weights, RowSizes s, EntropyShares shares, ArrayView<float> p, ArrayView<float> terms, ArrayView<float> own)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        int row = RowTeams.Row(s.Team), lane = Group.IdxX % s.Team, classes = row < s.Rows ? s.Classes : 0;
        long begin = (long)row * s.Classes;
        float max = float.NegativeInfinity;
        for (int c = lane; c < classes; c += s.Team)
            max = GroupReduce.Larger(max, x[begin + c]);
        max = GroupReduce.Max(room, s.Team, max);
        float sum = 0f;
        for (int c = lane; c < classes; c += s.Team)
            sum += KernelMath.Exp(x[begin + c] - max);
        sum = GroupReduce.Sum(room, s.Team, sum);
        float inverse = 1f / sum, logSum = KernelMath.Log(sum); // of e^(x - max)
        float all = 0f;
        for (int c = lane; c < classes; c += s.Team)
        {
            float below = x[begin + c] - max;
            p[begin + c] = KernelMath.Exp(below) * inverse;
            float weight = shares.Weighted != 0 ? weights[c] : 1f;
            all += weight * (logSum - below);
        }
        if (shares.Smooth != 0f)
            all = GroupReduce.Sum(room, s.Team, all);
        if (lane != 0 || classes == 0)
            return;
        int label = labels[row];
        float mine = 0f, term = 0f;
        if (label >= 0)
        {
            mine = shares.Weighted != 0 ? weights[label] : 1f;
            term = shares.Hard * mine * (logSum - (x[begin + label] - max));
            term = shares.Smooth != 0f ? term + (shares.Smooth * all) : term;
        }
        terms[row] = term;
        if (shares.Counted != 0)
            own[row] = mine;
    }

    /// <summary>loss = Σ terms / Σ own and weight = Σ own, by one group.</summary>
    public static void WeightedMean(ArrayView<float> terms, ArrayView<float> own, int rows, ArrayView<float> loss, ArrayView<float> weight)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        float sum = 0f, total = 0f;
        for (int i = Group.IdxX; i < rows; i += RowTeams.Threads)
        {
            sum += terms[i];
            total += own[i];
        }
        sum = GroupReduce.Sum(room, sum);
        total = GroupReduce.Sum(room, total);
        if (Group.IdxX != 0)
            return;
        loss[0] = total > 0f ? sum / total : sum;
        weight[0] = total;
    }

    /// <summary>totals = (dloss / Σ w[label], Σ w), by one group.</summary>
    public static void WeightTotals(ArrayView<float> dloss, ArrayView<int> labels, ArrayView<float> weights, RowSizes s, EntropyShares shares, ArrayView<float> totals)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        float total = 0f, all = 0f;
        for (int i = Group.IdxX; i < s.Rows; i += RowTeams.Threads)
            total += labels[i] < 0 ? 0f : shares.Weighted != 0 ? weights[labels[i]] : 1f;
        for (int c = Group.IdxX; c < s.Classes; c += RowTeams.Threads)
            all += shares.Weighted != 0 ? weights[c] : 1f;
        total = GroupReduce.Sum(room, total);
        all = GroupReduce.Sum(room, all);
        if (Group.IdxX == 0)
        {
            totals[0] = total > 0f ? dloss[0] / total : 0f;
            totals[1] = all;
        }
    }

    /// <summary>dx = (p - target)·w / total, one thread per element.</summary>
    public static void EntropyGradient(
        Index1D i, ArrayView<float> dloss, ArrayView<float> p, ArrayView<int> labels, ArrayView<float> weights, RowSizes s, EntropyShares shares, ArrayView<float> totals, ArrayView<float> dx)
    {
        int c = i % s.Classes, label = labels[i / s.Classes];
        float scale, sumOfWeights, own, weight;
        if (label < 0)
        {
            dx[i] = 0f;
            return;
        }
        if (shares.Counted != 0)
        {
            scale = totals[0];
            sumOfWeights = totals[1];
            own = shares.Weighted != 0 ? weights[label] : 1f;
            weight = shares.Weighted != 0 ? weights[c] : 1f;
        }
        else
        {
            scale = dloss[0] / s.Rows;
            sumOfWeights = s.Classes;
            own = 1f;
            weight = 1f;
        }
        float perP = scale * ((shares.Hard * own) + (shares.Smooth * sumOfWeights));
        float gradient = (perP * p[i]) - (scale * shares.Smooth * weight);
        dx[i] = c == label ? gradient - (scale * shares.Hard * own) : gradient;
    }

    /// <summary>The terms of the hinge loss.</summary>
    public static void Hinge(ArrayView<float> scores, ArrayView<int> labels, RowSizes s, float margin, int squared, ArrayView<float> terms)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        int row = RowTeams.Row(s.Team), lane = Group.IdxX % s.Team;
        float sum = 0f;
        if (row < s.Rows)
        {
            long begin = (long)row * s.Classes;
            int label = labels[row];
            float offset = margin - scores[begin + label];
            for (int c = lane; c < s.Classes; c += s.Team)
            {
                float m = c == label ? 0f : GroupReduce.Larger(0f, scores[begin + c] + offset);
                sum += squared != 0 ? m * m : m;
            }
        }
        sum = GroupReduce.Sum(room, s.Team, sum);
        if (lane == 0 && row < s.Rows)
            terms[row] = sum;
    }

    /// <summary>The hinge loss's gradient: the sum over the other classes is subtracted from the label's.</summary>
    public static void HingeGradient(ArrayView<float> dloss, ArrayView<float> scores, ArrayView<int> labels, RowSizes s, float margin, int squared, ArrayView<float> dscores)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        int row = RowTeams.Row(s.Team), lane = Group.IdxX % s.Team, label = -1;
        long begin = (long)row * s.Classes;
        float sum = 0f;
        if (row < s.Rows)
        {
            label = labels[row];
            float scale = dloss[0] / s.Rows, offset = margin - scores[begin + label];
            for (int c = lane; c < s.Classes; c += s.Team)
            {
                float m = c == label ? 0f : scores[begin + c] + offset;
                float gradient = m > 0f ? squared != 0 ? 2f * scale * m : scale : 0f;
                sum += gradient;
                if (c != label)
                    dscores[begin + c] = gradient;
            }
        }
        sum = GroupReduce.Sum(room, s.Team, sum);
        if (label >= 0 && label % s.Team == lane)
            dscores[begin + label] = -sum;
    }

    /// <summary>1 for each row whose highest score (the first in a tie) is the label's; a single score means class 1 if it is above 0.</summary>
    public static void Right(ArrayView<float> scores, ArrayView<int> labels, RowSizes s, ArrayView<float> right)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        int row = RowTeams.Row(s.Team), lane = Group.IdxX % s.Team, classes = row < s.Rows ? s.Classes : 0;
        long begin = (long)row * s.Classes;
        // A NaN never compares as larger, except in first place, which nothing exceeds.
        float most = float.NegativeInfinity;
        for (int c = lane; c < classes; c += s.Team)
            most = scores[begin + c] > most ? scores[begin + c] : most;
        most = GroupReduce.Max(room, s.Team, most);
        float first = -s.Classes;
        for (int c = lane; c < classes; c += s.Team)
        {
            if (scores[begin + c] == most && -c > first)
                first = -c;
        }
        first = GroupReduce.Max(room, s.Team, first); // negated class, exact up to 2²⁴
        if (lane != 0 || classes == 0)
            return;
        int predicted = s.Classes == 1 ? scores[begin] > 0f ? 1 : 0 : float.IsNaN(scores[begin]) ? 0 : (int)-first;
        right[row] = predicted == labels[row] ? 1f : 0f;
    }

    /// <summary>Adds a step to the totals of an epoch, by one group. <paramref name="rows"/> is 0 without classes; counts and weight may be empty.</summary>
    public static void AddTotals(ArrayView<float> totals, ArrayView<float> loss, ArrayView<float> right, ArrayView<float> counts, ArrayView<float> weight, int rows, int samples)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        float correct = 0f;
        for (int i = Group.IdxX; i < rows; i += RowTeams.Threads)
            correct += right[i];
        correct = GroupReduce.Sum(room, correct);
        if (Group.IdxX != 0)
            return;
        float own = weight.Length > 0 ? weight[0] : samples;
        Add(totals, Metrics.Weight, own);
        float all = totals[Metrics.Weight], share = all > 0f ? own / all : 0f;
        Add(totals, Metrics.Loss, (loss[0] - totals[Metrics.Loss] - totals[Metrics.Loss + 1]) * share);
        Add(totals, Metrics.Correct, counts.Length > 0 ? counts[0] : correct);
        Add(totals, Metrics.Samples, samples);
        Add(totals, Metrics.Judged, counts.Length > 0 ? counts[1] : samples);
    }

    // The sum of two floats with its rounding error, exactly (Møller and Knuth), including the error of earlier sums.
    private static void Add(ArrayView<float> totals, int at, float value)
    {
        float sum = totals[at], next = sum + value, part = next - sum;
        float tail = totals[at + 1] + (sum - (next - part) + (value - part));
        float whole = next + tail;
        totals[at] = whole;
        totals[at + 1] = next - whole + tail;
    }
}
