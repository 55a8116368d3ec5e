using System.Text;
using System.Text.Json;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tools;

/// <summary>Writes tags of sentences: one token, a tab and its tag per line with an empty line after each sentence, or one object per sentence (.jsonl).</summary>
/// <param name="path">The file.</param>
public sealed class TagFile(string path)
{
    private readonly StringBuilder text = new();

    private bool IsJson => path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase);

    /// <summary>Refuses a path whose extension is not a known format.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: it is not one of the formats.</exception>
    public static void Check(string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() is not (".conll" or ".txt" or ".tsv" or ".jsonl"))
            throw new GpuGradException(Fault.Config, $"--out {path}: this network gives a class for each step; expected a name that ends in .conll, .txt, .tsv or .jsonl");
    }

    public void Add(IReadOnlyList<Prediction> predictions)
    {
        foreach (Prediction prediction in predictions)
        {
            if (IsJson)
                text.Append(Line(prediction)).Append('\n');
            else
                text.AppendJoin("", prediction.Tags!.Select((tag, t) => $"{(prediction.Tokens is { } tokens ? tokens[t] + "\t" : "")}{tag}\n")).Append('\n');
        }
    }

    /// <summary>Writes the file: at every instant either the old or the new file exists, whole.</summary>
    public void Save() => DurableFile.WriteText(path, text.ToString());

    private static string Line(Prediction prediction)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            PredictionJson.WriteMembers(json, prediction);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
