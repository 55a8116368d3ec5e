using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using GpuGrad.Cli;
using GpuGrad.Cli.Tests;
using GpuGrad.Tests.Support;
using GpuGrad.Torture.Tests;

namespace GpuGrad.Web.Tests;

/// <summary>What <c>board</c> says of the runs in a folder.</summary>
public sealed class BoardTests(TrainedRuns runs)
{
    private readonly Gpugrad gpugrad = runs.Gpugrad;

    [Fact]
    public async Task A_run_is_listed_with_its_figures_and_how_it_ended()
    {
        await using ShownBoard board = await ShownBoard.Start(gpugrad.Folder);
        JsonNode run = await board.Listed("digits"), summary = JsonNode.Parse(File.ReadAllText(gpugrad["digits/summary.json"]))!;
        Assert.Equal("finished", (string?)run["status"]);
        Assert.Equal((long)summary["steps"]!, (long)run["step"]!);
        Assert.Equal((float)summary["test_accuracy"]!, (float)run["test_accuracy"]!);
        JsonNode about = await board.Get($"api/run?run={run["key"]}");
        Assert.True(JsonNode.DeepEquals(summary["metrics"], about["summary"]!["metrics"]));
        Assert.Equal(File.ReadAllText(gpugrad["digits/config.yaml"]), (string?)about["config"]);
        Assert.Contains("test_loss", (await board.Get($"api/figures?run={run["key"]}")).AsArray().Select(f => (string?)f));
        JsonNode layers = await board.Get($"api/layers?run={run["key"]}&figure=gradient_rms");
        Assert.Equal("0.weight", (string?)layers["layers"]![0]!["name"]);
        Assert.Equal(layers["steps"]!.AsArray().Count, layers["layers"]![0]!["values"]!.AsArray().Count);
        JsonNode configs = await board.Get($"api/configs?run={run["key"]}");
        Assert.Equal("8", (string?)configs[run["key"]!.ToString()]!["model.0.conv.filters"]);
    }

    [Fact]
    public async Task What_the_network_gets_wrong_and_how_its_weights_are_spread_come_from_the_run()
    {
        await using ShownBoard board = await ShownBoard.Start(gpugrad.Folder);
        JsonNode run = await board.Listed("digits");
        JsonArray confusion = JsonNode.Parse(File.ReadAllText(gpugrad["digits/summary.json"]))!["metrics"]!["test"]!["confusion"]!.AsArray();
        int wrong = confusion.Select((row, i) => row!.AsArray().Where((_, c) => c != i).Sum(n => (int)n!)).Sum();
        JsonNode mistakes = await board.Get($"api/mistakes?run={run["key"]}");
        Assert.Equal(wrong, (int)mistakes["wrong"]!);
        Assert.StartsWith("data:image/png;base64,iVBOR", (string?)mistakes["mistakes"]![0]!["picture"], StringComparison.Ordinal);
        JsonNode weights = (await board.Get($"api/weights?run={run["key"]}"))[0]!;
        Assert.Equal("0.bias", (string?)weights["name"]);
        Assert.Equal(8, weights["counts"]!.AsArray().Sum(n => (int)n!));
    }

    [Fact]
    public async Task Long_logs_come_in_few_points_that_hide_no_spike_and_in_all_of_them_when_looked_at_closely()
    {
        await using ShownBoard board = await ShownBoard.Start();
        ShownBoard.Run(Path.Combine(board.Folder, "long"), 10_000, i => i == 7_777 ? 50 : i == 3_333 ? double.NaN : 1.0 / i);
        File.WriteAllText(Path.Combine(board.Folder, "long", "metrics.jsonl"), File.ReadAllText(Path.Combine(board.Folder, "long", "metrics.jsonl")).Replace("NaN", "\"NaN\"", StringComparison.Ordinal));
        JsonNode run = await board.Listed("long", r => (int)r["step"]! == 10_000);
        (long[] steps, double?[] values) = await board.Series(run, "loss");
        Assert.InRange(steps.Length, 600, 1_200);
        Assert.Equal(steps.Order(), steps);
        Assert.Equal(50.0, values[Array.IndexOf(steps, 7_777)]);
        Assert.Null(values[Array.IndexOf(steps, 3_333)]);
        (steps, values) = await board.Series(run, "loss", "&from=2000&to=2100");
        Assert.Equal(Enumerable.Range(1999, 103).Select(s => (long)s), steps);
        Assert.Equal(Enumerable.Range(1999, 103).Select(s => (float?)(1.0f / s)), values.Select(v => (float?)v));
    }

    [Fact]
    public async Task Two_hundred_runs_of_ten_thousand_steps_are_compared_in_an_answer_of_some_hundred_thousand_bytes()
    {
        await using ShownBoard board = await ShownBoard.Start();
        ShownBoard.Run(Path.Combine(board.Folder, "sweep", "0"), 10_000);
        for (int i = 1; i < 200; i++)
        {
            Directory.CreateDirectory(Path.Combine(board.Folder, "sweep", i.ToString(CultureInfo.InvariantCulture)));
            foreach (string file in new[] { "metrics.jsonl", "config.yaml" })
                File.Copy(Path.Combine(board.Folder, "sweep", "0", file), Path.Combine(board.Folder, "sweep", i.ToString(CultureInfo.InvariantCulture), file));
        }
        JsonNode? list = null;
        while (list?["runs"]!.AsArray().Count(r => (int)r!["step"]! == 10_000) != 200)
            list = await board.Get("api/runs");
        string keys = string.Join("&", list["runs"]!.AsArray().Select(r => $"run={r!["key"]}"));
        string text = await board.Client.GetStringAsync($"api/series?{keys}&name=loss");
        Assert.Equal(200, JsonNode.Parse(text)!.AsArray().Count);
        Assert.InRange(text.Length, 100_000, 2_000_000);

        await using Browser browser = await Browser.Open(1280, 900, dark: false);
        await browser.Go($"{board.Client.BaseAddress}#view=curves&{string.Join("&", list["runs"]!.AsArray().Select(r => $"run={Uri.EscapeDataString((string)r!["id"]!)}"))}");
        await browser.Until("document.body.dataset.ready == 'yes' && document.querySelector('#view canvas').getAttribute('aria-label').includes('and 188 more lines')");
        double opened = (await browser.Ask("performance.getEntriesByName('ready')[0].startTime"))!.GetValue<double>();
        long written = Stopwatch.GetTimestamp();
        File.AppendAllText(Path.Combine(board.Folder, "sweep", "0", "metrics.jsonl"), ShownBoard.Line(10_001, 0.75));
        await browser.Until("document.querySelector('#view canvas').getAttribute('aria-label').includes('sweep/0, each step ends at 0.75')");
        Effort.Report("board-page", $"200 runs of 10,000 points drawn {opened:F0} ms after the page was asked for; a line drawn {Stopwatch.GetElapsedTime(written).TotalMilliseconds:F0} ms after it was written");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task What_is_written_is_told_to_whoever_listens()
    {
        await using ShownBoard board = await ShownBoard.Start();
        string folder = Path.Combine(board.Folder, "now"), log = Path.Combine(folder, "metrics.jsonl");
        using Stream stream = await board.Client.GetStreamAsync("api/events");
        using var events = new StreamReader(stream);
        ShownBoard.Run(folder, 3);
        await Told(events, "now");
        JsonNode run = await board.Listed("now", r => (int)r["step"]! == 3);
        Assert.Equal("running", (string?)run["status"]);

        // A line counts when it has ended.
        File.AppendAllText(log, ShownBoard.Line(4, 0.5)[..20]);
        File.AppendAllText(log, ShownBoard.Line(4, 0.5)[20..] + "not a line of metrics\n{\"step\":-1}\n[5]\n" + ShownBoard.Line(5, 0.25));
        await Told(events, "now");
        await board.Listed("now", r => (int)r["step"]! == 5);
        (long[] steps, double?[] values) = await board.Series(run, "loss");
        Assert.Equal([1, 2, 3, 4, 5], steps);
        Assert.Equal(0.25, values[^1]);

        // A run that is resumed goes on from its checkpoint: the log is cut back.
        File.WriteAllText(log, ShownBoard.Line(1, 1) + ShownBoard.Line(2, 0.75));
        await board.Listed("now", r => (int)r["step"]! == 2);
        (steps, _) = await board.Series(run, "loss");
        Assert.Equal([1, 2], steps);

        Directory.Delete(folder, recursive: true);
        while ((await board.Get("api/runs"))["runs"]!.AsArray().Count > 0)
            await Task.Delay(10);
    }

    [Theory]
    [InlineData("api/run", 400)]
    [InlineData("api/run?run=99", 404)]
    [InlineData("api/run?run=../../etc", 404)]
    [InlineData("api/run?run=%2e%2e%2f", 404)]
    [InlineData("api/series?run=1&name=loss&from=x", 400)]
    [InlineData("api/layers?run=1", 400)]
    [InlineData("api/histograms?run=1", 400)]
    [InlineData("api/weights?run=/etc/passwd", 404)]
    [InlineData("api/nothing", 404)]
    [InlineData("outside/secret.txt", 404)]
    [InlineData("inside/config.yaml", 404)]
    public async Task A_request_names_no_file(string path, int status)
    {
        await using ShownBoard board = await ShownBoard.Start();
        ShownBoard.Run(Path.Combine(board.Folder, "inside"), 2);
        await board.Listed("inside");
        await Served.Refused(await board.Client.GetAsync(path), status);
    }

    [Fact]
    public async Task Links_that_lead_elsewhere_are_not_followed()
    {
        string outside = Directory.CreateTempSubdirectory("gpugrad-outside").FullName;
        ShownBoard.Run(Path.Combine(outside, "run"), 2);
        await using ShownBoard board = await ShownBoard.Start();
        Directory.CreateSymbolicLink(Path.Combine(board.Folder, "link"), outside);
        Directory.CreateSymbolicLink(Path.Combine(board.Folder, "loop"), board.Folder);
        ShownBoard.Run(Path.Combine(board.Folder, "own"), 2);
        await board.Listed("own");
        Assert.Equal(["own"], (await board.Get("api/runs"))["runs"]!.AsArray().Select(r => (string?)r!["id"]));
        Directory.Delete(outside, recursive: true);
    }

    [Fact]
    public async Task Logs_and_summaries_that_are_damaged_leave_everything_else_as_it_is()
    {
        await using ShownBoard board = await ShownBoard.Start();
        ShownBoard.Run(Path.Combine(board.Folder, "good"), 5);
        string bad = Path.Combine(board.Folder, "bad"), line = File.ReadLines(gpugrad["digits/metrics.jsonl"]).First();
        ShownBoard.Run(bad, 5);
        JsonNode run = await board.Listed("bad");
        byte[] events = File.ReadAllBytes(Directory.GetFiles(gpugrad["digits"], "events.*").Single());
        var random = new Random(5);
        int count = Effort.Count(40, 4_000);
        for (int i = 0; i < count; i++)
        {
            File.WriteAllText(Path.Combine(bad, "metrics.jsonl"), string.Concat(Enumerable.Range(0, 50).Select(_ => new JsonMutant(random).Of(line).ReplaceLineEndings(" ") + "\n")));
            File.WriteAllText(Path.Combine(bad, "summary.json"), new JsonMutant(random).Of(File.ReadAllText(gpugrad["digits/summary.json"])));
            File.WriteAllText(Path.Combine(bad, "config.yaml"), i % 2 == 0 ? "a: [" : "name: \0");
            byte[] damaged = [.. events[..random.Next(events.Length)], .. events[random.Next(events.Length)..]];
            File.WriteAllBytes(Path.Combine(bad, "events.out.tfevents.0001.gpugrad"), damaged);
            await board.Get("api/runs");
            foreach (string path in new[] { "run", "figures", "configs", "series", "layers", "histograms" })
                await board.Get($"api/{path}?run={run["key"]}&name=loss&figure=gradient_rms&kind=weights");
            Assert.Contains((int)(await board.Client.GetAsync($"api/mistakes?run={run["key"]}")).StatusCode, new[] { 400, 404, 413 });
        }
        Assert.Equal(5, (int)(await board.Listed("good"))["step"]!);
    }

    [Fact]
    public async Task The_page_loads_nothing_from_elsewhere_and_needs_the_token_beyond_loopback()
    {
        await using ShownBoard board = await ShownBoard.Start(set: v => v.Bind = "0.0.0.0");
        await Served.Refused(await board.Client.GetAsync("api/runs"), 401);
        string page = await board.Client.GetStringAsync($"?token={board.Board.Server.Token}");
        Assert.Contains("No runs yet", page, StringComparison.Ordinal);
        foreach (string file in new[] { "board.js", "chart.js", "pictures.js", "histograms.js", "sweeps.js", "page.css", "board.css" })
        {
            HttpResponseMessage response = await board.Client.GetAsync(file);
            Assert.Equal(200, (int)response.StatusCode);
            Assert.DoesNotContain("unsafe", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.DoesNotMatch("https?://", page + await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task The_program_says_where_the_page_is_and_ends_with_the_signal()
    {
        using Process process = gpugrad.Start("board", ".", "--port", "0", "--json");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        var said = new StringBuilder();
        for (string? line = ""; line is not null and not "}"; said.AppendLine(line))
            line = await process.StandardOutput.ReadLineAsync();
        using var client = new HttpClient { BaseAddress = new Uri((string)JsonNode.Parse(said.ToString())!["url"]!) };
        Assert.Contains("digits", await client.GetStringAsync("api/runs"), StringComparison.Ordinal);
        // One that listens keeps nobody from ending.
        using Stream listening = await client.GetStreamAsync("api/events");
        using Process kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        Patience.UntilEndOf(process);
        Assert.True(process.ExitCode == 143, await errors);
    }

    [Fact]
    public void A_missing_folder_is_one_line() =>
        Assert.Equal("nowhere: no such folder; expected a folder of runs", gpugrad.Run("board", "nowhere").Refused(ExitCode.Data));

    private static async Task Told(StreamReader events, string id)
    {
        while (true)
        {
            string line = (await events.ReadLineAsync())!;
            if (line.StartsWith("data: ", StringComparison.Ordinal) && JsonNode.Parse(line[6..])!.AsArray().Any(n => (string?)n == id))
                return;
        }
    }
}
