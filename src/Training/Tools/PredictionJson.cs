using System.Globalization;
using System.Text.Json;

namespace GpuGrad.Training.Tools;

/// <summary>
/// A prediction as JSON: <c>label</c>, <c>name</c> and <c>probabilities</c> of classes, <c>values</c> of numbers, <c>labels</c> that are there, <c>mask</c> of maps of classes, <c>tokens</c> and <c>tags</c> of sequences with a class for each step. Numbers that are
/// not finite are the texts "NaN", "Infinity" and "-Infinity".
/// </summary>
public static class PredictionJson
{
    /// <summary>Writes the members of an object that was begun.</summary>
    /// <param name="json">The object.</param>
    /// <param name="prediction">What the network says.</param>
    /// <param name="labels">Names of the labels that are predicted; null where a sample has no labels.</param>
    public static void WriteMembers(Utf8JsonWriter json, Prediction prediction, IEnumerable<string>? labels = null)
    {
        if (prediction.Map is { Rank: 2 } mask)
        {
            json.WriteStartArray("mask");
            foreach (double[] row in prediction.Values.Chunk(mask[1]))
            {
                json.WriteStartArray();
                foreach (double v in row)
                    json.WriteNumberValue((int)v);
                json.WriteEndArray();
            }
            json.WriteEndArray();
            return;
        }
        if (prediction.Tags is { } tags)
        {
            if (prediction.Tokens is { } tokens)
                WriteTexts(json, "tokens", tokens);
            WriteTexts(json, "tags", tags);
            return;
        }
        if (prediction.Label is int label)
        {
            json.WriteNumber("label", label);
            json.WriteString("name", prediction.Name);
        }
        if (labels is not null)
            WriteTexts(json, "labels", labels);
        json.WriteStartArray(prediction.Label is null ? "values" : "probabilities");
        foreach (double v in prediction.Values)
        {
            if (double.IsFinite(v))
                json.WriteNumberValue(v);
            else
                json.WriteStringValue(v.ToString(CultureInfo.InvariantCulture));
        }
        json.WriteEndArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
