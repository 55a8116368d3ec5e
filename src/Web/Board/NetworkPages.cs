using System.Text.Json;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Tools;
using GpuGrad.Web.Hosting;
using Microsoft.AspNetCore.Http;

namespace GpuGrad.Web.Board;

/// <summary>Serves what needs a run's weights: their histograms, and the network's mistakes. Computed on request, one at a time, and cached until the weights change.</summary>
internal sealed class NetworkPages(RunPages runs) : IDisposable
{
    private const int Bins = 48, WorstShown = 24, MostKept = 32;
    private const long MostWeights = 1L << 28;

    private readonly SemaphoreSlim one = new(1);
    private readonly Dictionary<(string Kind, int Run, DateTime Time), byte[]> kept = [];

    /// <summary>A histogram of each parameter.</summary>
    public Task Weights(HttpContext http) => Kept(http, "weights", WriteWeights);

    /// <summary>Number of mistakes on the test (else validation) samples, and the worst of them with pictures.</summary>
    public Task Mistakes(HttpContext http) => Kept(http, "mistakes", Judge);

    public void Dispose() => one.Dispose();

    private async Task Kept(HttpContext http, string kind, Action<Utf8JsonWriter, string> write)
    {
        WatchedRun run = runs.Named(http)[0];
        (string, int, DateTime) key = (kind, run.Key, File.GetLastWriteTimeUtc(Path.Combine(run.Folder, "weights.safetensors")));
        await one.WaitAsync(http.RequestAborted);
        try
        {
            if (!kept.TryGetValue(key, out byte[]? answer))
            {
                // Off the request threads: it may take long.
                answer = await Task.Run(() => Written(write, run.Folder), http.RequestAborted);
                if (kept.Count >= MostKept)
                    kept.Clear();
                kept[key] = answer;
            }
            await Answer.Bytes(http, answer, "application/json");
        }
        finally
        {
            one.Release();
        }
    }

    private static byte[] Written(Action<Utf8JsonWriter, string> write, string folder)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            write(json, folder);
        return stream.ToArray();
    }

    private static void WriteWeights(Utf8JsonWriter json, string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "weights.safetensors"));
        json.WriteStartArray();
        foreach (SafetensorsTensor tensor in file.Tensors.Where(t => t.Length is > 1 and <= MostWeights))
        {
            float[] values = file.ReadFloats(tensor);
            float low = values.Where(float.IsFinite).DefaultIfEmpty(0).Min(), high = values.Where(float.IsFinite).DefaultIfEmpty(0).Max();
            var counts = new int[Bins];
            double width = Math.Max(high - (double)low, 1e-30);
            foreach (float value in values)
            {
                if (float.IsFinite(value))
                    counts[Math.Min(Bins - 1, (int)((value - (double)low) / width * Bins))]++;
            }
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("shape", string.Join(" × ", tensor.Shape));
            json.WriteNumber("low", low);
            json.WriteNumber("high", high);
            json.WriteStartArray("counts");
            foreach (int count in counts)
                json.WriteNumberValue(count);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Judge(Utf8JsonWriter json, string folder)
    {
        using TrainedModel trained = TrainedModel.Open(folder);
        RunConfig config = trained.Config;
        TrainingData data = TrainingData.Load(config, new DataContext(trained.Loaded.Folder, config.Seed) { Fitted = trained.Card.Input });
        SampleSet? samples = data.Test ?? data.Validation;
        if (samples?.Labels is null)
            throw new Refusal(404, "no mistakes to show: expected a classifier with test or validation samples");
        using Device device = DeviceCatalog.Open("cpu", config.Threads);
        Judgement judgement = Judgement.Of(trained, samples, data.ClassNames, device);
        bool drawn = samples.Shape.Rank == 3 && samples.Shape[0] is 1 or 3;
        json.WriteStartObject();
        json.WriteString("set", data.Test is null ? "validation" : "test");
        json.WriteNumber("samples", samples.Count);
        json.WriteNumber("wrong", judgement.Mistakes.Count);
        json.WriteStartArray("mistakes");
        foreach (Mistake mistake in judgement.Mistakes.Take(WorstShown))
        {
            json.WriteStartObject();
            json.WriteNumber("index", mistake.Index);
            json.WriteString("is", judgement.Classes[mistake.Label]);
            json.WriteString("said", judgement.Classes[mistake.Predicted]);
            json.WriteNumber("confidence", double.IsFinite(mistake.Confidence) ? mistake.Confidence : 0);
            if (drawn)
                json.WriteString("picture", $"data:image/png;base64,{Convert.ToBase64String(PngWriter.Write(SamplePicture.Draw(samples, mistake.Index)))}");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
