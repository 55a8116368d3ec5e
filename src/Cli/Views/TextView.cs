using System.Text.Json.Nodes;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Cli.Views;

/// <summary>Prints statistics of a text data set.</summary>
internal static class TextView
{
    public static void Show(TextSummary text, Output output)
    {
        output.Line(Format.Invariant($"tokens     {text.Tokens.ToString().ToLowerInvariant()}: {text.Known:N0} in a vocabulary of {text.Size:N0} ids"));
        output.Line(Format.Invariant($"train      {text.Count:N0} tokens, {text.Unknown:N0} of them unknown"));
        if (text.Lengths is { } lengths)
            output.Line(Format.Invariant($"lengths    {lengths.Least:N0} to {lengths.Most:N0} tokens a text, median {lengths.Median:N0}"));
        output.Line();
        output.Table(["most frequent", "times", "share"], text.Frequent.Select(t => new[] { Name(t.Key), Format.Invariant($"{t.Value:N0}"), Format.Percent((double)t.Value / text.Count) }), 1, 2);
    }

    public static JsonObject ToJson(TextSummary text) => new()
    {
        ["tokens"] = text.Tokens.ToString().ToLowerInvariant(),
        ["known"] = text.Known,
        ["vocabulary"] = text.Size,
        ["count"] = text.Count,
        ["unknown"] = text.Unknown,
        ["lengths"] = text.Lengths is { } l ? new JsonObject { ["least"] = l.Least, ["median"] = l.Median, ["most"] = l.Most } : null,
        ["frequent"] = new JsonArray([.. text.Frequent.Select(t => new JsonObject { ["token"] = t.Key, ["count"] = t.Value })]),
    };

    private static string Name(string token) => token == " " ? "(space)" : token;
}
