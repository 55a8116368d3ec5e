using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Cli.Views;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("eval", HelpText = "Evaluate a trained network on its data set or on other samples: loss, accuracy and other metrics.")]
public sealed class EvalVerb : Verb
{
    [Value(0, MetaName = "RUN", Required = true, HelpText = "A run folder or a .safetensors file of GpuGrad.")]
    public string Path { get; set; } = "";

    [Option("split", Default = "test", HelpText = "Which samples: test, validation or train.")]
    public string Split { get; set; } = "test";

    [Option("data", MetaValue = "FILE|FOLDER", HelpText = "Other labelled samples, preprocessed like the training data; instead of --split.")]
    public string? Data { get; set; }

    [Option("folder", MetaValue = "DIR", HelpText = "The folder of the run's data, if they have moved: relative paths in the run's config start here.")]
    public string? Folder { get; set; }

    [Option("device", HelpText = "Overrides the run's device.")]
    public string? DeviceId { get; set; }

    public override int Run(Output output)
    {
        if (Split is not ("test" or "validation" or "train"))
            throw new GpuGradException(Fault.Config, $"--split {Split}; expected test, validation or train");
        OnlyWith(Data is null, "the run's own data, without --data", "folder");
        using TrainedModel trained = TrainedModel.Open(Path);
        using Device device = ConfigVerb.OpenDevice(trained.Config with { Device = DeviceId ?? trained.Config.Device }, output);
        SampleSet samples = Data is null ? OfSplit(trained, output) : trained.Input(Output.Note).Read(Data, answers: true);
        using var model = new Model(trained.Config, trained.Network, device);
        trained.Load(model);
        string what = Data ?? Split;
        var source = new BatchSource(what, samples, trained.Card.Normalization, batch: trained.Config.Data.Batch);
        source.Upload(model.DeviceMemory);
        model.Prepare(null, [source], trained.Config.Data.Batch);
        (EpochFigures figures, EvaluationReport? report) = Evaluator.Run(model, trained.Config.Loss, source, samples, trained.Card.Shape.Classes, trained.Config.Data.Batch);
        bool classes = !double.IsNaN(figures.Accuracy);
        output.Line($"weights    {trained.Source}");
        output.Line(Format.Invariant($"{what} loss {figures.Loss:F6}{(classes ? $", accuracy {Format.Percent(figures.Accuracy)}" : "")}, {figures.Samples:N0} samples"));
        ShowMore(output, report, trained.Card.Input.AnswerNames);
        output.Json(new JsonObject
        {
            ["split"] = Data is null ? Split : null,
            ["data"] = Data,
            ["loss"] = figures.Loss,
            ["accuracy"] = classes ? figures.Accuracy : null,
            ["samples"] = figures.Samples,
            ["metrics"] = EvaluationJson.Of(figures, report, trained.Card.Input.AnswerNames),
            ["device"] = device.Id,
        });
        if (double.IsFinite(figures.Loss))
            return ExitCode.Done;
        Output.Note(Format.Invariant($"gpugrad: the {what} loss is {figures.Loss}, not a finite number: the weights or the samples are not finite, or too large"));
        return classes ? ExitCode.Done : ExitCode.NonFinite;
    }

    private const int MostClasses = 20;

    // A relative error above this comes from targets of 0, or nearly 0.
    private const double MostTimes = 1e6;

    // The metrics besides loss and accuracy, one per line, then the metrics by class and the confusion matrix.
    private static void ShowMore(Output output, EvaluationReport? report, IReadOnlyList<string>? names)
    {
        if (report is null)
            return;
        output.Line();
        // Values first, so that "loss 0.66" is printed only once: scripts search for it.
        output.Table(["value", "figure"], report.Values.Select(v => new[] { Format.Invariant($"{v.Value:G5}"), v.Name.Replace('_', ' ') + (v is { Name: "mape", Value: > MostTimes } ? " (some targets are 0, or nearly)" : "") }), 0);
        if (report.PerClass is { Count: <= MostClasses } classes) // more are in --json
        {
            output.Line();
            output.Table(
                ["class", "precision", "recall", "F1", "samples"],
                classes.Select((c, i) => new[] { ConfusionView.Name(names, i), Format.Percent(c.Precision), Format.Percent(c.Recall), Format.Percent(c.F1), Format.Invariant($"{c.Support:N0}") }),
                1, 2, 3, 4);
        }
        if (report.Confusion is { } confusion)
            ConfusionView.Show(output, confusion, names);
    }

    private SampleSet OfSplit(TrainedModel trained, Output output)
    {
        LoadedConfig config = Folder is null ? trained.Loaded : trained.Loaded with { Folder = System.IO.Path.GetFullPath(Folder) };
        TrainingData data = ConfigVerb.LoadData(config, output, trained.Card.Input);
        SampleSet? samples = Split switch
        {
            "test" => data.Test,
            "validation" => data.Validation,
            _ => data.Train,
        };
        return samples ?? throw new GpuGradException(Fault.Data, $"the data has no {Split} samples");
    }
}
