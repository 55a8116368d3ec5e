using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Ops.Dropout;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Embeddings;
using GpuGrad.Kernels.Ops.LabelMaps;
using GpuGrad.Kernels.Ops.Losses;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Kernels.Ops.Reductions;
using GpuGrad.Kernels.Ops.Resampling;
using GpuGrad.Kernels.Ops.Softmax;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Tests;

/// <summary>The reference device against numbers that PyTorch, or NumPy from a published formula, computed in double.</summary>
public sealed class GoldenTests
{
    private static readonly Dictionary<string, Op> Normalization = new()
    {
        ["batch-norm 1d"] = new BatchNorm(),
        ["batch-norm 2d"] = new BatchNorm(),
        ["batch-norm 2d plain"] = new BatchNorm(1e-3, 0.3, Affine: false),
        ["batch-norm inference"] = new BatchNormInference(),
        ["batch-norm inference plain"] = new BatchNormInference(1e-3, Affine: false),
        ["layer-norm over 1"] = new LayerNorm(),
        ["layer-norm over 2"] = new LayerNorm(2, 1e-3),
        ["layer-norm plain"] = new LayerNorm(Affine: false),
        ["group-norm 2"] = new GroupNorm(2),
        ["group-norm 1 plain"] = new GroupNorm(1, Affine: false),
        ["instance norm"] = new GroupNorm(3),
    };

    private static readonly Dictionary<string, Op> Losses = new()
    {
        ["half-squared-error"] = new HalfSquaredError(),
        ["mean-squared-error"] = new MeanSquaredError(),
        ["mean-absolute-error"] = new MeanAbsoluteError(),
        ["huber 1"] = new Huber(),
        ["huber 0.4"] = new Huber(0.4),
        ["huber 0.4 as smooth l1"] = new Huber(0.4),
        ["binary-cross-entropy"] = new BinaryCrossEntropy(),
        ["binary-cross-entropy weighted"] = new BinaryCrossEntropy(2.5),
        ["binary-cross-entropy of weighted labels"] = new BinaryCrossEntropy(Weighted: true),
        ["binary-cross-entropy labels"] = new BinaryCrossEntropy(),
        ["hinge"] = new Hinge(),
        ["hinge 0.3"] = new Hinge(0.3),
        ["hinge squared"] = new Hinge(1, Squared: true),
        ["hinge as multi margin"] = new Hinge(),
        ["l1"] = new L1Penalty(0.3),
        ["l2"] = new L2Penalty(0.3),
        ["cross-entropy"] = new SoftmaxCrossEntropy(),
        ["cross-entropy smoothing"] = new SoftmaxCrossEntropy(0.1),
        ["cross-entropy weighted"] = new SoftmaxCrossEntropy(0.2, Weighted: true),
        ["softmax"] = new Softmax(),
        ["log-softmax"] = new Softmax(Log: true),
    };

    private static readonly Dictionary<string, Op> Tensors = new()
    {
        ["matmul"] = new MatMul(),
        ["matmul a transposed"] = new MatMul(TransposeA: true),
        ["matmul b transposed"] = new MatMul(TransposeB: true),
        ["matmul both transposed"] = new MatMul(true, true),
        ["dense"] = new MatMul(TransposeB: true, Bias: true),
        ["add"] = new Add(),
        ["multiply"] = new Multiply(),
        ["scale"] = new Scale(-1.7),
        ["copy"] = new Copy(),
        ["channel-sum"] = new ChannelSum(1),
        ["channel-broadcast"] = new ChannelBroadcast(new Shape(2, 4, 3), 1),
        ["concat"] = new Concat(1),
        ["slice"] = new Slice(1, 1, 2),
        ["pad"] = new Pad(1, 2, 1),
        ["permute"] = new Permute(2, 0, 1),
        ["transpose"] = new Permute(1, 0),
        ["embedding"] = new Embedding(),
        ["embedding by reals"] = new Embedding(),
        ["gather rows"] = new GatherRows(),
        ["gather images"] = new GatherImages(),
        ["metrics"] = new Metrics(5, Classes: true),
        ["dropout"] = new Dropout(0.3, 7),
        ["dropout of channels"] = new Dropout(0.5, 2, Channels: true),
        ["accumulate"] = new Accumulate(0.3),
        ["moving average"] = new Ema(0.9),
    };

    private static readonly Dictionary<string, Op> Resampling = new()
    {
        ["nearest 2"] = new Upsample(6, 8),
        ["nearest to 5 by 6"] = new Upsample(5, 6),
        ["bilinear 2"] = new Upsample(6, 8, Interpolation.Bilinear),
        ["bilinear 3 by 1"] = new Upsample(9, 4, Interpolation.Bilinear),
        ["bilinear to 7 by 9"] = new Upsample(7, 9, Interpolation.Bilinear),
        ["bilinear to 2 by 3"] = new Upsample(2, 3, Interpolation.Bilinear),
        ["bilinear of a pixel"] = new Upsample(3, 2, Interpolation.Bilinear),
    };

    private static readonly Dictionary<string, Op> LabelMaps = new()
    {
        ["class log-softmax"] = new ClassLogSoftmax(),
        ["class log-softmax of rows"] = new ClassLogSoftmax(),
        ["cross-entropy"] = new LabelLoss(),
        ["cross-entropy weighted"] = new LabelLoss(Weighted: true),
        ["cross-entropy smoothing"] = new LabelLoss(Smoothing: 0.2, Weighted: true),
        ["focal 2"] = new LabelLoss(Gamma: 2),
        ["focal 0.5"] = new LabelLoss(Gamma: 0.5),
        ["dice"] = new Dice(),
        ["dice 0.1"] = new Dice(0.1),
        ["kl"] = new KlDivergence(),
        ["kl of maps"] = new KlDivergence(),
        ["quantile 0.8"] = new QuantileLoss(0.8),
        ["poisson"] = new PoissonLoss(),
    };

    private static readonly Dictionary<string, Dictionary<string, Op>> Files = new()
    {
        ["normalization"] = Normalization,
        ["losses"] = Losses,
        ["tensors"] = Tensors,
        ["resampling"] = Resampling,
        ["label-maps"] = LabelMaps,
    };

    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach ((string file, Dictionary<string, Op> ops) in Files)
            {
                foreach (string name in ops.Keys)
                    data.Add(file, name);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_reference_computes_the_golden_numbers(string file, string name)
    {
        GoldenCase golden = GoldenFile.Read<GoldenCase>(file).Single(c => c.Name == name);
        IReadOnlyList<string> problems = GoldenRun.Problems(golden, Files[file][name]);
        Assert.True(problems.Count == 0, string.Join("\n", problems));
    }

    [Theory]
    [InlineData("normalization")]
    [InlineData("losses")]
    [InlineData("tensors")]
    [InlineData("resampling")]
    [InlineData("label-maps")]
    public void Every_golden_case_has_an_op(string file) =>
        Assert.Equal(GoldenFile.Read<GoldenCase>(file).Select(c => c.Name).Order(), Files[file].Keys.Order());

    [Fact]
    public void A_wrong_number_is_found()
    {
        GoldenCase golden = GoldenFile.Read<GoldenCase>("losses").Single(c => c.Name == "huber 0.4");
        Assert.NotEmpty(GoldenRun.Problems(golden, new Huber(0.4 + 1e-6)));
    }
}
