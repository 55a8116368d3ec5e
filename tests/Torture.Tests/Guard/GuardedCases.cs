using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Torture.Tests.Guard;

/// <summary>What runs in guard mode: a list of cases of one kind, each of which ends in silence, or says what is wrong, or kills the process.</summary>
internal static class GuardedCases
{
    private const int MostThreads = 3;
    private const int StepsOfNetwork = 2;

    private static List<OpCase>? cases; // of the one kind that a process is started for

    /// <summary>How many there are of a kind; random steps are without end.</summary>
    public static int Count(string kind) => kind switch
    {
        "steps" => int.MaxValue,
        "networks" => Networks.Length,
        "pieces" => GuardedPieces.Count,
        _ => Cases(kind).Count,
    };

    /// <summary>Runs a case and gives what is wrong with it.</summary>
    /// <param name="kind">conformance or a family of ops, networks, pieces or steps.</param>
    /// <param name="number">Which one.</param>
    /// <param name="describe">Told what it is before it runs.</param>
    public static IReadOnlyList<string> Run(string kind, int number, Action<string> describe)
    {
        using var device = new CpuDevice(1 + (number % MostThreads));
        return kind switch
        {
            "steps" => OfStep(number, device, describe),
            "networks" => OfNetwork(Networks[number], device, describe),
            "pieces" => GuardedPieces.Run(number, device.Guard, describe),
            _ => Conformance(Cases(kind)[number], device, describe),
        };
    }

    private static int CasesOfFamily => Effort.Count(60, 400);

    private static List<OpCase> Cases(string kind) => cases ??=
        [.. OpFamilies.All.Where(f => kind == "conformance" || f.Name == kind).SelectMany(f => f.Cases(Math.Max(f.Special, CasesOfFamily)))];

    private static string[] Networks { get; } =
        [.. Directory.GetFiles(Path.Combine(Effort.Root, "tests", "Training.Tests", "Agreement", "Cases"), "*.yaml").Order(StringComparer.Ordinal)];

    private static IReadOnlyList<string> Conformance(OpCase one, CpuDevice device, Action<string> describe)
    {
        describe(one.ToString());
        return OpCheck.Against(one, device).Problems;
    }

    private static IReadOnlyList<string> OfNetwork(string yaml, CpuDevice device, Action<string> describe)
    {
        describe(Path.GetFileName(yaml));
        LoadedConfig loaded = RunConfigFile.Load(yaml);
        DataShape shape = loaded.Config.Data.KnownShape!;
        SampleSet samples = StepBatch.FromNpz(Path.ChangeExtension(yaml, "npz"), shape, loaded.Config);
        return SameBits(loaded.Config, ModelCheck.Check(loaded.Config, shape), samples, device, model => WeightFile.Load(Path.ChangeExtension(yaml, "safetensors"), model));
    }

    private static IReadOnlyList<string> OfStep(int number, CpuDevice device, Action<string> describe)
    {
        string file = Path.Combine(Path.GetTempPath(), $"gpugrad-guard-{Environment.ProcessId}.yaml");
        (LoadedConfig loaded, Network network, string yaml) = RandomStep.Of((ulong)number, file);
        File.Delete(file);
        describe(yaml);
        DataConfig data = loaded.Config.Data;
        SampleSet samples = StepBatch.Random(network, data.KnownShape!, data.Batch, loaded.Config.Seed);
        // Every fourth as pictures are, where the layers take that.
        if (number % 4 == 0 && network.Layers[0] is not Training.Layers.EmbeddingLayer)
            samples = samples with { Bytes = [.. samples.Reals!.Select(v => (byte)Math.Clamp(128 + (v * 40), 0, 255))], Reals = null };
        return SameBits(loaded.Config, network, samples, device, _ => { });
    }

    // What nobody wrote holds NaN under guard, and something else without.
    private static IReadOnlyList<string> SameBits(RunConfig config, Network network, SampleSet samples, CpuDevice device, Action<Model> prepare)
    {
        using var bare = new CpuDevice(device.Threads) { Guard = GuardSide.None };
        Dictionary<string, double[]> expected = Steps(config, network, samples, bare, prepare), found = Steps(config, network, samples, device, prepare);
        return [.. expected.Select(e => Tolerance.Exact.Explain(e.Key, e.Value, found[e.Key])).OfType<string>()];
    }

    // A step that is looked into, a plain one, and an evaluation; fused and by itself.
    private static Dictionary<string, double[]> Steps(RunConfig config, Network network, SampleSet samples, CpuDevice device, Action<Model> prepare)
    {
        using var model = new Model(config, network, device);
        var source = new BatchSource("batch", samples, Normalization.None(samples.Shape[0]), config.Data.Augmentation);
        model.Initialise(config.Seed);
        prepare(model);
        source.Upload(model.DeviceMemory);
        model.Prepare(source, [source], samples.Count, new() { Fuse = config.Seed % 4 > 0 }, watch: true);
        BoundGraph bound = model.Training(samples.Count);
        for (int step = 0; step < StepsOfNetwork; step++)
        {
            model.SetStep(config.Seed, step, 0, step, config.Train.Optimizer.Lr);
            (step == 0 ? model.Watched! : bound).Plan.Run();
        }
        var results = new Dictionary<string, double[]> { ["loss"] = [bound.Loss], ["output"] = bound.Plan.Read(bound.Graph.Output) };
        foreach (Parameter parameter in network.Parameters)
            results[parameter.Name] = model.Read(parameter);
        results["evaluation"] = [model.Evaluate(source, samples.Count).Loss];
        return results;
    }
}
