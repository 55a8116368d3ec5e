using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using GpuGrad.Cli.Tests;
using GpuGrad.Cli.Verbs;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Tools;
using GpuGrad.Web.Serving;

[assembly: AssemblyFixture(typeof(GpuGrad.Web.Tests.TrainedRuns))]

namespace GpuGrad.Web.Tests;

/// <summary>Two small networks, trained once for all tests: of pictures and of a table with a column of each kind.</summary>
public sealed class TrainedRuns : IDisposable
{
    public TrainedRuns()
    {
        Gpugrad.Run("train", Path.Combine(Cli.Tests.Gpugrad.Configs, "digits.yaml"), "--out", "digits", "--device", "cpu", "--set", "train.epochs=2", "--set", "target=null", "--set", "log=tensorboard",
            "--set", "data.dataset={digits: {train: 600, test: 50}}").Done();
        var rows = new StringBuilder("length,colour,when,kind\n");
        for (int i = 0; i < 40; i++)
            rows.Append(CultureInfo.InvariantCulture, $"{(i % 7 == 3 ? "" : $"{i * 0.37:F2}")},{(i % 3 == 0 ? "red" : i % 3 == 1 ? "blue" : "dark green")},2024-0{1 + (i % 9)}-1{i % 10},{(i % 3 == 0 ? "long" : "short")}\n");
        Gpugrad.Write("table.csv", rows.ToString());
        Gpugrad.Write("table.yaml", "data: {dataset: {csv: {path: table.csv, label: kind}}, batch: 8}\nmodel: [{dense: 16}, relu, {dense: 2}]\ntrain: {epochs: 3}\n");
        Gpugrad.Run("train", "table.yaml", "--out", "table", "--device", "cpu").Done();
    }

    public Gpugrad Gpugrad { get; } = new();

    public void Dispose() => Gpugrad.Dispose();
}

/// <summary>A server within the tests' process, at a port that was free.</summary>
internal sealed class Served : IAsyncDisposable
{
    private readonly TrainedModel trained;
    private readonly Device device;

    private Served(ServeVerb verb, string run)
    {
        trained = TrainedModel.Open(run);
        device = DeviceCatalog.Open("cpu", 2);
        Model = new ModelServer(verb, trained, device);
    }

    public ModelServer Model { get; }

    public HttpClient Client { get; } = new();

    public static async Task<Served> Start(string run, Action<ServeVerb>? set = null)
    {
        var verb = new ServeVerb { Path = run, Port = 0, MaxBatch = 64, MaxWait = 2, MaxBody = 1, Queue = 1024, Timeout = 600 };
        set?.Invoke(verb);
        var served = new Served(verb, run);
        await served.Model.Start();
        served.Client.BaseAddress = new Uri(FormattableString.Invariant($"http://127.0.0.1:{served.Model.Server.Endpoint.Port}/"));
        served.Client.Timeout = TimeSpan.FromMinutes(10);
        return served;
    }

    public Task<HttpResponseMessage> Post(byte[] body, string? type)
    {
        var content = new ByteArrayContent(body);
        if (type is not null)
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        // As curl does with what is large: it asks first, and sees the refusal of what is not wanted.
        var request = new HttpRequestMessage(HttpMethod.Post, "predict") { Content = content };
        request.Headers.ExpectContinue = body.Length > 1 << 20;
        return Client.SendAsync(request);
    }

    public Task<HttpResponseMessage> Post(string json) => Post(Encoding.UTF8.GetBytes(json), "application/json");

    /// <summary>The predictions of a request that is answered.</summary>
    public async Task<JsonArray> Predict(byte[] body, string type) => await Predictions(await Post(body, type));

    public async Task<JsonArray> Predict(string json) => await Predictions(await Post(json));

    public static async Task<JsonArray> Predictions(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == 200, text);
        return JsonNode.Parse(text)!["predictions"]!.AsArray();
    }

    /// <summary>The reason of a refusal, after a look at its form: one line of JSON.</summary>
    public static async Task<string> Refused(HttpResponseMessage response, int status)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        JsonNode error = JsonNode.Parse(text)!["error"]!;
        Assert.Equal(status, (int)error["code"]!);
        string message = (string)error["message"]!;
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain("   at ", message, StringComparison.Ordinal);
        return message;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Model.Stop();
        await Model.DisposeAsync();
        device.Dispose();
        trained.Dispose();
    }
}
