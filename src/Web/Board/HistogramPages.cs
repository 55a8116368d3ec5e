using System.Text.Json;
using GpuGrad.Training.Logs.TensorBoard;
using GpuGrad.Web.Hosting;
using Microsoft.AspNetCore.Http;

namespace GpuGrad.Web.Board;

/// <summary>Serves the histograms that runs with <c>log: tensorboard</c> write each epoch. For the runs requested last, only what is new in their event files is read.</summary>
internal sealed class HistogramPages(RunPages runs) : IDisposable
{
    private const int MostKept = 16;

    private readonly SemaphoreSlim one = new(1);
    private readonly Dictionary<int, HistogramLog> logs = [];

    /// <summary>The tags of a run for one kind, such as <c>kind=gradients</c>, each with its histograms from the oldest to the newest.</summary>
    public async Task Of(HttpContext http)
    {
        WatchedRun run = runs.Named(http)[0];
        string kind = http.Request.Query["kind"] is [string said] ? said + "/" : throw new Refusal(400, "kind is missing; expected weights, gradients or activations");
        await one.WaitAsync(http.RequestAborted);
        try
        {
            if (!logs.TryGetValue(run.Key, out HistogramLog? log))
            {
                if (logs.Count >= MostKept)
                    logs.Clear();
                logs[run.Key] = log = new HistogramLog(run.Folder);
            }
            // Off the request threads: it may take long.
            await Task.Run(log.Update, http.RequestAborted);
            await Answer.Json(http, json => Write(json, log, kind));
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose() => one.Dispose();

    private static void Write(Utf8JsonWriter json, HistogramLog log, string kind)
    {
        json.WriteStartArray();
        foreach (string tag in log.Tags.Where(t => t.StartsWith(kind, StringComparison.Ordinal)))
        {
            json.WriteStartObject();
            json.WriteString("name", tag[kind.Length..]);
            json.WriteStartArray("steps");
            foreach (LoggedHistogram histogram in log[tag])
            {
                json.WriteStartObject();
                json.WriteNumber("step", histogram.Step);
                json.WriteNumber("low", histogram.Low);
                json.WriteNumber("high", histogram.High);
                json.WriteStartArray("counts");
                foreach (long count in histogram.Counts)
                    json.WriteNumberValue(count);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
