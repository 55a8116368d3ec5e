using System.Text.Json.Nodes;
using GpuGrad.Cli.Terminal;
using GpuGrad.Cli.Verbs;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tools;

namespace GpuGrad.Web.Serving;

/// <summary>Runs the verb <c>serve</c> until a signal stops it.</summary>
internal static class ServeCommand
{
    public static int Run(ServeVerb verb, Output output)
    {
        using var signals = new StopSignals(signal => Output.Note($"{signal}: answering the accepted requests; send it again to stop at once"));
        using TrainedModel trained = TrainedModel.Open(verb.Path);
        RunConfig config = trained.Config;
        using Device device = OverridingVerb.OpenDevice(verb.DeviceId ?? config.Device, verb.Threads ?? config.Threads, output);
        return Run(verb, trained, device, signals, output).GetAwaiter().GetResult();
    }

    private static async Task<int> Run(ServeVerb verb, TrainedModel trained, Device device, StopSignals signals, Output output)
    {
        await using var model = new ModelServer(verb, trained, device);
        await model.Start();
        output.Line($"model      {trained.Source}: {Describe(trained)}");
        output.Line($"serving    {model.Server.Url(withToken: true)} (POST /predict, GET /health, /metrics, /openapi.json); Ctrl-C stops");
        output.Json(new JsonObject { ["url"] = model.Server.Url(withToken: false), ["port"] = model.Server.Endpoint.Port, ["token"] = model.Server.Token, ["device"] = device.Id });
        await Task.Delay(Timeout.Infinite, signals.Stop).ContinueWith(_ => { }, TaskScheduler.Default);
        await model.Stop();
        long count = model.Metrics.Requests;
        Output.Note(Format.Invariant($"{count:N0} request{(count == 1 ? "" : "s")} answered"));
        return signals.ExitCode!.Value;
    }

    private static string Describe(TrainedModel trained)
    {
        Training.Data.DataShape shape = trained.Card.Shape;
        string samples = trained.Card.Input.Columns is { } columns ? Format.Invariant($"{columns.Features.Count} columns") : shape.Shape.ToString();
        return Format.Invariant($"{samples} → {(shape.Classes > 0 ? $"{shape.Classes} classes" : $"{shape.Targets} numbers")}");
    }
}
