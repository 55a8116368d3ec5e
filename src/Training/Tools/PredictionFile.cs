using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Losses;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tools;

/// <summary>
/// Predictions as a table: the columns of the samples' own table (or the file of each), then the network's output. Classes:
/// <c>prediction</c> and a probability per class, <c>p_NAME</c>; numbers: <c>prediction</c>; multi-label: <c>prediction</c> (the predicted labels,
/// or 1 or 0 per label if each is a column of the table) and <c>p_NAME</c> per label.
/// </summary>
public sealed partial class PredictionFile
{
    private const string Input = "input";

    private readonly RunConfig config;
    private readonly FittedInput fitted;
    private readonly int? top;
    private readonly double threshold;
    private readonly List<(IReadOnlyList<string> Own, IReadOnlyList<string?>? Json, Prediction Prediction)> rows = [];
    private IReadOnlyList<string>? own;
    private bool named = true;

    /// <param name="config">The experiment.</param>
    /// <param name="fitted">Fitted in training: names of classes and targets.</param>
    /// <param name="top">Number of likeliest classes to write instead of a column per class; null for all.</param>
    /// <param name="threshold">Probability above which a label, or the second of two classes, is predicted.</param>
    public PredictionFile(RunConfig config, FittedInput fitted, int? top, double threshold)
    {
        (this.config, this.fitted, this.top, this.threshold) = (config, fitted, top, threshold);
    }

    /// <summary>Refuses a path whose extension is not a known format.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: it is not one of the formats.</exception>
    public static void Check(string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() is not (".csv" or ".tsv" or ".jsonl" or ".npz"))
            throw new GpuGradException(Fault.Config, $"--out {path}; expected a name that ends in .csv, .tsv, .jsonl or .npz");
    }

    /// <summary>Adds the predictions of a file.</summary>
    /// <param name="name">The file, if it is not a table.</param>
    /// <param name="table">Its rows; null if it is not a table.</param>
    /// <param name="samples">Its samples.</param>
    /// <param name="predictions">One prediction per sample.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it has other columns than earlier files.</exception>
    public void Add(string name, RawTable? table, SampleSet samples, IReadOnlyList<Prediction> predictions)
    {
        IReadOnlyList<string> columns = table?.Names ?? [Input];
        if (own is not null && !own.SequenceEqual(columns))
            throw DataFault.In(name, $"columns {string.Join(", ", columns.Take(6).Select(DataFault.Quote))}", "those of the files before it, as all go into one table; give them one at a time");
        own = columns;
        named &= table?.Named != false;
        for (int i = 0; i < predictions.Count; i++)
        {
            string place = samples.Places?.Files?[i] ?? (predictions.Count == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}:{i + 1}"));
            rows.Add((table?.Rows[i] ?? [place], table?.Json?[i], predictions[i]));
        }
    }

    /// <summary>Refuses predictions that don't fit in a table's cells.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: predictions are masks or images, and the file is not an archive.</exception>
    public static void RequireRoom(string path, DataShape shape)
    {
        if (shape.Answer is not null && !path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
            throw new GpuGradException(Fault.Config, $"--out {path}: a row of a table holds one answer, and this network gives one for each pixel; expected a name that ends in .npz");
    }

    /// <summary>Writes the file: at every instant either the old or the new file exists, whole.</summary>
    public void Save(string path)
    {
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".npz":
                NpzWriter.Save(path, Write);
                break;
            case ".jsonl":
                DurableFile.WriteText(path, string.Concat(Lines()));
                break;
            default:
                DurableFile.WriteText(path, Text(path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) ? '\t' : ','));
                break;
        }
    }

    /// <summary>Whether a network predicts labels of multi-label data.</summary>
    public static bool AreLabels(DataShape shape, LossConfig loss) => shape.Classes == 0 && loss.Output == OutputKind.BinaryLogits;

    // Names of the columns, and how each value is taken from a prediction: a text for classes, else a number.
    private List<(string Name, Func<Prediction, object> Value)> Columns()
    {
        var columns = new List<(string, Func<Prediction, object>)>();
        if (fitted.Shape.Classes == 0)
        {
            bool labels = AreLabels(fitted.Shape, config.Loss), tags = labels && fitted.AreTags;
            if (tags)
                columns.Add(("prediction", p => string.Join(Delimiter, Labels(p, fitted, threshold))));
            for (int t = 0; t < fitted.Shape.Targets; t++)
            {
                int target = t;
                string of = fitted.Shape.Targets == 1 ? "" : $"_{TargetName(t)}";
                if (!tags)
                    columns.Add(($"prediction{of}", p => labels ? (p.Values[target] > threshold ? 1.0 : 0) : p.Values[target]));
                if (labels)
                    columns.Add(($"p{of}", p => p.Values[target]));
            }
            return columns;
        }
        string probability = config.Loss.Output.AreProbabilities() ? "p" : "score";
        columns.Add(("prediction", p => ClassName(Label(p))));
        if (top is int most)
        {
            for (int i = 0; i < Math.Min(most, fitted.Shape.Classes); i++)
            {
                int rank = i;
                columns.Add((string.Create(CultureInfo.InvariantCulture, $"top_{i + 1}"), p => ClassName(Ranked(p)[rank])));
                columns.Add((string.Create(CultureInfo.InvariantCulture, $"top_{i + 1}_{probability}"), p => p.Values[Ranked(p)[rank]]));
            }
            return columns;
        }
        columns.AddRange(Enumerable.Range(0, fitted.Shape.Classes).Select(c => ($"{probability}_{ClassName(c)}", (Func<Prediction, object>)(p => p.Values[c]))));
        return columns;
    }

    // As in the training data.
    private string Delimiter => config.Data.Dataset?.Reading.Table.LabelDelim ?? ";";

    /// <summary>Names of the labels whose probability is above a threshold.</summary>
    public static IEnumerable<string> Labels(Prediction prediction, FittedInput fitted, double threshold) =>
        Enumerable.Range(0, prediction.Values.Count).Where(t => prediction.Values[t] > threshold).Select(t => TargetName(fitted, t));

    private int Label(Prediction prediction) => Label(prediction, threshold);

    /// <summary>The predicted class if the second of two needs a probability above the threshold.</summary>
    public static int Label(Prediction prediction, double threshold) =>
        prediction.Values.Count == 2 && threshold != 0.5 ? (prediction.Values[1] > threshold ? 1 : 0) : prediction.Label!.Value;

    private static int[] Ranked(Prediction prediction) => [.. Enumerable.Range(0, prediction.Values.Count).OrderByDescending(c => prediction.Values[c])];

    private string ClassName(int c) => fitted.ClassNames?[c] ?? c.ToString(CultureInfo.InvariantCulture);

    private string TargetName(int target) => TargetName(fitted, target);

    /// <summary>Name of a target. In a series they come row by row: name_1 is that of the first row after the window.</summary>
    public static string TargetName(FittedInput fitted, int target) => fitted.Columns switch
    {
        _ when fitted.TargetNames is { } names => names[target],
        { Window: { } window } columns => string.Create(CultureInfo.InvariantCulture, $"{columns.Features[window.Targets[target % window.Targets.Count]]}_{(target / window.Targets.Count) + 1}"),
        { } columns => columns.Columns[columns.Targets[target]].Name,
        null => target.ToString(CultureInfo.InvariantCulture),
    };

    // A column of the table may have the name of one of ours.
    private List<(string Name, Func<Prediction, object> Value)> Distinct()
    {
        HashSet<string> taken = [.. own ?? []];
        var columns = new List<(string, Func<Prediction, object>)>();
        foreach ((string name, Func<Prediction, object> value) in Columns())
        {
            string free = name;
            while (!taken.Add(free))
                free += "_";
            columns.Add((free, value));
        }
        return columns;
    }

    private string Text(char separator)
    {
        List<(string Name, Func<Prediction, object> Value)> columns = Distinct();
        var text = new StringBuilder();
        // A table without a header gets none, since that would name its own columns.
        if (named)
            Row([.. own ?? [], .. columns.Select(c => c.Name)]);
        foreach ((IReadOnlyList<string> cells, _, Prediction prediction) in rows)
            Row([.. cells, .. columns.Select(c => Convert.ToString(c.Value(prediction), CultureInfo.InvariantCulture)!)]);
        return text.ToString();

        void Row(IEnumerable<string> cells) => text.AppendJoin(separator, cells.Select(c => Quoted(c, separator))).Append('\n');
    }

    private static string Quoted(string cell, char separator) =>
        cell.AsSpan().IndexOfAny(['"', '\n', '\r', separator]) >= 0 || (cell.Length > 0 && (cell[0] == ' ' || cell[^1] == ' ')) ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;

    private IEnumerable<string> Lines()
    {
        List<(string Name, Func<Prediction, object> Value)> columns = Distinct();
        foreach ((IReadOnlyList<string> cells, IReadOnlyList<string?>? json, Prediction prediction) in rows)
        {
            var line = new JsonObject();
            for (int i = 0; i < cells.Count; i++)
                line[own![i]] = json?[i] is string known ? JsonNode.Parse(known) : JsonNumber().IsMatch(cells[i]) ? JsonNode.Parse(cells[i]) : cells[i];
            foreach ((string name, Func<Prediction, object> value) in columns)
                line[name] = value(prediction) is double number ? double.IsFinite(number) ? number : null : (string)value(prediction);
            yield return line.ToJsonString(JsonSerializerOptions.Default) + "\n";
        }
    }

    private void Write(NpzWriter npz)
    {
        if (fitted.Shape.Answer is Shape map)
        {
            WriteMaps(npz, map);
            return;
        }
        int width = rows.Count == 0 ? 0 : rows[0].Prediction.Values.Count;
        double[] values = [.. rows.SelectMany(r => r.Prediction.Values)];
        if (fitted.Shape.Classes > 0)
        {
            npz.Add("prediction", [rows.Count], [.. rows.Select(r => Label(r.Prediction))]);
            npz.Add(config.Loss.Output.AreProbabilities() ? "probabilities" : "scores", [rows.Count, width], values);
        }
        else if (AreLabels(fitted.Shape, config.Loss))
        {
            npz.Add("prediction", [rows.Count, width], [.. values.Select(v => v > threshold ? 1 : 0)]);
            npz.Add("probabilities", [rows.Count, width], values);
        }
        else
        {
            npz.Add("prediction", [rows.Count, width], values);
        }
    }

    // A class per pixel, or images.
    private void WriteMaps(NpzWriter npz, Shape map)
    {
        ReadOnlySpan<int> sizes = [rows.Count, .. map.Sizes];
        IEnumerable<double> values = rows.SelectMany(r => r.Prediction.Values);
        if (fitted.Shape.Classes > 0)
            npz.Add("prediction", sizes, [.. values.Select(v => (int)v)]);
        else
            npz.Add("prediction", sizes, [.. values.Select(v => (float)v)]);
    }

    [GeneratedRegex(@"\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\z")]
    private static partial Regex JsonNumber();
}
