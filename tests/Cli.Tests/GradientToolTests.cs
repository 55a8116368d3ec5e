using System.Text.Json.Nodes;

namespace GpuGrad.Cli.Tests;

/// <summary>The verbs that look at gradients: <c>explain</c>, <c>gradcheck</c>, <c>atlas</c>, <c>lr-find</c>, <c>batch-find</c>, <c>race</c>, <c>landscape</c>.</summary>
public sealed class GradientToolTests : IDisposable
{
    private const string Spirals = """
        data: {dataset: {spirals: {classes: 3}}, batch: 16}
        model: [{dense: 6}, tanh, {dense: 3}]
        train:
          optimizer: {sgd: {lr: 0.5}} # kept
        """;

    private readonly Gpugrad gpugrad = new();

    public GradientToolTests() => gpugrad.Write("spirals.yaml", Spirals);

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void Explain_gives_value_and_gradients_and_draws_them()
    {
        JsonNode answer = gpugrad.Run("explain", "q = x + y; q*z", "--at", "x=-2,y=5,z=-4", "--html", "out/circuit.html", "--json").Json();
        Assert.Equal(-12, (double)answer["value"]!);
        Assert.Equal("""{"x":-4,"y":-4,"z":3}""", answer["gradients"]!.ToJsonString());
        AssertPage("out/circuit.html");
        Assert.Contains("multiply switches: times the other input", gpugrad.Run("explain", "x*y", "--at", "x=1,y=2").Done().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_refuses_with_a_caret_and_judges_claims()
    {
        Answer wrong = gpugrad.Run("explain", "2*(x + sni(y))", "--at", "x=1,y=2");
        Assert.Equal(ExitCode.Usage, wrong.Code);
        Assert.Equal(["gpugrad: 'sni' is not a function; did you mean 'sin'?", "    2*(x + sni(y))", "           ^^^"], wrong.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd()));
        Answer claim = gpugrad.Run("explain", "s=sigmoid(w*x); 0.5*(y-s)^2", "--at", "w=0.6,x=1.5,y=1", "--claim", "w=(y-s)*s*(1-s)*x");
        Assert.Equal(ExitCode.Unexpected, claim.Code);
        Assert.Contains("wrong sign: it is minus the gradient", claim.Output, StringComparison.Ordinal);
        gpugrad.Run("explain", "s=sigmoid(w*x); 0.5*(y-s)^2", "--at", "w=0.6,x=1.5,y=1", "--claim", "w=(s-y)*s*(1-s)*x").Done();
    }

    [Fact]
    public void Explain_shows_a_network_on_a_sample()
    {
        JsonNode answer = gpugrad.Run("explain", "spirals.yaml", "--sample", "3", "--html", "net.html", "--json").Json();
        Assert.Equal(["input", "0", "1", "2"], answer["layers"]!.AsArray().Select(l => (string?)l!["path"]));
        AssertPage("net.html");
        Assert.Contains("expected a number from 0 to", gpugrad.Run("explain", "spirals.yaml", "--sample", "100000").Refused(ExitCode.Usage), StringComparison.Ordinal);
    }

    [Fact]
    public void Gradcheck_passes_a_network_and_a_device()
    {
        JsonNode answer = gpugrad.Run("gradcheck", "spirals.yaml", "--device", "cpu", "--html", "check.html", "--json").Json();
        Assert.True((bool)answer["passed"]!);
        Assert.All(answer["tensors"]!.AsArray(), t => Assert.True((double)t!["relative_error"]! < 1e-5 && (double)t["device_error"]! < 1e-4));
        Assert.Equal(40, (int)answer["forward_difference_evaluations"]!);
        AssertPage("check.html");
    }

    [Fact]
    public void Lr_find_writes_the_rate_and_nothing_else()
    {
        JsonNode answer = gpugrad.Run("lr-find", "spirals.yaml", "--seeds", "1", "--steps", "60", "--from", "0.001", "--write", "--html", "rate.html", "--json").Json();
        double rate = (double)answer["lr"]!;
        Assert.Equal(Spirals.Replace("lr: 0.5", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"lr: {rate:G4}"), StringComparison.Ordinal), File.ReadAllText(gpugrad["spirals.yaml"]));
        AssertPage("rate.html");
    }

    [Fact]
    public void Batch_find_measures_layers_and_times_sizes()
    {
        JsonNode answer = gpugrad.Run("batch-find", "spirals.yaml", "--steps", "0", "--html", "batch.html", "--json").Json();
        double scale = (double)answer["noise_scale"]!;
        Assert.InRange(scale, (double)answer["low"]!, (double)answer["high"]!);
        Assert.Equal(["0 dense", "2 dense", "all"], answer["layers"]!.AsArray().Select(l => (string)l!["layer"]!));
        Assert.Contains((int)answer["batch"]!, answer["batches"]!.AsArray().Select(b => (int)b!["batch"]!));
        AssertPage("batch.html");
        Assert.Contains("--steps works only with batch-find without --weights", gpugrad.Run("batch-find", "spirals.yaml", "--steps", "5", "--weights", "w.safetensors").Refused(ExitCode.Usage), StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_alarm_advises_is_tried_and_reported()
    {
        gpugrad.Write("slow.yaml", "data: {dataset: {spirals: {train: 300, test: 150}}, batch: 32}\nmodel: [{dense: 16}, tanh, {dense: 3}]\ntrain: {epochs: 12, optimizer: {sgd: {lr: 1e-6}}}\n");
        string told = gpugrad.Run("train", "slow.yaml", "--out", "slow", "--apply-advice").Done().Output;
        Assert.Contains("steps from the same initial weights, compared on test samples", told, StringComparison.Ordinal);
        Assert.Contains("train with what helps most: gpugrad train slow.yaml --set train.optimizer.sgd.lr=", told, StringComparison.Ordinal);
        JsonNode advice = JsonNode.Parse(File.ReadAllText(gpugrad["slow/advice.json"]))!;
        Assert.Contains("helps", advice["advice"]!.AsArray().Select(a => (string)a!["verdict"]!));
        gpugrad.Write("good.yaml", Spirals);
        Assert.Contains("advice     none: no alarm was raised", gpugrad.Run("train", "good.yaml", "--apply-advice").Done().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Atlas_race_and_landscape_answer_and_draw()
    {
        Assert.Equal("tanh", (string?)gpugrad.Run("atlas", "spirals.yaml", "--html", "atlas.html", "--json").Json()[0]!["function"]);
        gpugrad.Run("atlas", "functions", "--html", "functions.html").Done();
        Assert.Equal(8, gpugrad.Run("race", "spirals.yaml", "--budget", "6", "--samples", "64", "--html", "race.html", "--json").Json().AsArray().Count);
        JsonNode landscape = gpugrad.Run("landscape", "spirals.yaml", "--samples", "32", "--points", "5", "--html", "landscape.html", "--json").Json();
        Assert.Equal(7, landscape["steps"]!.AsArray().Count);
        foreach (string page in new[] { "atlas.html", "functions.html", "race.html", "landscape.html" })
            AssertPage(page);
    }

    private void AssertPage(string name)
    {
        string page = File.ReadAllText(gpugrad[name]);
        Assert.True(page.Length is > 2000 and < 2_000_000, $"{name}: {page.Length} characters");
        foreach (string forbidden in new[] { "http:", "https:", "<script", "NaN" })
            Assert.DoesNotContain(forbidden, page, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", page, StringComparison.Ordinal);
    }
}
