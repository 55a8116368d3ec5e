using System.Globalization;
using System.Text.Json;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Reports;
using GpuGrad.Web.Hosting;
using Microsoft.AspNetCore.Http;

namespace GpuGrad.Web.Board;

/// <summary>Serves runs to the page as JSON. A request selects runs by <c>run=KEY</c>, any number of times.</summary>
internal sealed class RunPages(RunIndex index)
{
    private const int AllPoints = 60_000, LeastPoints = 60, MostPoints = 1_200, MostColumns = 240;

    // A run that ends writes its summary; one without a summary counts as killed when it has written nothing for this long.
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(10);

    /// <summary>The list of runs.</summary>
    public Task List(HttpContext http) => Answer.Json(http, json =>
    {
        json.WriteStartObject();
        json.WriteString("folder", index.Root);
        json.WriteStartArray("runs");
        foreach (WatchedRun run in index.Runs.Values.OrderByDescending(r => r.Changed).ThenBy(r => r.Id, StringComparer.Ordinal))
        {
            lock (run.At)
                WriteRun(json, run);
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>A run: the names of its metrics, alarms, summary, manifest and config.</summary>
    public Task Run(HttpContext http)
    {
        WatchedRun run = Named(http)[0];
        RunFiles? files = IfReadable(run.Files);
        return Answer.Json(http, json =>
        {
            lock (run.At)
            {
                json.WriteStartObject();
                json.WriteString("id", run.Id);
                json.WriteStartArray("figures");
                foreach (MetricColumn column in run.Columns.All)
                    json.WriteStringValue(column.Name);
                json.WriteEndArray();
                json.WriteStartArray("alarms");
                foreach (IReadOnlyDictionary<string, string> alarm in run.Columns.Alarms)
                    JsonSerializer.Serialize(json, alarm);
                json.WriteEndArray();
                json.WritePropertyName("summary");
                json.WriteRawValue(Json(() => run.Summary?.ToJson()));
                json.WritePropertyName("manifest");
                json.WriteRawValue(Json(() => files?.Manifest?.ToJson()));
                json.WriteString("config", files?.Config);
                json.WriteString("problem", run.Problem);
                json.WriteEndObject();
            }
        });
    }

    /// <summary>Names of the metrics of the selected runs, without those of single layers.</summary>
    public Task Figures(HttpContext http)
    {
        List<WatchedRun> runs = Named(http);
        var names = new List<string>();
        foreach (WatchedRun run in runs)
        {
            lock (run.At)
                names.AddRange(run.Columns.All.Select(c => c.Name).Where(n => !n.Contains('/', StringComparison.Ordinal)));
        }
        return Answer.Json(http, json => JsonSerializer.Serialize(json, names.Distinct()));
    }

    /// <summary>Metrics of several runs over a range of steps, downsampled to what a screen can show.</summary>
    public Task Series(HttpContext http)
    {
        List<WatchedRun> runs = Named(http);
        string[] names = [.. http.Request.Query["name"].OfType<string>().Take(64)];
        long from = Number(http, "from", 0), to = Number(http, "to", long.MaxValue);
        int points = Math.Clamp(AllPoints / Math.Max(1, runs.Count * Math.Max(1, names.Length)), LeastPoints, MostPoints);
        return Answer.Json(http, json =>
        {
            json.WriteStartArray();
            foreach (WatchedRun run in runs)
            {
                lock (run.At)
                {
                    foreach (MetricColumn column in names.Select(n => run.Columns[n]).OfType<MetricColumn>())
                        WriteSeries(json, run.Key, column, from, to, points);
                }
            }
            json.WriteEndArray();
        });
    }

    /// <summary>A metric of all layers over time, one row per layer.</summary>
    public Task Layers(HttpContext http)
    {
        WatchedRun run = Named(http)[0];
        string ending = "/" + (http.Request.Query["figure"] is [string figure] ? figure : throw new Refusal(400, "figure is missing; expected the name of a figure of layers"));
        return Answer.Json(http, json =>
        {
            lock (run.At)
            {
                MetricColumn[] columns = [.. run.Columns.All.Where(c => c.Name.EndsWith(ending, StringComparison.Ordinal))];
                int count = columns.Length == 0 ? 0 : columns.Max(c => c.Steps.Count), shown = Math.Min(MostColumns, count);
                json.WriteStartObject();
                json.WriteStartArray("steps");
                for (int c = 0; c < shown; c++)
                    json.WriteNumberValue(columns.MaxBy(l => l.Steps.Count)!.Steps[At(c)]);
                json.WriteEndArray();
                json.WriteStartArray("layers");
                foreach (MetricColumn column in columns)
                {
                    json.WriteStartObject();
                    json.WriteString("name", column.Name[..^ending.Length]);
                    json.WriteStartArray("values");
                    for (int c = 0; c < shown; c++)
                        WriteValue(json, At(c) < column.Values.Count ? column.Values[At(c)] : float.NaN);
                    json.WriteEndArray();
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteEndObject();

                int At(int c) => (int)((long)c * (count - 1) / Math.Max(1, shown - 1));
            }
        });
    }

    /// <summary>The settings of several runs, key by key.</summary>
    public Task Configs(HttpContext http)
    {
        List<WatchedRun> runs = Named(http);
        return Answer.Json(http, json =>
        {
            json.WriteStartObject();
            foreach (WatchedRun run in runs)
            {
                json.WriteStartObject(run.Key.ToString(CultureInfo.InvariantCulture));
                if (IfReadable(() => YamlReader.ReadFile(Path.Combine(run.Folder, "config.yaml"))) is YamlNode root)
                {
                    foreach ((string key, string value) in Flat("", root))
                        json.WriteString(key, value);
                }
                json.WriteEndObject();
            }
            json.WriteEndObject();
        });
    }

    /// <summary>Sends the ids of changed runs as server-sent events.</summary>
    public async Task Events(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        try
        {
            await foreach (string[] changed in index.Changes(http.RequestAborted))
            {
                await http.Response.WriteAsync(changed.Length == 0 ? "retry: 1000\n\n" : $"data: {JsonSerializer.Serialize(changed)}\n\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The page was closed, or the server is stopping.
        }
    }

    /// <summary>The runs that a request names.</summary>
    /// <exception cref="Refusal">There is no such run, or none is named.</exception>
    internal List<WatchedRun> Named(HttpContext http)
    {
        Dictionary<string, WatchedRun> all = index.Runs.Values.ToDictionary(r => r.Key.ToString(CultureInfo.InvariantCulture), StringComparer.Ordinal);
        List<WatchedRun> runs = [.. http.Request.Query["run"].OfType<string>().Select(n => all.GetValueOrDefault(n) ?? throw new Refusal(404, "no such run; GET /api/runs lists them"))];
        return runs.Count > 0 ? runs : throw new Refusal(400, "run is missing; expected the key of a run");
    }

    private static void WriteRun(Utf8JsonWriter json, WatchedRun run)
    {
        MetricColumns columns = run.Columns;
        json.WriteStartObject();
        json.WriteNumber("key", run.Key);
        json.WriteString("id", run.Id);
        json.WriteString("status", run.Problem is not null ? "unreadable" : run.Summary?.Status ?? (DateTime.UtcNow - run.Changed > Quiet ? "quiet" : "running"));
        json.WriteNumber("step", Math.Max(columns.LastStep, run.Summary?.Steps ?? 0));
        json.WriteNumber("epoch", columns["epoch"] is { Values: [.., float epoch] } ? (int)epoch : run.Summary?.Epochs ?? 0);
        json.WriteString("changed", run.Changed.ToString("o", CultureInfo.InvariantCulture));
        json.WriteNumber("alarms", columns.Alarms.Count(a => a.ContainsKey("alarm")));
        foreach (string name in new[] { "train_loss", "validation_loss", "test_loss", "validation_accuracy", "test_accuracy" })
        {
            if (columns[name] is { Values: [.., float last] } && float.IsFinite(last))
                json.WriteNumber(name, last);
        }
        json.WriteEndObject();
    }

    private static void WriteSeries(Utf8JsonWriter json, int run, MetricColumn column, long from, long to, int points)
    {
        (List<long> steps, List<float> values) = Downsampling.Of(column, from, to, points);
        json.WriteStartObject();
        json.WriteNumber("run", run);
        json.WriteString("name", column.Name);
        json.WriteNumber("count", column.Steps.Count);
        json.WriteStartArray("x");
        foreach (long step in steps)
            json.WriteNumberValue(step);
        json.WriteEndArray();
        json.WriteStartArray("y");
        foreach (float value in values)
            WriteValue(json, value);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, float value)
    {
        if (float.IsFinite(value))
            json.WriteNumberValue(value);
        else
            json.WriteNullValue();
    }

    private static IEnumerable<(string Key, string Value)> Flat(string path, YamlNode node)
    {
        switch (node)
        {
            case YamlMapping mapping:
                return mapping.Entries.SelectMany(e => Flat(path.Length == 0 ? e.Key.Value : $"{path}.{e.Key.Value}", e.Value));
            case YamlSequence list when list.Items.Any(i => i is not YamlScalar):
                return list.Items.SelectMany((item, i) => Flat(string.Create(CultureInfo.InvariantCulture, $"{path}.{i}"), item));
            case YamlSequence list:
                return [(path, $"[{string.Join(", ", list.Items.OfType<YamlScalar>().Select(s => s.Value))}]")];
            default:
                return [(path, ((YamlScalar)node).Value)];
        }
    }

    // A summary that was tampered with may hold strings that are not valid UTF-16.
    private static string Json(Func<string?> write)
    {
        try
        {
            return write() ?? "null";
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or JsonException)
        {
            return "null";
        }
    }

    private static T? IfReadable<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (GpuGradException)
        {
            return null;
        }
    }

    private static long Number(HttpContext http, string name, long otherwise) => http.Request.Query[name] switch
    {
        [string text] when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) => (long)Math.Clamp(value, 0, 1e18),
        [] => otherwise,
        _ => throw new Refusal(400, $"{name}; expected a number"),
    };
}
