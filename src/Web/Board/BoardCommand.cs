using System.Net;
using System.Text.Json.Nodes;
using GpuGrad.Cli.Terminal;
using GpuGrad.Cli.Verbs;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Web.Hosting;

namespace GpuGrad.Web.Board;

/// <summary>Runs the verb <c>board</c> until a signal stops it.</summary>
internal static class BoardCommand
{
    public static int Run(BoardVerb verb, Output output)
    {
        using var signals = new StopSignals();
        return Run(verb, signals, output).GetAwaiter().GetResult();
    }

    private static async Task<int> Run(BoardVerb verb, StopSignals signals, Output output)
    {
        await using var board = new BoardServer(verb);
        await board.Start();
        output.Line($"board      {board.Server.Url(withToken: true)} shows the runs in {board.Root}; Ctrl-C stops");
        output.Json(new JsonObject { ["url"] = board.Server.Url(withToken: false), ["port"] = board.Server.Endpoint.Port, ["token"] = board.Server.Token, ["folder"] = board.Root });
        await Task.Delay(Timeout.Infinite, signals.Stop).ContinueWith(_ => { }, TaskScheduler.Default);
        return signals.ExitCode!.Value;
    }
}

/// <summary>The board's HTTP server: its page, and the JSON that the page requests.</summary>
internal sealed class BoardServer : IAsyncDisposable
{
    private readonly RunIndex index;
    private readonly NetworkPages network;
    private readonly HistogramPages histograms;

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: there is no such folder.</exception>
    public BoardServer(BoardVerb verb)
    {
        string folder = verb.Folder ?? "runs";
        if (verb.Folder is not null && !Directory.Exists(folder))
            throw new GpuGradException(Fault.Data, $"{folder}: {(File.Exists(folder) ? "a file" : "no such folder")}; expected a folder of runs");
        var access = new Access(verb);
        index = new RunIndex(folder);
        var runs = new RunPages(index);
        network = new NetworkPages(runs);
        histograms = new HistogramPages(runs);
        var sweeps = new SweepPages(index);
        Server = new WebServer(new IPEndPoint(verb.Address, verb.Port), access, new WebLimits(), new Dictionary<string, Handler>
        {
            ["GET /"] = Page.Of("board.html"),
            ["GET /board.js"] = Page.Of("board.js"),
            ["GET /chart.js"] = Page.Of("chart.js"),
            ["GET /sweeps.js"] = Page.Of("sweeps.js"),
            ["GET /pictures.js"] = Page.Of("pictures.js"),
            ["GET /histograms.js"] = Page.Of("histograms.js"),
            ["GET /page.css"] = Page.Of("page.css"),
            ["GET /board.css"] = Page.Of("board.css"),
            ["GET /api/runs"] = runs.List,
            ["GET /api/run"] = runs.Run,
            ["GET /api/figures"] = runs.Figures,
            ["GET /api/series"] = runs.Series,
            ["GET /api/layers"] = runs.Layers,
            ["GET /api/configs"] = runs.Configs,
            ["GET /api/weights"] = network.Weights,
            ["GET /api/histograms"] = histograms.Of,
            ["GET /api/mistakes"] = network.Mistakes,
            ["GET /api/sweeps"] = sweeps.List,
            ["GET /api/sweep"] = sweeps.Sweep,
            ["GET /api/events"] = runs.Events,
        });
    }

    public WebServer Server { get; }

    public string Root => index.Root;

    public Task Start() => Server.Start();

    public async ValueTask DisposeAsync()
    {
        // The index first: it ends the event streams, which otherwise never finish.
        await index.DisposeAsync();
        await Server.Stop();
        await Server.DisposeAsync();
        network.Dispose();
        histograms.Dispose();
    }
}
