using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Sweeps;

/// <summary>A sweep file, checked against its base config: every key exists, and both ends of each range give a valid network.</summary>
public sealed class SweepPlan
{
    private readonly SweepConfig config;

    private SweepPlan(SweepConfig config, string path, YamlMapping tree, string basePath, LoadedConfig loaded)
    {
        this.config = config;
        (Path, Tree, BasePath, Base) = (path, tree, basePath, loaded);
        Space = new SweepSpace(config.Space);
        Search = config.Search.Over(Space, config.Seed);
        Metric asked = config.Monitor ?? loaded.Config.Train.Monitor ?? Metric.Loss;
        Monitor = asked with { Set = asked.Set ?? MetricSet.Validation };
        Rungs = config.Halving?.Rungs(loaded.Config.Train.Epochs) ?? [loaded.Config.Train.Epochs];
    }

    /// <summary>Path of the sweep file.</summary>
    public string Path { get; }

    /// <summary>Contents of the sweep file.</summary>
    public YamlMapping Tree { get; }

    public string BasePath { get; }

    public LoadedConfig Base { get; }

    public SweepSpace Space { get; }

    public ISearch Search { get; }

    /// <summary>The metric that trials are compared by.</summary>
    public Metric Monitor { get; }

    /// <summary>Epochs after which trials are compared.</summary>
    public IReadOnlyList<int> Rungs { get; }

    public string SearchName => SearchConfig.Choices.First(c => c.Type == config.Search.GetType()).Name;

    /// <summary>Trials at a time, if the file sets it.</summary>
    public int? Parallel => config.Parallel;

    public int Trials => Search.Count ?? config.Trials ?? 20;

    /// <summary>Name of the metric in <c>metrics.jsonl</c>.</summary>
    public string Figure => $"{Monitor.Set!.ToString()!.ToLowerInvariant()}_{Monitor.Figure}";

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: one line with the place.</exception>
    public static SweepPlan Load(string path)
    {
        YamlNode root = YamlReader.ReadFile(path);
        if (root is not YamlMapping tree)
            throw new ConfigException(root.Mark, $"the file holds {root.Kind}; expected a sweep with 'base:' and 'space:'");
        SweepConfig config = ConfigBinder.Bind<SweepConfig>(tree, "the sweep");
        string basePath = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path) ?? "", config.Base);
        if (!File.Exists(basePath))
            throw new ConfigException(tree["base"]!.Mark, $"base '{config.Base}' does not exist ({basePath}); expected a config, relative to this file");
        var plan = new SweepPlan(config, path, tree, basePath, RunConfigFile.Load(basePath));
        plan.Check();
        return plan;
    }

    /// <summary>Turns a metric into a score; lower is better.</summary>
    public double ScoreOf(double? figure) => figure is double value && !double.IsNaN(value) ? Monitor.HigherIsBetter ? -value : value : double.PositiveInfinity;

    public SweepSchedule Schedule(int parallel) => new(Search, Trials, Rungs.Count, config.Halving?.Factor ?? 2, parallel);

    /// <summary>The <c>--set</c> arguments of <c>train</c> for a point.</summary>
    public IReadOnlyList<string> Overrides(IReadOnlyList<double> point) =>
        [.. Space.Overrides(point), .. config.Monitor is null ? Array.Empty<string>() : [$"train.monitor={Monitor}"]];

    /// <summary>The base config with the values of a point, ready to train.</summary>
    public string ConfigOf(IReadOnlyList<double> point)
    {
        LoadedConfig loaded = RunConfigFile.Load(BasePath, Overrides(point));
        return YamlWriter.Write(loaded.Tree.With("folder", new YamlScalar(System.IO.Path.GetFullPath(loaded.Folder), true, loaded.Tree.Mark)));
    }

    private void Check()
    {
        if (Space.Dimensions.Count == 0)
            throw new ConfigException(Tree["space"]!.Mark, "an empty space; expected keys of the base and values to try, e.g. train.optimizer.sgd.lr: {log-range: [1e-3, 1]}");
        if (Search.Count is not null && config.Trials is not null)
            throw new ConfigException(Tree["trials"]!.Mark, $"a grid tries each of its {Search.Count} points once; expected no 'trials', or search: random");
        if (config.Halving is not null && Space.Dimensions.Any(d => d.Key == "train.epochs"))
            throw new ConfigException(Tree["halving"]!.Mark, "halving compares trials after the same number of epochs, but the space has 'train.epochs'; expected one of the two");
        if (Monitor.Set == MetricSet.Test)
            throw new ConfigException((Tree["monitor"] ?? Tree).Mark, $"trials would be picked by '{Monitor}', so the test samples could no longer measure how good the best one is; expected a metric of the validation samples");
        if (Monitor.Set == MetricSet.Validation && Base.Config.Data.Validation is null)
            throw new ConfigException(Tree["base"]!.Mark, $"{config.Base} holds back no validation samples to compare trials by; expected data.validation there, e.g. 0.1");
        for (int d = 0; d < Space.Dimensions.Count; d++)
            CheckDimension(d);
    }

    private void CheckDimension(int index)
    {
        Dimension dimension = Space.Dimensions[index];
        Mark place = dimension.Values.Source ?? Tree["space"]!.Mark;
        foreach (double unit in dimension.Values is ChoiceDimension choice ? choice.Grid(0) : [0, 1 - 1e-9])
        {
            IReadOnlyList<double> point = PointWith(index, unit);
            if (double.IsNaN(point[index]))
                throw new ConfigException(place, $"'when' of {dimension.Key} is never true in the space");
            try
            {
                ModelCheck.Check(RunConfigFile.Load(BasePath, Overrides(point)).Config);
            }
            catch (ConfigException e)
            {
                throw new ConfigException(place, $"{dimension.Key}: {dimension.Values.ValueAt(unit)} does not fit {config.Base}: {e.Message}");
            }
        }
    }

    // The middle of the space, with one key set as requested and those that it depends on as it requires.
    private double[] PointWith(int index, double unit)
    {
        var wanted = new Dictionary<int, double> { [index] = unit };
        for (int d = index; d >= 0; d--)
        {
            if (!wanted.ContainsKey(d) || Space.Dimensions[d].Values.When is not { } when)
                continue;
            foreach ((string key, IReadOnlyList<string> labels) in when.Of)
            {
                int parent = Space.Dimensions.ToList().FindIndex(p => p.Key == key);
                DimensionConfig values = Space.Dimensions[parent].Values;
                wanted.TryAdd(parent, values.Grid(1000).FirstOrDefault(u => labels.Contains(values.LabelAt(u)), 0.5));
            }
        }
        return Space.Point(d => wanted.GetValueOrDefault(d, 0.5));
    }
}
