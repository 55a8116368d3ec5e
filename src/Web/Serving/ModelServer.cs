using System.Buffers;
using System.Net;
using System.Text.Json;
using GpuGrad.Cli.Verbs;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Tools;
using GpuGrad.Web.Hosting;
using Microsoft.AspNetCore.Http;

namespace GpuGrad.Web.Serving;

/// <summary>Serves a trained network over HTTP. It opens no files after its start, so nothing in a request is a path.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    private readonly TrainedModel trained;
    private readonly Device device;
    private readonly ServeVerb verb;
    private readonly InputPipeline pipeline;
    private readonly RequestGate gate;
    private readonly Batcher batcher;
    private readonly WebServer server;
    private readonly long mostBody;
    private volatile bool stopping;

    /// <param name="verb">The settings.</param>
    /// <param name="trained">The network; not disposed.</param>
    /// <param name="device">Where it runs; not disposed.</param>
    public ModelServer(ServeVerb verb, TrainedModel trained, Device device)
    {
        (this.verb, this.trained, this.device) = (verb, trained, device);
        mostBody = (long)(verb.MaxBody * (1 << 20));
        pipeline = trained.Input();
        gate = new RequestGate(verb.Queue, Math.Max(256L << 20, 2 * mostBody));
        batcher = new Batcher(new PredictionSession(trained, device, verb.MaxBatch), TimeSpan.FromMilliseconds(verb.MaxWait), () => gate.Inside, Metrics.Batch);
        var description = new OpenApi(trained, verb);
        var limits = new WebLimits { MaxBody = mostBody + (64L << 20), MaxConnections = Math.Max(1024, 2 * verb.Queue), Grace = TimeSpan.FromSeconds(verb.Timeout + 5) };
        server = new WebServer(new IPEndPoint(verb.Address, verb.Port), new Access(verb), limits, new Dictionary<string, Handler>
        {
            ["POST /predict"] = Predict,
            ["GET /health"] = Health,
            ["GET /metrics"] = http => Answer.Text(http, Metrics.Text(gate.Inside, batcher.Waiting, device.Id), "text/plain; version=0.0.4; charset=utf-8"),
            ["GET /openapi.json"] = http => Answer.Text(http, description.Text, "application/json"),
            ["GET /"] = Page.Of("serve.html"),
            ["GET /serve.js"] = Page.Of("serve.js"),
            ["GET /page.css"] = Page.Of("page.css"),
        })
        {
            Open = ["/health"],
            Observe = (path, status, seconds) =>
            {
                if (path == "/predict")
                    Metrics.Request(status, seconds);
            },
        };
    }

    public ServeMetrics Metrics { get; } = new();

    public WebServer Server => server;

    public Task Start() => server.Start();

    /// <summary>Accepts no more requests and answers the accepted ones.</summary>
    public async Task Stop()
    {
        stopping = true;
        await server.Stop();
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        batcher.Dispose();
    }

    private Task Health(HttpContext http)
    {
        string? ill = batcher.DeviceFault ?? (stopping ? "stopping" : null);
        return Answer.Json(
            http,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("status", ill is null ? "ok" : "unavailable");
                if (ill is not null)
                    json.WriteString("reason", ill);
                json.WriteString("device", device.Id);
                json.WriteEndObject();
            },
            ill is null ? 200 : 503);
    }

    private async Task Predict(HttpContext http)
    {
        using IDisposable? place = gate.TryEnter(Math.Min(http.Request.ContentLength ?? mostBody, mostBody));
        if (place is null)
            throw new Refusal(503, "too many requests are waiting; try again later") { RetryAfter = 1 };
        if (batcher.DeviceFault is string broken)
            throw new Refusal(503, broken);
        using var time = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        time.CancelAfter(TimeSpan.FromSeconds(verb.Timeout));
        bool received = false;
        try
        {
            byte[] body = await Body(http, time.Token);
            received = true;
            var notes = new List<string>();
            IReadOnlyList<SampleSet> samples = await RequestReader.Read(http.Request.ContentType, body, pipeline.Telling(notes.Add), trained.Card.Input);
            IReadOnlyList<Prediction>[] predictions = await Task.WhenAll(samples.Select(s => batcher.Predict(s, time.Token)));
            RequireFinite(predictions);
            await Answer.Json(http, json => Write(json, predictions, notes));
        }
        catch (OperationCanceledException) when (!http.RequestAborted.IsCancellationRequested)
        {
            throw new Refusal(received ? 503 : 408, FormattableString.Invariant($"not {(received ? "computed" : "received")} within {verb.Timeout} seconds"));
        }
    }

    // A body that is too long is still read to its end (up to the server's limit): a client that is sending would not see the answer.
    private async Task<byte[]> Body(HttpContext http, CancellationToken stop)
    {
        using var body = new MemoryStream((int)Math.Min(http.Request.ContentLength ?? 0, 1 << 20));
        byte[] piece = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            long length = 0;
            for (int count = await http.Request.Body.ReadAsync(piece, stop); count > 0; count = await http.Request.Body.ReadAsync(piece, stop))
            {
                length += count;
                if (length <= mostBody)
                    body.Write(piece, 0, count);
            }
            return length <= mostBody ? body.ToArray() : throw WebServer.TooLarge();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private static void RequireFinite(IReadOnlyList<Prediction>[] predictions)
    {
        int at = 0;
        foreach (Prediction prediction in predictions.SelectMany(p => p))
        {
            if (!prediction.Values.All(double.IsFinite))
                throw new Refusal(422, FormattableString.Invariant($"sample {at + 1}: the network's output is not finite; expected values like those that it was trained on"));
            at++;
        }
    }

    private void Write(Utf8JsonWriter json, IReadOnlyList<Prediction>[] predictions, List<string> notes)
    {
        json.WriteStartObject();
        json.WriteStartArray("predictions");
        foreach (Prediction prediction in predictions.SelectMany(p => p))
        {
            json.WriteStartObject();
            WriteAnswer(json, prediction);
            PredictionJson.WriteMembers(json, prediction, TakesLabels && prediction.Map is null ? PredictionFile.Labels(prediction, trained.Card.Input, 0.5) : null);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (notes.Count > 0)
        {
            json.WriteStartArray("notes");
            foreach (string note in notes)
                json.WriteStringValue(note);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private bool TakesLabels => PredictionFile.AreLabels(trained.Card.Shape, trained.Config.Loss);

    // 'prediction', the one value that most callers want, as in the tables of predict; masks, images and tags have none.
    private void WriteAnswer(Utf8JsonWriter json, Prediction prediction)
    {
        if (prediction.Map is not null || prediction.Tags is not null)
            return;
        if (prediction.Label is int label)
        {
            if (prediction.Name is null)
                json.WriteNumber("prediction", label);
            else
                json.WriteString("prediction", prediction.Name);
            return;
        }
        double[] values = [.. prediction.Values.Select(v => TakesLabels ? (v > 0.5 ? 1 : 0) : v)];
        if (values is [double one])
        {
            json.WriteNumber("prediction", one);
            return;
        }
        json.WriteStartArray("prediction");
        foreach (double v in values)
            json.WriteNumberValue(v);
        json.WriteEndArray();
    }
}
