using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Tensors;
using ILGPU;

namespace GpuGrad.Kernels.Ops.Losses;

/// <summary>Reads the targets of a summed loss in a kernel.</summary>
internal interface IKernelTargets
{
    float At(int i);
}

internal readonly struct RealTargets(ArrayView<float> values) : IKernelTargets
{
    public float At(int i) => values[i];
}

internal readonly struct LabelTargets(ArrayView<int> labels) : IKernelTargets
{
    public float At(int i) => labels[i];
}

/// <summary>A penalty has no target.</summary>
internal readonly struct NoTargets : IKernelTargets
{
    public float At(int i) => 0f;
}

/// <summary>Reads the constants of a loss's terms in a kernel.</summary>
internal interface IKernelConstants
{
    float At(int i);
}

/// <summary>One constant for all elements.</summary>
internal readonly struct OneConstant(float value) : IKernelConstants
{
    public float At(int i) => value;
}

/// <summary>One constant per element of a row.</summary>
internal readonly struct RowConstants(ArrayView<float> values, int width) : IKernelConstants
{
    public float At(int i) => values[i % width];
}

/// <summary>GPU kernels of losses that are sums over elements.</summary>
internal static class LossKernels
{
    /// <summary>Elements summed by one group.</summary>
    public const int Block = 4096;

    /// <summary>Σ of the terms of a block, times a factor.</summary>
    public static void SumBlocks<F, T, C>(ArrayView<float> x, T targets, int count, C constants, float factor, ArrayView<float> sums)
        where F : struct, ILossTerm where T : struct, IKernelTargets where C : struct, IKernelConstants
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        int first = Grid.IdxX * Block, length = IntrinsicMath.Min(Block, count - first);
        float sum = 0f;
        for (int i = Group.IdxX; i < length; i += RowTeams.Threads)
            sum += F.Value(new F32(x[first + i]), new F32(targets.At(first + i)), new F32(constants.At(first + i))).Value;
        sum = GroupReduce.Sum(room, sum);
        if (Group.IdxX == 0)
            sums[Grid.IdxX] = sum * factor;
    }

    /// <summary>loss = factor·Σ terms, by one group.</summary>
    public static void Finish(ArrayView<float> terms, int count, float factor, ArrayView<float> loss)
    {
        ArrayView<float> room = SharedMemory.Allocate<float>(RowTeams.Threads);
        float sum = 0f;
        for (int i = Group.IdxX; i < count; i += RowTeams.Threads)
            sum += terms[i];
        sum = GroupReduce.Sum(room, sum);
        if (Group.IdxX == 0)
            loss[0] = sum * factor;
    }

    /// <summary>dx = dloss·factor·slope.</summary>
    public static void Slopes<F, T, C>(Index1D i, ArrayView<float> dloss, ArrayView<float> x, T targets, C constants, float factor, ArrayView<float> dx)
        where F : struct, ILossTerm where T : struct, IKernelTargets where C : struct, IKernelConstants =>
        dx[i] = dloss[0] * factor * F.Slope(new F32(x[i]), new F32(targets.At(i)), new F32(constants.At(i))).Value;

    /// <summary>Adds the launches of a sum over all elements.</summary>
    /// <param name="b">Inputs: x, targets if any, constants of a row if any.</param>
    /// <param name="constant">The constant of all elements; null if each element of a row has its own.</param>
    /// <param name="factor">What the sum is multiplied by.</param>
    public static void AddSum<F>(KernelBinding b, double? constant, double factor) where F : struct, ILossTerm
    {
        if (constant is double c)
            AddSum<F, OneConstant>(b, new OneConstant((float)c), factor);
        else
            AddSum<F, RowConstants>(b, new RowConstants(b.In(2), b.InShape(2).Count), factor);
    }

    /// <summary>Adds the launch of the gradient of such a sum.</summary>
    /// <param name="b">Inputs: dloss, x, targets if any, constants of a row if any.</param>
    /// <param name="constant">As in <see cref="AddSum{F}"/>.</param>
    /// <param name="factor">What the sum is multiplied by.</param>
    public static void AddSlopes<F>(KernelBinding b, double? constant, double factor) where F : struct, ILossTerm
    {
        if (constant is double c)
            AddSlopes<F, OneConstant>(b, new OneConstant((float)c), factor);
        else
            AddSlopes<F, RowConstants>(b, new RowConstants(b.In(3), b.InShape(3).Count), factor);
    }

    /// <summary>Adds the launch that sums terms in scratch memory into a loss.</summary>
    public static void AddFinish(KernelBinding b, KernelScratchRegion terms, int count, double factor)
    {
        ArrayView<float> loss = b.Out();
        var run = b.Loader.Groups<ArrayView<float>, int, float, ArrayView<float>>(Finish, RowTeams.Specialization);
        var config = new KernelConfig(1, RowTeams.Threads);
        float scale = (float)factor;
        b.Launch(() => run(config, terms.View, count, scale, loss));
    }

    private static void AddSum<F, C>(KernelBinding b, C constants, double factor) where F : struct, ILossTerm where C : struct, IKernelConstants
    {
        if (F.Inputs == 1)
            AddSum<F, NoTargets, C>(b, default, constants, factor);
        else if (b.Node.Inputs[1].Type.Element == ElementType.Int32)
            AddSum<F, LabelTargets, C>(b, new LabelTargets(b.InInt(1)), constants, factor);
        else
            AddSum<F, RealTargets, C>(b, new RealTargets(b.In(1)), constants, factor);
    }

    private static void AddSlopes<F, C>(KernelBinding b, C constants, double factor) where F : struct, ILossTerm where C : struct, IKernelConstants
    {
        if (F.Inputs == 1)
            AddSlopes<F, NoTargets, C>(b, default, constants, factor);
        else if (b.Node.Inputs[2].Type.Element == ElementType.Int32)
            AddSlopes<F, LabelTargets, C>(b, new LabelTargets(b.InInt(2)), constants, factor);
        else
            AddSlopes<F, RealTargets, C>(b, new RealTargets(b.In(2)), constants, factor);
    }

    private static void AddSum<F, T, C>(KernelBinding b, T targets, C constants, double factor) where F : struct, ILossTerm where T : struct, IKernelTargets where C : struct, IKernelConstants
    {
        ArrayView<float> x = b.In(0), loss = b.Out();
        int count = b.InShape(0).Count, blocks = (count + Block - 1) / Block;
        var run = b.Loader.Groups<ArrayView<float>, T, int, C, float, ArrayView<float>>(SumBlocks<F, T, C>, RowTeams.Specialization);
        var config = new KernelConfig(blocks, RowTeams.Threads);
        float scale = (float)factor;
        if (blocks == 1)
        {
            b.Launch(() => run(config, x, targets, count, constants, scale, loss));
            return;
        }
        KernelScratchRegion sums = b.Scratch(blocks);
        b.Launch(() => run(config, x, targets, count, constants, 1f, sums.View));
        AddFinish(b, sums, blocks, factor);
    }

    private static void AddSlopes<F, T, C>(KernelBinding b, T targets, C constants, double factor) where F : struct, ILossTerm where T : struct, IKernelTargets where C : struct, IKernelConstants
    {
        ArrayView<float> dloss = b.In(0), x = b.In(1), dx = b.Out();
        var run = b.Loader.Items<ArrayView<float>, ArrayView<float>, T, C, float, ArrayView<float>>(Slopes<F, T, C>);
        float scale = (float)factor;
        b.Launch(() => run(dx.IntLength, dloss, x, targets, constants, scale, dx));
    }
}
