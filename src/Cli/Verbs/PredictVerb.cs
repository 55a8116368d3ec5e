using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Verbs;

[Verb("predict", HelpText = "What a trained network says of new samples: label and probabilities, a line a sample.")]
public sealed class PredictVerb : Verb
{
    [Value(0, MetaName = "RUN", Required = true, HelpText = "A run folder or a .safetensors file of GpuGrad.")]
    public string Path { get; set; } = "";

    [Value(1, MetaName = "INPUT", Required = true, Min = 1, HelpText = "Files such as it was trained on: tables, npz, npy, IDX, pictures, folders of pictures; - for standard input.")]
    public IEnumerable<string> Inputs { get; set; } = [];

    [Option("device", HelpText = "Overrides the run's device.")]
    public string? DeviceId { get; set; }

    [Option("top", Default = 3, HelpText = "How many of the most likely classes are shown.")]
    [Range(1)]
    public int Top { get; set; }

    public override int Run(Output output)
    {
        using TrainedModel trained = TrainedModel.Open(Path);
        InputPipeline pipeline = trained.Input(Output.Note);
        List<(string Name, SampleSet Samples)> inputs = [.. Inputs.Select(i => (i, pipeline.Read(i)))];
        using Device device = DeviceCatalog.Open(DeviceId ?? trained.Config.Config.Device, trained.Config.Config.Threads);
        var predictor = new Predictor(trained.Config.Config, trained.Card, trained.Load);
        var json = new JsonArray();
        var worthless = new List<string>();
        foreach ((string name, SampleSet samples) in inputs)
        {
            IReadOnlyList<Prediction> predictions = predictor.Predict(samples, device);
            for (int i = 0; i < predictions.Count; i++)
            {
                string where = samples.Places?.Files?[i] ?? (predictions.Count == 1 && name != InputPipeline.StandardInput ? name : Format.Invariant($"{name}:{i + 1}"));
                output.Line($"{where}\t{Text(predictions[i], trained.Card.ClassNames)}");
                json.Add(ToJson(where, predictions[i]));
                if (!predictions[i].Values.All(double.IsFinite))
                    worthless.Add(samples.Places?.Of(i) ?? where);
            }
        }
        output.Json(json);
        return worthless.Count == 0 ? ExitCode.Done : throw new GpuGradException(
            Fault.NonFinite, $"{worthless[0]}: what the network makes of it is not finite{(worthless.Count > 1 ? $", nor of {worthless.Count - 1} more" : "")}; expected values like those that it was trained on, and weights that are finite");
    }

    private string Text(Prediction prediction, IReadOnlyList<string>? names)
    {
        if (prediction.Map is { Rank: 2 })
        {
            IEnumerable<string> shares = prediction.Values.GroupBy(v => (int)v).OrderByDescending(g => g.Count())
                .Select(g => Format.Invariant($"{names?.ElementAtOrDefault(g.Key) ?? g.Key.ToString(System.Globalization.CultureInfo.InvariantCulture)} {Format.Percent((double)g.Count() / prediction.Values.Count)}"));
            return string.Join(", ", shares);
        }
        if (prediction.Label is not int label)
            return string.Join(" ", prediction.Values.Select(v => Format.Invariant($"{v:G6}")));
        IEnumerable<string> best = prediction.Values
            .Select((value, index) => (value, index)).OrderByDescending(v => v.value).Take(Top)
            .Select(v => Format.Invariant($"{names?[v.index] ?? v.index.ToString(System.Globalization.CultureInfo.InvariantCulture)} {v.value:F4}"));
        return $"{prediction.Name ?? label.ToString(System.Globalization.CultureInfo.InvariantCulture)}\t{string.Join(", ", best)}";
    }

    private static JsonObject ToJson(string where, Prediction prediction)
    {
        if (prediction.Map is { Rank: 2 } mask)
        {
            return new JsonObject
            {
                ["input"] = where,
                ["mask"] = new JsonArray([.. prediction.Values.Chunk(mask[1]).Select(row => new JsonArray([.. row.Select(v => JsonValue.Create((int)v))]))]),
            };
        }
        var values = new JsonArray([.. prediction.Values.Select(v => JsonValue.Create(v))]);
        return prediction.Label is int label
            ? new JsonObject { ["input"] = where, ["label"] = label, ["name"] = prediction.Name, ["probabilities"] = values }
            : new JsonObject { ["input"] = where, ["values"] = values };
    }
}
