using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace GpuGrad.Bench.TorchSharpPeer;

/// <summary>A training step on one batch in memory, as bench/nets.py has it: zero the gradients, forward, cross-entropy, backward, SGD with momentum.</summary>
internal sealed class Step
{
    private readonly nn.Module<Tensor, Tensor> net;
    private readonly optim.Optimizer optimizer;
    private readonly Tensor x, y;

    /// <param name="name">One of <see cref="Nets.All"/>.</param>
    /// <param name="channelsLast">Whether convolutions get their input as [N, H, W, C]; the weights follow.</param>
    public Step(string name, bool channelsLast)
    {
        Net made = Nets.All[name];
        manual_seed(1);
        net = made.Make();
        // There is no memory format to ask for: a permuted tensor has the same strides.
        Tensor samples = made.Samples();
        x = channelsLast ? samples.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : samples;
        y = made.Labels();
        optimizer = optim.SGD(net.parameters(), 0, 0.9, 0, 5e-4, made.Nesterov);
    }

    public void Run()
    {
        using DisposeScope temporary = NewDisposeScope();
        optimizer.zero_grad();
        Net.Loss(net.call(x), y).backward();
        optimizer.step();
    }

    /// <summary>Loss and gradients for given weights and a given batch, all by name.</summary>
    public static Dictionary<string, (long[] Shape, float[] Values)> Gradients(string name, string weights, string batch)
    {
        Net made = Nets.All[name];
        nn.Module<Tensor, Tensor> net = made.Make();
        Dictionary<string, (long[] Shape, float[] Values)> from = Safetensors.Read(weights), samples = Safetensors.Read(batch);
        using (no_grad())
        {
            foreach ((string parameter, TorchSharp.Modules.Parameter value) in net.named_parameters())
                value.copy_(Of(from[parameter]));
        }
        Tensor x = Of(samples["x"]);
        Tensor loss = Net.Loss(net.call(made.Ids is null ? x : x.to(int64)), Of(samples["y"]).to(int64));
        loss.backward();
        var found = new Dictionary<string, (long[] Shape, float[] Values)> { ["loss"] = ([1], [loss.item<float>()]) };
        foreach ((string parameter, TorchSharp.Modules.Parameter value) in net.named_parameters())
            found[$"grad/{parameter}"] = (value.shape, value.grad!.contiguous().data<float>().ToArray());
        return found;
    }

    /// <summary>Milliseconds of calls, after a third as much time to warm up; as bench/peer.py measures.</summary>
    public static double[] Timed(Action run, double seconds)
    {
        long begin = Stopwatch.GetTimestamp();
        for (int runs = 0; runs < 2 || Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds / 3; runs++)
            run();
        var samples = new List<double>();
        begin = Stopwatch.GetTimestamp();
        while (samples.Count < 5 || Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds)
        {
            long start = Stopwatch.GetTimestamp();
            run();
            samples.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        samples.Sort();
        return [.. samples];
    }

    private static Tensor Of((long[] Shape, float[] Values) array) => tensor(array.Values, array.Shape);
}
