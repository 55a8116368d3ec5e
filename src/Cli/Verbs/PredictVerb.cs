using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("predict", HelpText = "Predict new samples with a trained network: label and probabilities, one line per sample.")]
public sealed class PredictVerb : Verb
{
    [Value(0, MetaName = "RUN", Required = true, HelpText = "A run folder or a .safetensors file of GpuGrad.")]
    public string Path { get; set; } = "";

    [Value(1, MetaName = "INPUT", Required = true, Min = 1, HelpText = "Files of the kind it was trained on: tables, npz, npy, IDX, pictures, folders of pictures; - for standard input.")]
    public IEnumerable<string> Inputs { get; set; } = [];

    [Option("device", HelpText = "Overrides the run's device.")]
    public string? DeviceId { get; set; }

    [Option("top", Default = 3, HelpText = "Number of most likely classes to show.")]
    [Range(1)]
    public int Top { get; set; }

    [Option("threshold", MetaValue = "P", HelpText = "Probability above which the second of two classes (of a sample, or of a pixel), or a label, is predicted; 0.5 by default.")]
    public double? Threshold { get; set; }

    [Option("out", MetaValue = "FILE", HelpText = "Write the predictions to a file: .csv, .tsv, .jsonl or .npz. A table's own columns come first; with --top, only the likeliest classes follow. For segmentation: a folder of mask PNGs, one per picture, or .npz. For tagging: .conll (one token and its tag per line) or .jsonl.")]
    public string? Out { get; set; }

    public override int Run(Output output)
    {
        if (Inputs.Count(i => i == InputPipeline.StandardInput) > 1)
            throw new GpuGradException(Fault.Config, "standard input (-) is given twice; it can be read once");
        if (Out is not null)
        {
            if (Inputs.Any(i => System.IO.Path.GetFullPath(i) == System.IO.Path.GetFullPath(Out)))
                throw new GpuGradException(Fault.Config, $"--out {Out} is an input; expected another name");
        }
        using TrainedModel trained = TrainedModel.Open(Path);
        RequireThreshold(trained);
        bool labels = PredictionFile.AreLabels(trained.Card.Shape, trained.Config.Loss), top = Words.Any(w => w.StartsWith("--top", StringComparison.Ordinal));
        if (top && !labels && (trained.Card.Shape.Classes == 0 || trained.Card.Shape.Answer is not null))
            throw new GpuGradException(Fault.Config, $"--top is for the likeliest of several classes; this network predicts {(trained.Card.Shape.Classes > 0 ? trained.Card.Shape.HasPositionClasses ? "a class for each step" : "a class for each pixel" : "numbers")}; leave it out");
        TagFile? tags = Out is null || !trained.Card.Shape.HasPositionClasses ? null : Tags(Out);
        MapFiles? maps = tags is null ? Maps(trained) : null;
        if (Out is not null && tags is null && maps is null)
            PredictionFile.RequireRoom(Out, trained.Card.Shape);
        InputPipeline pipeline = trained.Input(Output.Note);
        List<(string Name, SampleSet Samples)> inputs = [.. Inputs.Select(i => (i, pipeline.Read(i)))];
        using Device device = DeviceCatalog.Open(DeviceId ?? trained.Config.Device, trained.Config.Threads);
        var predictor = new Predictor(trained.Config, trained.Card, trained.Load) { MaskThreshold = Threshold };
        PredictionFile? file = Out is null || maps is not null || tags is not null ? null : new PredictionFile(trained.Config, trained.Card.Input, top ? Top : null, Threshold ?? 0.5);
        var json = new JsonArray();
        var worthless = new List<string>();
        // A window is named by its last input row.
        bool windows = trained.Card.Input.Columns?.Window is not null;
        foreach ((string name, SampleSet samples) in inputs)
        {
            IReadOnlyList<Prediction> predictions = [.. predictor.Predict(samples, device).Select(p => WithThreshold(p, trained.Card.ClassNames))];
            file?.Add(name, pipeline.Raw(name, samples), samples, predictions);
            maps?.Add(name, samples, predictions);
            tags?.Add(predictions);
            for (int i = 0; i < predictions.Count; i++)
            {
                string where = windows ? samples.Places!.Of(i) : samples.Places?.Files?[i] ?? (predictions.Count == 1 && name != InputPipeline.StandardInput ? name : Format.Invariant($"{name}:{i + 1}"));
                if (Out is null)
                    output.Line($"{where}\t{(labels ? LabelText(predictions[i], trained.Card.Input) : Text(predictions[i], trained.Card.ClassNames))}");
                json.Add(ToJson(where, predictions[i], labels ? trained.Card.Input : null));
                if (!predictions[i].Values.All(double.IsFinite))
                    worthless.Add(samples.Places?.Of(i) ?? where);
            }
        }
        file?.Save(Out!);
        maps?.Save();
        tags?.Save();
        if (Out is not null)
            output.Line(Format.Invariant($"predictions {json.Count:N0} in {Out}"));
        output.Json(json);
        return worthless.Count == 0 ? ExitCode.Done : throw new GpuGradException(
            Fault.NonFinite, $"{worthless[0]}: the network's output is not finite{(worthless.Count > 1 ? $" (nor for {worthless.Count - 1} more)" : "")}; expected inputs like the training data, and finite weights");
    }

    private static TagFile Tags(string path)
    {
        TagFile.Check(path);
        return new TagFile(path);
    }

    // Image outputs are written to separate files.
    private MapFiles? Maps(TrainedModel trained)
    {
        if (Out is null)
            return null;
        if (trained.Card.Shape.MaskShape is not null || trained.Card.Shape.Answer is { Rank: 3 })
            return new MapFiles(trained.Config, trained.Card.Input, Out);
        PredictionFile.Check(Out);
        return null;
    }

    private void RequireThreshold(TrainedModel trained)
    {
        if (Threshold is not double threshold)
            return;
        if (!(threshold is >= 0 and <= 1))
            throw new GpuGradException(Fault.Config, Format.Invariant($"--threshold {threshold}; expected a probability from 0 to 1"));
        LossConfig loss = trained.Config.Loss;
        if (!PredictionFile.AreLabels(trained.Card.Shape, loss) && !(trained.Card.Shape.Classes == 2 && loss.Output.AreProbabilities()))
            throw new GpuGradException(Fault.Config, $"--threshold is for probabilities of two classes or of labels; this network gives {(trained.Card.Shape.Classes > 0 ? $"{trained.Card.Shape.Classes} classes, of which the likeliest is predicted" : "numbers")}");
    }

    private Prediction WithThreshold(Prediction prediction, IReadOnlyList<string>? names)
    {
        if (prediction.Label is null || Threshold is not double threshold)
            return prediction;
        int label = PredictionFile.Label(prediction, threshold);
        return prediction with { Label = label, Name = names?[label] };
    }

    // The predicted labels, then the likeliest with their probabilities.
    private string LabelText(Prediction prediction, FittedInput fitted)
    {
        IEnumerable<string> best = prediction.Values
            .Select((value, index) => (value, index)).OrderByDescending(v => v.value).Take(Top)
            .Select(v => Format.Invariant($"{PredictionFile.TargetName(fitted, v.index)} {v.value:F4}"));
        string there = string.Join(", ", PredictionFile.Labels(prediction, fitted, Threshold ?? 0.5));
        return $"{(there.Length == 0 ? "none" : there)}\t{string.Join(", ", best)}";
    }

    private string Text(Prediction prediction, IReadOnlyList<string>? names)
    {
        if (prediction.Map is { Rank: 2 })
        {
            IEnumerable<string> shares = prediction.Values.GroupBy(v => (int)v).OrderByDescending(g => g.Count())
                .Select(g => Format.Invariant($"{names?.ElementAtOrDefault(g.Key) ?? g.Key.ToString(System.Globalization.CultureInfo.InvariantCulture)} {Format.Percent((double)g.Count() / prediction.Values.Count)}"));
            return string.Join(", ", shares);
        }
        if (prediction.Tags is { } tags)
            return string.Join(" ", prediction.Tokens is { } tokens ? tokens.Zip(tags, (token, tag) => $"{token}/{tag}") : tags);
        if (prediction.Label is not int label)
            return string.Join(" ", prediction.Values.Select(v => Format.Invariant($"{v:G9}")));
        IEnumerable<string> best = prediction.Values
            .Select((value, index) => (value, index)).OrderByDescending(v => v.value).Take(Top)
            .Select(v => Format.Invariant($"{names?[v.index] ?? v.index.ToString(System.Globalization.CultureInfo.InvariantCulture)} {v.value:F4}"));
        return $"{prediction.Name ?? label.ToString(System.Globalization.CultureInfo.InvariantCulture)}\t{string.Join(", ", best)}";
    }

    private JsonNode ToJson(string where, Prediction prediction, FittedInput? labels)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("input", where);
            PredictionJson.WriteMembers(json, prediction, labels is null ? null : PredictionFile.Labels(prediction, labels, Threshold ?? 0.5));
            json.WriteEndObject();
        }
        return JsonNode.Parse(bytes.WrittenSpan)!;
    }
}
