using System.Globalization;
using System.Text.Json;

namespace GpuGrad.Training.Tools;

/// <summary>
/// A prediction as JSON: <c>label</c>, <c>name</c> and <c>probabilities</c> for classes, <c>values</c> for numbers, <c>labels</c> for multi-label data, <c>mask</c> for a class per pixel, <c>tokens</c> and <c>tags</c> for sequences with a class per step. Non-finite numbers
/// are the strings "NaN", "Infinity" and "-Infinity".
/// </summary>
public static class PredictionJson
{
    /// <summary>Writes members into an open object.</summary>
    /// <param name="json">The object.</param>
    /// <param name="prediction">The prediction.</param>
    /// <param name="labels">Names of the predicted labels; null if it is not multi-label data.</param>
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
