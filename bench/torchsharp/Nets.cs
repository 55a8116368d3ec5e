using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Layer = TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>;

namespace GpuGrad.Bench.TorchSharpPeer;

/// <summary>The nets of bench/nets.py: the same layers, the same names of parameters.</summary>
internal static class Nets
{
    public static IReadOnlyDictionary<string, Net> All { get; } = new Dictionary<string, Net>(Sequences.All)
    {
        ["mlp"] = new(Mlp, [128, 1, 28, 28], true),
        ["lenet"] = new(LeNet, [128, 1, 28, 28], true),
        ["vgg"] = new(Vgg, [128, 1, 28, 28], true),
        ["resnet18"] = new(ResNet18, [64, 3, 32, 32], false),
        ["mobilenet"] = new(MobileNet, [64, 3, 32, 32], false),
        ["mlp-batch1"] = new(Mlp, [1, 1, 28, 28], true),
    };

    public static Layer Chain(IEnumerable<Layer> layers) => Sequential(layers.Select((layer, i) => ($"{i}", layer)));

    private static Layer Conv(long channels, long filters, long size = 3, long stride = 1, long groups = 1, bool bias = false, long? padding = null) =>
        Conv2d(channels, filters, size, stride: stride, padding: padding ?? size / 2, groups: groups, bias: bias);

    private static Layer Mlp() => Chain([Flatten(), Linear(784, 512), ReLU(), Linear(512, 256), ReLU(), Linear(256, 10)]);

    private static Layer LeNet() => Chain(
    [
        Conv(1, 6, 5, bias: true), ReLU(), MaxPool2d(2), Conv(6, 16, 5, bias: true, padding: 0), ReLU(), MaxPool2d(2),
        Flatten(), Linear(400, 120), ReLU(), Linear(120, 84), ReLU(), Linear(84, 10),
    ]);

    private static Layer Vgg()
    {
        var layers = new List<Layer>();
        long channels = 1;
        foreach (long width in new long[] { 32, 64 })
        {
            for (int i = 0; i < 2; i++)
            {
                layers.AddRange([Conv(channels, width, bias: true), BatchNorm2d(width), ReLU()]);
                channels = width;
            }
            layers.Add(MaxPool2d(2));
        }
        return Chain([.. layers, Flatten(), Linear(3136, 128), ReLU(), Linear(128, 10)]);
    }

    private static Layer ResNet18()
    {
        var layers = new List<Layer> { Conv(3, 64), BatchNorm2d(64), ReLU() };
        long channels = 64;
        foreach (long width in new long[] { 64, 128, 256, 512 })
        {
            for (int block = 0; block < 2; block++)
            {
                long stride = block == 0 && width > 64 ? 2 : 1;
                Layer? shortcut = stride == 2 ? Chain([Conv(channels, width, 1, stride), BatchNorm2d(width)]) : null;
                layers.Add(new Residual([Conv(channels, width, stride: stride), BatchNorm2d(width), ReLU(), Conv(width, width), BatchNorm2d(width)], shortcut));
                layers.Add(ReLU());
                channels = width;
            }
        }
        return Chain([.. layers, new Mean(), Linear(512, 10)]);
    }

    private static Layer MobileNet()
    {
        var layers = new List<Layer> { Conv(3, 32), BatchNorm2d(32), ReLU() };
        foreach ((long c, long k, long stride) in new (long, long, long)[] { (32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1) })
            layers.AddRange([Conv(c, c, stride: stride, groups: c), BatchNorm2d(c), ReLU(), Conv(c, k, 1), BatchNorm2d(k), ReLU()]);
        return Chain([.. layers, new Mean(), Linear(512, 10)]);
    }
}

/// <param name="Make">Makes it with random weights.</param>
/// <param name="Shape">Of a batch.</param>
/// <param name="Nesterov">Kind of the momentum.</param>
internal sealed record Net(Func<Layer> Make, long[] Shape, bool Nesterov)
{
    /// <summary>Number of ids for a net that reads ids and predicts one for each; else null.</summary>
    public long? Ids { get; init; }

    public Tensor Samples() => Ids is long ids ? randint(0, ids, Shape, int64) : randn(Shape);

    public Tensor Labels() => Ids is long ids ? randint(0, ids, Shape, int64) : randint(0, 10, [Shape[0]], int64);

    /// <summary>Mean cross-entropy over all rows of scores.</summary>
    public static Tensor Loss(Tensor scores, Tensor labels) => functional.cross_entropy(scores.flatten(0, -2), labels.flatten());
}

/// <summary>x + f(x), with layers on the other path where shapes differ.</summary>
internal sealed class Residual : Module<Tensor, Tensor>
{
    private readonly Layer[] layers;
    private readonly Layer? shortcut;

    public Residual(Layer[] layers, Layer? shortcut)
        : base(nameof(Residual))
    {
        (this.layers, this.shortcut) = (layers, shortcut);
        for (int i = 0; i < layers.Length; i++)
            register_module($"{i}", layers[i]);
        if (shortcut is not null)
            register_module("shortcut", shortcut);
    }

    public override Tensor forward(Tensor input) => layers.Aggregate(input, (x, layer) => layer.call(x)) + (shortcut?.call(input) ?? input);
}

/// <summary>The mean of each map.</summary>
internal sealed class Mean() : Module<Tensor, Tensor>(nameof(Mean))
{
    public override Tensor forward(Tensor input) => input.mean([2, 3]);
}
