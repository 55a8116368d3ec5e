using System.Text.Json.Nodes;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Distributed.Scaling;

namespace GpuGrad.Cli.Terminal;

/// <summary>Shows how a training step scales with the number of ranks: measurements, and the prediction of the cost model.</summary>
internal static class RankReport
{
    public static void Scaling(ScalingFigures figures, ICollectives? ranks, Device device, Output output)
    {
        int threads = device is CpuDevice cpu ? cpu.Threads : 0;
        output.Line(ranks is null
            ? "ranks      1; measure more with mpirun -n N gpugrad bench CONFIG --ranks"
            : Format.Invariant($"ranks      {ranks.Size} over {ranks.Name}{(threads > 0 ? $", {threads} of {Environment.ProcessorCount} CPU threads each" : "")}"));
        output.Line(Format.Invariant($"batch      {figures.Batch} samples over all ranks; gradient {Format.Bytes(figures.GradientBytes)}"));
        output.Line();
        output.Table(
            ["ranks", "samples each", "step ms", "computing", "sums", "hidden", "exposed", "efficiency", "latency µs", "GB/s", "model ms", "error"],
            figures.Rows.Select(r => Cells(r, figures.Rows[0])), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
        output.Line();
        output.Line(Format.Invariant($"forecast   each rank with {figures.Batch} samples and this device, by the cost model (docs/ranks.md)"));
        output.Line();
        output.Table(
            ["network", "ranks", "sums ms", "hidden", "exposed", "step", "efficiency", "best buckets", "efficiency then"],
            figures.Forecasts.Select(f => Cells(f, figures.Rows[0])), 1, 2, 3, 4, 5, 6, 7, 8);
        JsonObject json = ToJson(figures, ranks, device.Id);
        if (threads > 0)
            json["threads"] = threads;
        output.Json(json);
    }

    /// <summary>The <c>--json</c> result: times in milliseconds, sizes in bytes.</summary>
    public static JsonObject ToJson(ScalingFigures figures, ICollectives? ranks, string device) => new()
    {
        ["device"] = device,
        ["ranks"] = ranks?.Size ?? 1,
        ["mpi"] = ranks?.Name,
        ["batch"] = figures.Batch,
        ["gradient_bytes"] = figures.GradientBytes,
        ["scaling"] = new JsonArray([.. figures.Rows.Select(r => Json(r, figures.Rows[0]))]),
        ["forecast"] = new JsonArray([.. figures.Forecasts.Select(f => Json(f, figures.Rows[0]))]),
    };

    private static string[] Cells(ScalingRow row, ScalingRow one)
    {
        string[] measured =
        [
            Format.Invariant($"{row.Ranks}"),
            Format.Invariant($"{row.Part}"),
            Format.Invariant($"{row.Step.Median:G4}"),
            Milliseconds(row.Compute),
            Milliseconds(row.Communication),
            Milliseconds(row.Hidden),
            Milliseconds(row.Exposed),
            Share(row.EfficiencyAgainst(one)),
        ];
        return row.Link is not { } link ? [.. measured, "", "", "", ""] :
        [
            .. measured,
            Format.Invariant($"{link.Latency * 1e6:F1}"),
            Format.Invariant($"{1e-9 / link.SecondsPerByte:F2}"),
            Milliseconds(row.Predicted),
            Format.Invariant($"{row.Error * 100:+0.0;-0.0} %"),
        ];
    }

    private static string[] Cells(ScalingForecast forecast, ScalingRow one) =>
    [
        forecast.Network.Name,
        Format.Invariant($"{forecast.Ranks}"),
        Milliseconds(forecast.Step.Communication),
        Milliseconds(forecast.Step.Hidden),
        Milliseconds(forecast.Step.Exposed),
        Milliseconds(forecast.Step.Step),
        Share(one.Compute / forecast.Step.Step),
        forecast.BestBucket is long bytes ? Format.Bytes(bytes) : "all at once",
        Share(one.Compute / forecast.Best.Step),
    ];

    private static JsonObject Json(ScalingRow row, ScalingRow one) => new()
    {
        ["ranks"] = row.Ranks,
        ["samples_per_rank"] = row.Part,
        ["step_ms"] = new JsonObject { ["median"] = row.Step.Median, ["min"] = row.Step.Min, ["max"] = row.Step.Max, ["samples"] = row.Step.Count },
        ["compute_ms"] = row.Compute * 1000,
        ["communication_ms"] = row.Communication * 1000,
        ["hidden_ms"] = row.Hidden * 1000,
        ["exposed_ms"] = row.Exposed * 1000,
        ["efficiency"] = row.EfficiencyAgainst(one),
        ["sums_bytes"] = new JsonArray([.. row.Sums.Select(s => JsonValue.Create(s))]),
        ["latency_us"] = row.Link?.Latency * 1e6,
        ["gbytes_per_second"] = row.Link is { } link ? 1e-9 / link.SecondsPerByte : null,
        ["predicted_ms"] = row.Predicted * 1000,
        ["error"] = row.Error,
    };

    private static JsonObject Json(ScalingForecast forecast, ScalingRow one) => new()
    {
        ["network"] = forecast.Network.Name,
        ["latency_us"] = forecast.Network.Link.Latency * 1e6,
        ["gbytes_per_second"] = 1e-9 / forecast.Network.Link.SecondsPerByte,
        ["ranks"] = forecast.Ranks,
        ["communication_ms"] = forecast.Step.Communication * 1000,
        ["hidden_ms"] = forecast.Step.Hidden * 1000,
        ["exposed_ms"] = forecast.Step.Exposed * 1000,
        ["step_ms"] = forecast.Step.Step * 1000,
        ["efficiency"] = one.Compute / forecast.Step.Step,
        ["best_bucket_bytes"] = forecast.BestBucket,
        ["best_step_ms"] = forecast.Best.Step * 1000,
        ["best_efficiency"] = one.Compute / forecast.Best.Step,
    };

    private static string Milliseconds(double seconds) => Format.Invariant($"{seconds * 1000:G4}");

    private static string Share(double share) => Format.Invariant($"{share * 100:F1} %");
}
