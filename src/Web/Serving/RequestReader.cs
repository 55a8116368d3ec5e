using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Web.Hosting;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace GpuGrad.Web.Serving;

/// <summary>Reads samples from a request's body: JSON, pictures, npy arrays, text tables. Compressed bodies are refused, except for pictures.</summary>
internal static class RequestReader
{
    private const int MostParts = 1024;
    private const string Taken = "application/json, multipart/form-data with pictures, image/*, application/octet-stream (a picture or .npy), text/csv or application/x-ndjson";

    private const string TakenByTaggers = "application/json, or text/plain with one sentence per line";

    /// <param name="type">The request's Content-Type; null for none.</param>
    /// <param name="body">The whole body.</param>
    /// <param name="pipeline">How the network's samples are read.</param>
    /// <param name="fitted">The preprocessing fitted on the training data.</param>
    /// <exception cref="Refusal">The type or the form of the body is not accepted.</exception>
    /// <exception cref="GpuGradException">The samples are damaged, or do not fit the network's input.</exception>
    public static async Task<IReadOnlyList<SampleSet>> Read(string? type, byte[] body, InputPipeline pipeline, FittedInput fitted)
    {
        if (body.Length == 0)
            throw new Refusal(400, $"an empty body; expected {(pipeline.TakesSentences ? TakenByTaggers : Taken)}");
        string media = MediaTypeHeaderValue.TryParse(type, out MediaTypeHeaderValue? parsed) ? parsed.MediaType.ToString().ToLowerInvariant() : "";
        switch (media)
        {
            case "application/json":
            // The type that curl -d sends by default.
            case "" or "application/x-www-form-urlencoded" when body.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'{', ..]:
                return JsonInputs.Read(body, pipeline, fitted);
            case "text/plain" when pipeline.TakesSentences:
                return [Sentences(body, pipeline)];
            case string other when pipeline.TakesSentences:
                throw new Refusal(415, $"a body of type {Short(other)}; expected {TakenByTaggers}");
            case "text/csv":
                return [Table(body, "body.csv", pipeline)];
            case "text/tab-separated-values":
                return [Table(body, "body.tsv", pipeline)];
            case "application/x-ndjson" or "application/jsonl" or "application/x-jsonlines":
                return [Table(body, "body.jsonl", pipeline)];
            case "text/plain" when pipeline.TakesTexts:
                return [pipeline.ReadTexts([body], "the body")];
            case "multipart/form-data":
                return await Parts(parsed!, body, pipeline);
            case "application/octet-stream" or "application/x-npy" or "":
            case string image when image.StartsWith("image/", StringComparison.Ordinal):
                return [File(body, "the body", pipeline)];
            default:
                throw new Refusal(415, $"a body of type {Short(media)}; expected {Taken}");
        }
    }

    private static SampleSet File(byte[] file, string name, InputPipeline pipeline)
    {
        if (file is not [0x93, (byte)'N', (byte)'U', (byte)'M', ..])
            return pipeline.ReadPicture(file, name);
        using var stream = new MemoryStream(file, writable: false);
        return pipeline.ReadArray(Npy.Read(stream, name), name);
    }

    private static SampleSet Sentences(byte[] body, InputPipeline pipeline)
    {
        var lines = new List<byte[]>();
        foreach (Range line in body.AsSpan().TrimEnd("\r\n"u8).Split((byte)'\n'))
            lines.Add(body[line]);
        return pipeline.ReadSentences(lines, "the body");
    }

    private static SampleSet Table(byte[] body, string name, InputPipeline pipeline)
    {
        if (body is [0x1F, 0x8B, ..] or [(byte)'P', (byte)'A', (byte)'R', (byte)'1', ..])
            throw new Refusal(415, $"{name}: compressed; expected text");
        using var stream = new MemoryStream(body, writable: false);
        return pipeline.ReadTable(stream, name);
    }

    private static async Task<IReadOnlyList<SampleSet>> Parts(MediaTypeHeaderValue type, byte[] body, InputPipeline pipeline)
    {
        string boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        if (boundary.Length is 0 or > 70)
            throw new Refusal(400, "multipart/form-data without a boundary of 1 to 70 characters");
        var samples = new List<SampleSet>();
        try
        {
            var reader = new MultipartReader(boundary, new MemoryStream(body, writable: false));
            while (await reader.ReadNextSectionAsync() is { } section)
            {
                if (samples.Count == MostParts)
                    throw new Refusal(413, FormattableString.Invariant($"more than {MostParts} parts; expected fewer"));
                using var file = new MemoryStream();
                await section.Body.CopyToAsync(file);
                samples.Add(File(file.ToArray(), FormattableString.Invariant($"part {samples.Count + 1}"), pipeline));
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new Refusal(400, $"damaged multipart/form-data: {e.Message}");
        }
        return samples.Count > 0 ? samples : throw new Refusal(400, "no parts; expected a picture in each");
    }

    private static string Short(string media) => $"'{string.Concat(media.Take(60))}'";
}
