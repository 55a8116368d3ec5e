using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Layer = TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>;

namespace GpuGrad.Bench.TorchSharpPeer;

/// <summary>The nets over sequences of bench/nets.py: the same layers, the same names of parameters.</summary>
internal static class Sequences
{
    private const int Ids = 65, Width = 128, Steps = 64, Heads = 4, Blocks = 4;

    public static IReadOnlyDictionary<string, Net> All { get; } = new Dictionary<string, Net>
    {
        ["lstm"] = new(() => Nets.Chain([new Last(64, 256, 2), Linear(256, 10)]), [64, 64, 64], false),
        ["gpt"] = new(Gpt, [12, Steps], false) { Ids = Ids },
    };

    private static Layer Gpt() =>
        Nets.Chain([Embedding(Ids, Width), new Positions(Steps, Width), .. Enumerable.Range(0, Blocks).Select(_ => new CausalBlock(Width, Heads)), LayerNorm(Width), Linear(Width, Ids)]);
}

/// <summary>The output of an LSTM's last step; its parameters have the names that they have in <c>torch.nn.LSTM</c>.</summary>
internal sealed class Last : Layer
{
    private readonly Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor, Tensor)> lstm;

    public Last(long inputs, long units, long layers)
        : base(nameof(Last))
    {
        lstm = LSTM(inputs, units, layers, batchFirst: true);
        foreach ((string name, Parameter parameter) in lstm.named_parameters())
            register_parameter(name, parameter);
    }

    public override Tensor forward(Tensor input) => lstm.call(input, null).Item1.select(1, -1);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            lstm.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Learned positions, added to each step.</summary>
internal sealed class Positions : Layer
{
    private readonly Parameter weight;

    public Positions(long steps, long width)
        : base(nameof(Positions))
    {
        weight = new Parameter(0.02 * randn(steps, width));
        register_parameter("weight", weight);
    }

    public override Tensor forward(Tensor input) => input + weight;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            weight.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>
/// <c>torch.nn.TransformerEncoderLayer</c> with a causal mask and the normalisations first, which TorchSharp's own does not offer; its attention is
/// libtorch's fused one.
/// </summary>
internal sealed class CausalBlock : Layer
{
    private readonly long heads;
    private readonly SelfAttention attention;
    private readonly Layer norm1, norm2, linear1, linear2;

    public CausalBlock(long width, long heads)
        : base(nameof(CausalBlock))
    {
        this.heads = heads;
        (attention, linear1, linear2) = (new SelfAttention(width), Linear(width, 4 * width), Linear(4 * width, width));
        (norm1, norm2) = (LayerNorm(width), LayerNorm(width));
        foreach ((string name, Module module) in new (string, Module)[] { ("self_attn", attention), ("linear1", linear1), ("linear2", linear2), ("norm1", norm1), ("norm2", norm2) })
            register_module(name, module);
    }

    public override Tensor forward(Tensor input)
    {
        Tensor x = input + attention.Causal(norm1.call(input), heads);
        return x + linear2.call(functional.gelu(linear1.call(norm2.call(x))));
    }
}

/// <summary>The parameters of <c>torch.nn.MultiheadAttention</c>, and what it computes with a causal mask.</summary>
internal sealed class SelfAttention : Module
{
    private readonly Parameter weight, bias;
    private readonly Layer projection;

    public SelfAttention(long width)
        : base(nameof(SelfAttention))
    {
        (weight, bias, projection) = (new Parameter(0.05 * randn(3 * width, width)), new Parameter(zeros(3 * width)), Linear(width, width));
        register_parameter("in_proj_weight", weight);
        register_parameter("in_proj_bias", bias);
        register_module("out_proj", projection);
    }

    public Tensor Causal(Tensor x, long heads)
    {
        (long n, long t, long width) = (x.shape[0], x.shape[1], x.shape[2]);
        Tensor[] parts = [.. functional.linear(x, weight, bias).chunk(3, -1).Select(p => p.view(n, t, heads, width / heads).transpose(1, 2))];
        Tensor y = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_casual: true);
        return projection.call(y.transpose(1, 2).reshape(n, t, width));
    }
}
