using System.Globalization;
using System.Text.Json;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Web.Hosting;
using Microsoft.AspNetCore.Http;

namespace GpuGrad.Web.Board;

/// <summary>A sweep's folder that the board watches.</summary>
/// <param name="key">The number by which requests name it.</param>
/// <param name="id">Path below the board's folder, with slashes; empty for that folder itself.</param>
/// <param name="folder">Full path.</param>
internal sealed class WatchedSweep(int key, string id, string folder)
{
    public const string FileName = "sweep.json";
    private const int MostBytes = 64 << 20;

    private readonly string file = Path.Combine(folder, FileName);
    private (long Length, DateTime Time) seen;

    public int Key => key;

    public string Id => id;

    /// <summary>Whether the sweep has written results since the last call.</summary>
    public bool Update()
    {
        var facts = new FileInfo(file);
        (long, DateTime) now = facts.Exists ? (facts.Length, facts.LastWriteTimeUtc) : default;
        bool isNew = now != seen;
        seen = now;
        return isNew;
    }

    /// <summary>The content of <c>sweep.json</c>.</summary>
    /// <exception cref="Refusal">It is not a JSON object, or cannot be read.</exception>
    public JsonDocument Read()
    {
        try
        {
            JsonDocument json = JsonDocument.Parse(RegularFile.ReadAll(file, MostBytes));
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                return json;
            json.Dispose();
        }
        catch (Exception e) when (e is JsonException or GpuGradException)
        {
            throw new Refusal(422, $"{FileName}: {e.Message}");
        }
        throw new Refusal(422, $"{FileName}: not the object that a sweep writes");
    }
}

/// <summary>Serves sweeps to the page as JSON. A request selects one by <c>sweep=KEY</c>.</summary>
internal sealed class SweepPages(RunIndex index)
{
    /// <summary>The list of sweeps.</summary>
    public Task List(HttpContext http) => Answer.Json(http, json =>
    {
        json.WriteStartArray();
        foreach (WatchedSweep sweep in index.Sweeps.Values.OrderBy(s => s.Id, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteNumber("key", sweep.Key);
            json.WriteString("id", sweep.Id);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    /// <summary>A sweep's <c>sweep.json</c>.</summary>
    public Task Sweep(HttpContext http)
    {
        string? key = http.Request.Query["sweep"];
        WatchedSweep sweep = index.Sweeps.Values.FirstOrDefault(s => s.Key.ToString(CultureInfo.InvariantCulture) == key) ?? throw new Refusal(404, "no such sweep; GET /api/sweeps lists them");
        using JsonDocument results = sweep.Read();
        return Answer.Json(http, results.RootElement.WriteTo);
    }
}
