using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Health;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Schedules;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Config;

/// <summary>
/// Settings without effect, or with another effect than they seem to have. A setting that can only be a mistake is refused; one that may be
/// intended (one end of a sweep, a run cut short) but may mislead gives one warning. Values that mean "none" (<c>dropout: 0</c>, <c>ema: 0</c>)
/// and harmless settings (<c>drop-last</c> where batches divide evenly, <c>checkpoint.every</c> beyond a run whose epochs are saved
/// anyway, a batch as large as the set) give no message. docs/config.md lists them.
/// </summary>
public static class SettingsWithoutEffect
{
    /// <summary>A schedule that raises the optimizer's learning rate by more than this factor is probably a mistake.</summary>
    internal const double FarAbove = 10;

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: a setting asks for what another one rules out.</exception>
    public static void Refuse(RunConfig config)
    {
        if (config.Train.Optimizer is SgdConfig { Nesterov: true, Momentum: 0 } sgd)
            throw ConfigException.At(sgd.Source, "nesterov needs momentum, which is 0; expected momentum above 0, e.g. momentum: 0.9");
        if (config.Data is { Sampling: Sampling.Balanced, Shuffle: false })
            throw ConfigException.At(config.Data.Source, "data.sampling: balanced draws the samples of an epoch at random, which 'shuffle: false' rules out; expected one of the two");
        if (config.Train.Clip is { Norm: 0, Value: 0 })
            throw ConfigException.At(config.Train.Source, "train.clip limits nothing; expected 'norm' or 'value', e.g. clip: {norm: 1}");
        if (config.Diagnostics is { OnDead: not OnDead.Nothing, Every: 0 })
            throw ConfigException.At(config.Diagnostics.Source, "diagnostics.on-dead needs measurements, and diagnostics.every is 0; expected 'every' of 1 or more, e.g. 10");
        if (config.Diagnostics is { OnDead: not OnDead.Nothing, Budget: not null })
            throw ConfigException.At(config.Diagnostics.Source, "diagnostics.on-dead changes weights after measured steps, and 'budget' chooses these by the clock, so no run could be repeated; expected one of the two");
        if (config.Data is { Dataset.KnownShape: DataShape known })
            RefuseOtherShape(config.Data, known);
        if (config.Data.KnownShape is DataShape shape)
            AugmentConfig.Check(config.Data, shape);
    }

    /// <summary>A shape in the config is for synthetic data; with a data set it must equal the shape of the data.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: it differs.</exception>
    public static void RefuseOtherShape(DataConfig data, DataShape actual)
    {
        if (data.Shape is { } shape && !actual.Shape.Sizes.SequenceEqual([.. shape]))
            throw Other("shape", $"[{string.Join(", ", shape)}]", actual.Shape.ToString());
        if (data.Classes is int classes && classes != actual.Classes)
            throw Other("classes", Text(classes), Text(actual.Classes));
        if (data.Targets is int targets && targets != actual.Targets)
            throw Other("targets", Text(targets), Text(actual.Targets));

        GpuGradException Other(string key, string found, string expected) =>
            ConfigException.At(data.Source, $"data.{key} is {found}, the data set has {expected}; leave data.{key} out, a data set brings its own");
    }

    /// <summary>Warnings that can be given once the data are prepared, one line each.</summary>
    /// <param name="data">The data section.</param>
    /// <param name="samples">Training samples of the data set.</param>
    /// <param name="ids">Whether they are rows of a table.</param>
    public static IEnumerable<string> Remarks(DataConfig data, int samples, bool ids)
    {
        if (data.Limit > samples)
            yield return Line(data.Source, $"data.limit is {Text(data.Limit.Value)}, the data set has {Text(samples)} training samples: all are used");
        if (ids && data.Normalize == Normalize.Unit)
            yield return Line(data.Source, "data.normalize: the numbers are rows of an embedding's table, which are never scaled");
    }

    /// <summary>Warnings that follow from the config alone: one line each, with its place.</summary>
    public static IEnumerable<string> Remarks(RunConfig config, Network network)
    {
        (LayerConfig last, string kind) = (config.Model[^1], network.Layers[^1].Kind);
        if (config.Loss is SoftmaxCrossEntropyConfig && last is SoftmaxConfig)
            yield return Line(last.Source, "softmax before softmax-cross-entropy, which has its own: taken twice it flattens the gradients; remove it");
        if (config.Loss is SoftmaxCrossEntropyConfig && last is LogSoftmaxConfig)
            yield return Line(last.Source, "log-softmax before softmax-cross-entropy, which has its own, changes nothing; remove it");
        if (config.Loss is BinaryCrossEntropyConfig && (last is SoftmaxConfig || kind == "sigmoid"))
            yield return Line(last.Source, $"{kind} before bce-with-logits, which has its own sigmoid: taken twice it flattens the gradients; remove it");
        foreach (string line in OfSchedule(config.Train).Concat(OfGroups(config, network)))
            yield return line;
        if (config.Train.Penalty is { L1: 0, L2: 0 })
            yield return Line(config.Train.Source, "train.penalty has neither l1 nor l2, so it adds nothing");
        if (config.Train.EarlyStopping is { } stopping && stopping.Patience >= config.Train.Epochs)
            yield return Line(stopping.Source, $"train.early-stopping waits for {Text(stopping.Patience)} epochs and the run has {Text(config.Train.Epochs)}, so it never stops early");
    }

    /// <summary>Warnings that depend on the number of samples and of steps, one line each.</summary>
    /// <param name="config">The experiment.</param>
    /// <param name="samples">Training samples.</param>
    /// <param name="totalSteps">Steps of the run.</param>
    public static IEnumerable<string> Remarks(RunConfig config, int samples, long totalSteps)
    {
        (DataConfig data, TrainConfig train) = (config.Data, config.Train);
        if (train.Schedule.Warmup > 0 && train.Schedule.Warmup >= totalSteps)
            yield return Line(train.Schedule.Source, $"train.schedule: a warm-up of {Text(train.Schedule.Warmup)} steps is not over when the run is, after {Text(totalSteps)} steps: the full learning rate is never reached");
        if (train.Schedule.Highest(train.Epochs, totalSteps / train.Epochs) is var highest && highest > FarAbove)
            yield return Line(train.Schedule.Source, $"train.schedule raises the learning rate to {Text(Math.Min(float.MaxValue, highest * train.Optimizer.Lr))}, {Text(highest)} times the optimizer's");
        if (config.Diagnostics.Every > totalSteps && config.Diagnostics.Every != new DiagnosticsConfig().Every)
            yield return $"diagnostics.every is {Text(config.Diagnostics.Every)}, and the run has {Text(totalSteps)} steps: only the first is looked into, too few for most alarms";
        if (config.Diagnostics is { Every: 0, Budget: not null })
            yield return "diagnostics.budget has no effect: diagnostics.every is 0, so nothing is measured";
        if (data.DropLast && samples < data.Batch)
            yield return Line(data.Source, $"data.drop-last: {Text(samples)} training samples are less than one batch of {Text(data.Batch)}, so they are kept");
        long batches = ((long)samples + data.Batch - 1) / data.Batch;
        if (train.Accumulate > batches)
            yield return Line(train.Source, $"train.accumulate is {Text(train.Accumulate)}, but an epoch has {Text(batches)} batch{(batches == 1 ? "" : "es")}, which are one step");
    }

    private static IEnumerable<string> OfSchedule(TrainConfig train)
    {
        (string, int)? first = train.Schedule switch
        {
            StepSchedule step => ("step", step.Every),
            MultiStepSchedule steps => ("multi-step", steps.Epochs.Min()),
            PlateauSchedule plateau => ("plateau", plateau.Patience),
            ExponentialSchedule => ("exponential", 1),
            _ => null,
        };
        if (train.Schedule is StepSchedule { By: 1 } or MultiStepSchedule { By: 1 } or ExponentialSchedule { By: 1 } or PlateauSchedule { Min: 1 })
            yield return Line(train.Schedule.Source, "train.schedule: a factor of 1 never changes the learning rate");
        else if (first is (string name, int epoch) && epoch >= train.Epochs)
            yield return Line(train.Schedule.Source, $"train.schedule: {name} first changes the learning rate after {Text(epoch)} epochs, and the run has {Text(train.Epochs)}");
    }

    private static IEnumerable<string> OfGroups(RunConfig config, Network network)
    {
        TrainConfig train = config.Train;
        ParameterLayout layout = ParameterGroups.Layout(config, network);
        if (train.WeightDecayOf != Decayed.All && layout.Groups.All(g => ParameterGroups.SettingsOf(train, g.Group).WeightDecay == 0))
            yield return Line(train.Source, "train.weight-decay-of: no parameter has a weight decay, so it changes nothing; expected one in the optimizer's settings");
        for (int i = 0; i < train.Groups.Count; i++)
        {
            GroupConfig group = train.Groups[i];
            if (group is { LrFactor: 1, WeightDecay: null })
                yield return Line(group.Source, "train.groups: a group with neither lr-factor nor weight-decay changes nothing");
            else if (!layout.Groups.Any(g => ParameterGroups.ListedGroup(train, g.Group) == i + 1))
                yield return Line(group.Source, $"train.groups: every parameter that this group names is {(config.Freeze is null ? "" : "frozen or ")}in a group before it, so it changes nothing");
        }
    }

    private static string Line(Mark? place, string what) => place is Mark mark ? $"{mark}: {what}" : what;

    private static string Text(double number) => number.ToString("G3", System.Globalization.CultureInfo.InvariantCulture);

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
