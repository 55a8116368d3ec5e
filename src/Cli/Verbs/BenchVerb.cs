using System.Globalization;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Benchmarks;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Distributed.Scaling;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("bench", HelpText = "Time a training step, an op (--op) or the machine (--machine), and compare it with the machine's limits.")]
public sealed class BenchVerb : OverridingVerb
{
    [Value(0, MetaName = "CONFIG", HelpText = "The YAML file of the experiment whose training step is timed.")]
    public string? ConfigPath { get; set; }

    [Option("op", MetaValue = "NAME", HelpText = "Time one op, forward and backward, instead: matmul, conv, depthwise, maxpool, batchnorm, relu, sgd, …")]
    public string? Op { get; set; }

    [Option("shape", MetaValue = "AxBxC", HelpText = "Sizes for --op, e.g. 1024x1024x1024 (M, K, N) for matmul; a typical size by default.")]
    public string? Shape { get; set; }

    [Option("machine", HelpText = "Measure the machine: FLOP/s and memory bandwidth.")]
    public bool Machine { get; set; }

    [Option("seconds", Default = 2.0, MetaValue = "S", HelpText = "Seconds to spend on measuring.")]
    [Range(0, Above = true, Highest = 3600)]
    public double Seconds { get; set; }

    [Option("rows", Default = 20, MetaValue = "N", HelpText = "Ops to list; --json lists all.")]
    public int Rows { get; set; }

    [Option("brief", HelpText = "Measure the time alone, not the machine's peak or the single ops.")]
    public bool Brief { get; set; }

    [Option("ranks", HelpText = "Time the step on 1, 2, 4 … of the ranks that mpirun started, and forecast up to 1,024.")]
    public bool Ranks { get; set; }

    [Option("link", MetaValue = "US,GB/S", HelpText = "A network to forecast for with --ranks: latency in µs and bandwidth in GB/s, e.g. 20,3.")]
    public string? LinkText { get; set; }

    public override int Run(Output output)
    {
        int asked = (ConfigPath is null ? 0 : 1) + (Op is null ? 0 : 1) + (Machine ? 1 : 0);
        if (asked != 1)
            throw new GpuGradException(Fault.Config, "bench: expected one of CONFIG, --op NAME and --machine");
        if (Shape is not null && Op is null)
            throw new GpuGradException(Fault.Config, "bench: --shape works only with --op");
        OnlyWith(ConfigPath is not null && !Brief, "bench CONFIG without --brief", "rows");
        OnlyWith(!Machine, "bench CONFIG or --op", "brief");
        OnlyWith(Ranks, "bench CONFIG --ranks", "link");
        OnlyWith(ConfigPath is not null, "bench CONFIG", "ranks");
        OnlyWith(!Ranks, "bench without --ranks", "brief", "rows");
        if (Ranks)
            return RankedTraining.Run(output, ranks => RunRanks(ConfigPath!, ranks, output), "Start it again.");
        if (ConfigPath is not null)
            return RunStep(ConfigPath, output);
        if (Set.Any())
            throw new GpuGradException(Fault.Config, "--set works only with verbs that take a CONFIG");
        using Device device = OpenDevice(DeviceId ?? DeviceCatalog.Auto, Threads ?? 0, output);
        return Machine ? RunMachine(device, output) : RunOp(device, output);
    }

    private int RunStep(string path, Output output)
    {
        LoadedConfig loaded = Load(path);
        RunConfig config = loaded.Config;
        Network? known = ModelCheck.Check(config);
        using Device device = OpenDevice(config.Device, config.Threads, output);
        if (known is not null)
            StepRoom.Require(config, known, config.Data.KnownShape!, device);
        (SampleSet samples, Normalization normalization, Network network) = Samples(loaded, output);
        DevicePeak? peak = Brief ? null : DevicePeak.Of(device);
        StepFigures figures = StepBenchmark.Run(config, network, device, samples, normalization, peak, Seconds);
        BenchReport.Step(figures, peak, device, Rows, output);
        return ExitCode.Done;
    }

    private int RunRanks(string path, Mpi? ranks, Output output)
    {
        KnownLink[] networks = LinkText is null ? [.. KnownLink.All] : [.. KnownLink.All, ParseLink(LinkText)];
        LoadedConfig loaded = RankedTraining.For(Load(path), ranks);
        RunConfig config = loaded.Config;
        using Device device = OpenDevice(config.Device, config.Threads, output);
        (SampleSet samples, Normalization normalization, Network network) = Samples(loaded, output);
        ScalingFigures figures = new RankBenchmark(config, network, device, samples, normalization, Seconds).Run(ranks, networks);
        if (ranks is null or { Rank: 0 })
            RankReport.Scaling(figures, ranks, device, output);
        return ExitCode.Done;
    }

    private static KnownLink ParseLink(string text) =>
        text.Split(',') is [var latency, var bandwidth] && Number(latency) is >= 0 and double us && Number(bandwidth) is > 0 and double speed
            ? new KnownLink(Format.Invariant($"{us:G4} µs, {speed:G4} GB/s"), Link.Of(us, speed))
            : throw new GpuGradException(Fault.Config, $"--link {text}; expected a latency in µs and a bandwidth in GB/s, e.g. 20,3");

    private static double Number(string text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) ? value : double.NaN;

    // Random samples if the shape is known, so that nothing has to be read; else the first samples of the data set.
    private static (SampleSet, Normalization, Network) Samples(LoadedConfig loaded, Output output)
    {
        DataConfig data = loaded.Config.Data;
        if (data.KnownShape is DataShape shape)
        {
            Network network = ModelCheck.Check(loaded.Config, shape);
            return (StepBatch.Random(network, shape, data.Batch, loaded.Config.Seed), Normalization.None(shape.Shape[0]), network);
        }
        TrainingData all = LoadData(loaded, output);
        int[] first = [.. Enumerable.Range(0, Math.Min(data.Batch, all.Train.Count))];
        return (all.Train.Pick(first), all.Normalization, ModelCheck.Check(loaded.Config, all.Shape));
    }

    private int RunOp(Device device, Output output)
    {
        OpBenchmark benchmark = OpBenchmarks.All.FirstOrDefault(b => b.Name == Op)
            ?? throw new GpuGradException(Fault.Config, $"no op is called '{Op}' here; expected one of {string.Join(", ", OpBenchmarks.All.Select(b => b.Name))}");
        int[] sizes = OpBenchmarks.Parse(benchmark, Shape ?? benchmark.Example);
        DevicePeak? peak = Brief ? null : DevicePeak.Of(device);
        BenchReport.Op(OpBenchmarkRun.Run(benchmark, sizes, device, peak, Seconds), peak, device, output);
        return ExitCode.Done;
    }

    private static int RunMachine(Device device, Output output)
    {
        BenchReport.Machine(DevicePeak.Of(device), device, output);
        return ExitCode.Done;
    }
}
