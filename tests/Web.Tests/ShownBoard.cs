using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using GpuGrad.Cli.Verbs;
using GpuGrad.Web.Board;

namespace GpuGrad.Web.Tests;

/// <summary>A board server in the test process, by default over a temporary folder that is deleted after the test.</summary>
internal sealed class ShownBoard : IAsyncDisposable
{
    private ShownBoard(string folder, Action<BoardVerb>? set)
    {
        Folder = folder;
        var verb = new BoardVerb { Folder = folder, Port = 0 };
        set?.Invoke(verb);
        Board = new BoardServer(verb);
    }

    public string Folder { get; }

    public BoardServer Board { get; }

    public HttpClient Client { get; } = new();

    public static async Task<ShownBoard> Start(string? folder = null, Action<BoardVerb>? set = null)
    {
        var shown = new ShownBoard(folder ?? Directory.CreateTempSubdirectory("gpugrad-board").FullName, set);
        await shown.Board.Start();
        shown.Client.BaseAddress = new Uri(FormattableString.Invariant($"http://127.0.0.1:{shown.Board.Server.Endpoint.Port}/"));
        return shown;
    }

    /// <summary>Writes a run folder whose log has the given number of steps.</summary>
    public static void Run(string folder, int steps, Func<int, double>? loss = null, string config = "name: made\n")
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.yaml"), config);
        var log = new StringBuilder();
        for (int i = 1; i <= steps; i++)
            log.Append(Line(i, loss?.Invoke(i) ?? 1.0 / i));
        File.WriteAllText(Path.Combine(folder, "metrics.jsonl"), log.ToString());
    }

    public static string Line(int step, double loss) => string.Create(CultureInfo.InvariantCulture, $$"""{"step":{{step}},"epoch":1,"lr":0.1,"loss":{{loss:R}},"gradient_norm":{{2 * loss:R}}}""") + "\n";

    public async Task<JsonNode> Get(string path)
    {
        HttpResponseMessage response = await Client.GetAsync(path);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == 200, $"{path}: {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>Waits until the list has the run, in the wanted state, and returns its entry.</summary>
    public async Task<JsonNode> Listed(string id, Func<JsonNode, bool>? wanted = null)
    {
        while (true)
        {
            JsonNode? run = (await Get("api/runs"))["runs"]!.AsArray().FirstOrDefault(r => (string?)r!["id"] == id);
            if (run is not null && wanted?.Invoke(run) != false)
                return run;
            await Task.Delay(10);
        }
    }

    public async Task<(long[] Steps, double?[] Values)> Series(JsonNode run, string name, string more = "")
    {
        JsonNode? series = (await Get($"api/series?run={run["key"]}&name={name}{more}")).AsArray().SingleOrDefault();
        return series is null ? ([], []) : ([.. series["x"]!.AsArray().Select(x => (long)x!)], [.. series["y"]!.AsArray().Select(y => (double?)y)]);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Board.DisposeAsync();
        if (Folder.StartsWith(Path.Combine(Path.GetTempPath(), "gpugrad-board"), StringComparison.Ordinal))
            Directory.Delete(Folder, recursive: true);
    }
}
