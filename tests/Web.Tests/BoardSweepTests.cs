using System.Text.Json.Nodes;
using GpuGrad.Cli.Tests;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Sweeps;

namespace GpuGrad.Web.Tests;

/// <summary>A sweep on the board.</summary>
public sealed class BoardSweepTests : IDisposable
{
    private const int Trials = 9;

    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public async Task A_sweep_is_shown_as_lines_and_as_a_table_and_a_trial_leads_to_its_curves()
    {
        gpugrad.Write("base.yaml", "data: {dataset: {spirals: {train: 100, test: 20}}, validation: 0.2, batch: 32}\nmodel: [{dense: 8}, tanh, {dense: 3}]\ntrain: {epochs: 2, optimizer: {adam: {lr: 0.01}}}\n");
        gpugrad.Write("sweep.yaml", $"base: base.yaml\nmonitor: accuracy\nspace:\n  train.optimizer.adam.lr: {{log-range: [1e-4, 1]}}\n  model.1: {{choice: [tanh, relu]}}\n  train.optimizer.adam.beta1: {{range: {{between: [0.8, 0.95], when: {{model.1: tanh}}}}}}\ntrials: {Trials}\nparallel: 2\n");
        JsonNode sweep = gpugrad.Run("sweep", "sweep.yaml", "--out", "runs/first", "--json").Json();
        await using ShownBoard board = await ShownBoard.Start(gpugrad["runs"]);
        await board.Listed("first/trials/0000");
        JsonNode listed = Assert.Single((await board.Get("api/sweeps")).AsArray())!;
        Assert.Equal("first", (string?)listed["id"]);
        Assert.True(JsonNode.DeepEquals(sweep, await board.Get($"api/sweep?sweep={listed["key"]}")));

        await using Browser browser = await Browser.Open(420, 900, dark: true);
        await browser.Go($"{board.Client.BaseAddress}#view=sweeps");
        await browser.Until($"document.querySelectorAll('#view tbody tr').length == {Trials}");
        Assert.Equal(Trials, (await browser.Ask("document.querySelectorAll('#view polyline').length"))!.GetValue<int>());
        Assert.Equal(3, (await browser.Ask("document.querySelectorAll('#importance meter').length"))!.GetValue<int>());
        // Every line has a point on each axis; that of a trial without the key lies below it, where a dash says so.
        Assert.Equal("lr model.1 beta1 validation-accuracy", (string?)await browser.Ask("[...document.querySelectorAll('#view .axisname')].map(t => t.textContent).join(' ')"));
        int without = sweep["trials"]!.AsArray().Count(t => t!["settings"]!["train.optimizer.adam.beta1"] is null);
        Assert.InRange(without, 1, Trials - 1);
        Assert.Equal(without, (await browser.Ask("(end => [...document.querySelectorAll('#view polyline')].filter(l => l.points.numberOfItems == 4 && l.points[2].y > end).length)(document.querySelector('#view line.axis').y2.baseVal.value)"))!.GetValue<int>());
        Assert.Equal(1, (await browser.Ask("[...document.querySelectorAll('#view text.tick')].filter(t => t.textContent == '–').length"))!.GetValue<int>());
        string best = ((int)sweep["best"]!["trial"]!).ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(best, (string?)await browser.Ask("document.querySelector('#view tbody td:nth-child(2)').textContent"));
        Assert.True((await browser.Ask("document.documentElement.scrollWidth"))!.GetValue<int>() <= 420);

        // Twice on a heading: the largest rate first.
        await browser.Ask("[...document.querySelectorAll('#view th button')].find(b => b.textContent == 'lr').click()");
        await browser.Ask("[...document.querySelectorAll('#view th button')].find(b => b.textContent == 'lr').click()");
        int largest = sweep["trials"]!.AsArray().MaxBy(t => (double)t!["settings"]!["train.optimizer.adam.lr"]!)!["trial"]!.GetValue<int>();
        Assert.Equal(largest.ToString(System.Globalization.CultureInfo.InvariantCulture), (string?)await browser.Ask("document.querySelector('#view tbody td:nth-child(2)').textContent"));

        await browser.Ask("document.querySelector('#view tbody td button').click()");
        await browser.Until("document.querySelectorAll('#view figure canvas').length >= 2");
        Assert.Contains($"run=first%2Ftrials%2F{largest:D4}", (string?)await browser.Ask("location.hash"), StringComparison.Ordinal);
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task A_thousand_trials_are_all_there_on_the_page_and_on_the_board()
    {
        const int Many = 1000;
        gpugrad.Write("base.yaml", "data: {dataset: {spirals: {train: 100, test: 20}}, validation: 0.2, batch: 32}\nmodel: [{dense: 8}, tanh, {dense: 3}]\ntrain: {epochs: 2, optimizer: {sgd: {lr: 0.01}}}\n");
        gpugrad.Write("sweep.yaml", $"base: base.yaml\nspace:\n  train.optimizer.sgd.lr: {{log-range: [1e-4, 1]}}\n  train.optimizer.sgd.momentum: {{range: [0, 0.99]}}\n  model.0.dense: {{log-integer: [4, 256]}}\n  model.1: {{choice: [tanh, relu, gelu]}}\ntrials: {Many}\n");
        var sweep = new Sweep(SweepPlan.Load(gpugrad["sweep.yaml"]), new Untrained(), parallel: 4, lag: 4);
        await sweep.Run((_, _) => { }, CancellationToken.None);
        SweepReport.Page(sweep, "Many", null).Save(gpugrad["sweep.html"]);
        gpugrad.Write("runs/many/sweep.json", SweepReport.ToJson(sweep, 4).ToJsonString());

        await using Browser browser = await Browser.Open(1200, 900, dark: false);
        await browser.Go($"file://{gpugrad["sweep.html"]}");
        await browser.Until($"document.readyState == 'complete' && document.querySelectorAll('polyline').length == {Many}");
        double page = await Painted(browser);
        await using ShownBoard board = await ShownBoard.Start(gpugrad["runs"]);
        await browser.Go($"{board.Client.BaseAddress}#view=sweeps");
        await browser.Until($"document.querySelectorAll('#view tbody tr').length == {Many}");
        Assert.Equal(Many, (await browser.Ask("document.querySelectorAll('#view polyline').length"))!.GetValue<int>());
        Effort.Report("sweep-page", $"{Many} trials painted {page:F0} ms after the page was asked for, {await Painted(browser):F0} ms on the board");
        Assert.Empty(browser.Complaints);
    }

    // Milliseconds since the page was asked for, when what is there now has been painted.
    private static async Task<double> Painted(Browser browser) =>
        (await browser.Ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"))!.GetValue<double>();

    private sealed class Untrained : ITrialRunner
    {
        public Task<TrialResult?> Train(int trial, IReadOnlyList<string> overrides, int epochs, int slot, CancellationToken stop) =>
            Task.FromResult<TrialResult?>(new TrialResult(0.1 + (trial * 37 % 1000 / 1000.0), epochs));
    }

    [Theory]
    [InlineData("{", 422)]
    [InlineData("[1]", 422)]
    public async Task A_file_that_no_sweep_wrote_is_refused_in_one_line(string json, int status)
    {
        gpugrad.Write("runs/odd/sweep.json", json);
        await using ShownBoard board = await ShownBoard.Start(gpugrad["runs"]);
        JsonNode listed = Assert.Single((await board.Get("api/sweeps")).AsArray())!;
        HttpResponseMessage response = await board.Client.GetAsync($"api/sweep?sweep={listed["key"]}");
        Assert.Equal(status, (int)response.StatusCode);
        Assert.StartsWith("sweep.json: ", (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["message"], StringComparison.Ordinal);
        Assert.Equal(404, (int)(await board.Client.GetAsync("api/sweep?sweep=99")).StatusCode);
    }
}
