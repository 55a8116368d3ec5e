using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Preview;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Logs.TensorBoard;

/// <summary>
/// Logs a run for TensorBoard. Tags start with the metric, so that its sets and layers are in one section: <c>loss/train</c>,
/// <c>loss/test</c>, <c>gradient_norm/0.weight</c>, <c>weights/0.weight</c>.
/// </summary>
internal sealed class TensorBoardLog(TensorBoardConfig config, LoadedConfig loaded, TrainingData data, EventFile file) : IRunLog
{
    private const long MostPixels = 1 << 22; // of a sheet of pictures

    // Fewer if they are large, and none if one is too large already.
    private readonly int shown = data.Shape.Shape is { Rank: 3 } shape ? (int)Math.Min(config.Images, MostPixels / Math.Max(1, (long)shape[1] * shape[2])) : config.Images;

    public void Append(LineKind kind, ReadOnlySpan<(string Name, MetricValue Value)> line)
    {
        var summary = new Summary();
        if (kind == LineKind.Alarm)
        {
            summary.Value.Add(Alarm(line));
        }
        else
        {
            foreach ((string name, MetricValue value) in line)
            {
                if (value.Number is double number && Tag(kind, name) is string tag)
                    summary.Value.Add(Summaries.Scalar(tag, number));
            }
        }
        Write((long)line[0].Value.Number!.Value, summary);
    }

    public void AtStart(Trainer trainer)
    {
        var summary = new Summary { Value = { Summaries.Text("config", Code(YamlWriter.Write(loaded.Tree))), Summaries.SessionStart(Hyperparameters.Of(loaded, trainer.Network)) } };
        if (shown > 0 && DataPreview.Sheet(data, shown) is byte[] sheet)
            summary.Value.Add(Summaries.Image("samples", sheet));
        Write(0, summary);
    }

    public void AfterEpoch(Trainer trainer, EpochReport report)
    {
        var summary = new Summary();
        if (config.Histograms > 0 && report.Epoch % config.Histograms == 0)
            AddHistograms(summary, trainer);
        if (shown > 0)
        {
            if (FilterSheet.Draw(trainer.Model, data.Shape.Shape, shown) is (string parameter, byte[] filters))
                summary.Value.Add(Summaries.Image($"filters/{parameter}", filters));
            AddMistakes(summary, "validation", data.Validation, report.ValidationReport);
            AddMistakes(summary, "test", data.Test, report.TestReport);
        }
        Write(report.Step, summary);
    }

    public void AtEnd(Trainer trainer, bool succeeded) => Write(trainer.State.Step, new Summary { Value = { Summaries.SessionEnd(succeeded) } });

    public void Flush() => file.Flush();

    public IEnumerable<KeyValuePair<string, long>> Sync() => file.Sync();

    public void Dispose() => file.Dispose();

    private void Write(long step, Summary summary)
    {
        if (summary.Value.Count > 0)
            file.Write(new Event { Step = step, Summary = summary });
    }

    private static void AddHistograms(Summary summary, Trainer trainer)
    {
        Model model = trainer.Model;
        foreach (Parameter parameter in model.Memory.Layout.Trained)
        {
            var values = new float[parameter.Shape.Count];
            model.Read(parameter, 0, values);
            Add($"weights/{parameter.Name}", values);
            model.ReadGradient(parameter, values);
            Add($"gradients/{parameter.Name}", values);
        }
        foreach ((string layer, float[] values) in trainer.Activations())
            Add($"activations/{layer}", values);

        void Add(string tag, float[] values)
        {
            if (Summaries.Histogram(tag, values) is { } histogram)
                summary.Value.Add(histogram);
        }
    }

    private void AddMistakes(Summary summary, string set, SampleSet? samples, EvaluationReport? report)
    {
        if (samples is { Shape.Rank: 3 } && report?.Mistakes is { Count: > 0 } mistakes)
            summary.Value.Add(Summaries.Image($"mistakes/{set}", PictureSheet.Draw(samples, [.. mistakes.Take(shown).Select(m => (m.Index, $"{NameOf(m.Label)}>{NameOf(m.Predicted)}"))])));
    }

    private string NameOf(int label) => data.ClassNames?[label] ?? label.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string? Tag(LineKind kind, string name)
    {
        if (name is "step" or "epoch")
            return null;
        switch (kind)
        {
            case LineKind.Step:
                return name switch { "loss" => "loss/batch", "lr" => "learning_rate", "gradient_norm" => "gradient_norm/all", _ => name };
            case LineKind.Epoch:
                int set = name.IndexOf('_', StringComparison.Ordinal);
                return set < 0 ? null : $"{name[(set + 1)..]}/{name[..set]}";
            default:
                int slash = name.LastIndexOf('/');
                string figure = name[(slash + 1)..];
                return $"{(figure is "mean" or "deviation" or "zeros" or "largest" ? "activation_" : "")}{figure}/{name[..slash]}";
        }
    }

    private static Summary.Types.Value Alarm(ReadOnlySpan<(string Name, MetricValue Value)> line)
    {
        string id = "", text = "";
        foreach ((string name, MetricValue value) in line)
        {
            if (value.Text is not string said)
                continue;
            if (name is "alarm" or "remark")
                id = $"{name}s/{said}";
            else
                text += $"**{name}** {said}  \n"; // two spaces: a line break
        }
        return Summaries.Text(id, text);
    }

    // Indented lines are code in Markdown.
    private static string Code(string text) => string.Concat(text.Split('\n').Select(l => $"    {l}\n"));
}
