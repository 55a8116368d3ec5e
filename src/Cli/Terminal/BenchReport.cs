using System.Text.Json.Nodes;
using GpuGrad.Kernels.Benchmarks;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Tools;

namespace GpuGrad.Cli.Terminal;

/// <summary>Shows benchmarks: a table, or one JSON value.</summary>
internal static class BenchReport
{
    public static void Machine(DevicePeak peak, Device device, Output output)
    {
        output.Line(Format.Invariant($"arithmetic {peak.Flops / 1e9:F0} GFLOP/s ({peak.How})"));
        foreach (MemoryLevel level in peak.Levels)
            output.Line(Format.Invariant($"{level.Name,-10} {level.BytesPerSecond / 1e9:F1} GB/s ({Format.Bytes(level.Bytes)})"));
        JsonObject json = About(device);
        json["peak"] = Json(peak);
        output.Json(json);
    }

    public static void Step(StepFigures figures, DevicePeak? peak, Device device, int rows, Output output)
    {
        output.Line(Format.Invariant($"step       {figures.Step.Median:G4} ms (median of {figures.Step.Count}; {figures.Step.Min:G4} to {figures.Step.Max:G4}), batch {figures.Batch}"));
        output.Line(Format.Invariant($"speed      {Format.Count(figures.SamplesPerSecond)} samples/s, {Rate(figures.FlopsPerSecond, peak)}"));
        output.Line(Format.Invariant($"memory     {figures.AllocatedBytes:F0} managed bytes per step, {figures.Collections} garbage collections"));
        Rows(figures.Ops, rows, output);
        JsonObject json = About(device);
        json["batch"] = figures.Batch;
        json["step_ms"] = Json(figures.Step);
        json["samples_per_second"] = figures.SamplesPerSecond;
        json["gflops"] = figures.FlopsPerSecond / 1e9;
        json["step_flops"] = figures.Cost.Flops;
        json["step_bytes"] = figures.Cost.Bytes;
        json["managed_bytes_per_step"] = figures.AllocatedBytes;
        json["garbage_collections"] = figures.Collections;
        if (peak is not null)
        {
            json["peak_share"] = figures.FlopsPerSecond / peak.Flops;
            json["peak"] = Json(peak);
            json["ops"] = Json(figures.Ops);
        }
        output.Json(json);
    }

    public static void Op(OpFigures figures, DevicePeak? peak, Device device, Output output)
    {
        string sizes = string.Join("x", figures.Sizes);
        double flops = figures.Cost.Flops / figures.Forward.Median * 1000, bytes = figures.Cost.Bytes / figures.Forward.Median * 1000;
        output.Line(Format.Invariant($"checked    {figures.Op} {string.Join("x", figures.Checked)} against the reference: relative error {figures.Error:E1}"));
        output.Line(Format.Invariant($"forward    {figures.Op} {sizes}: {figures.Forward.Median:G4} ms (median of {figures.Forward.Count}; {figures.Forward.Min:G4} to {figures.Forward.Max:G4})"));
        output.Line(Format.Invariant($"speed      {Rate(flops, peak)}, {bytes / 1e9:F1} GB/s"));
        if (figures.Yardstick is { } yardstick)
            output.Line($"{yardstick.Name,-10} {Against(yardstick, figures.Forward)}");
        Rows(figures.Backward, figures.Backward.Count, output);
        JsonObject json = About(device);
        json["op"] = figures.Op;
        json["shape"] = new JsonArray([.. figures.Sizes.Select(s => JsonValue.Create(s))]);
        json["relative_error"] = figures.Error;
        json["ms"] = Json(figures.Forward);
        json["gflops"] = flops / 1e9;
        json["gbytes_per_second"] = bytes / 1e9;
        if (figures.Yardstick?.Time is { } theirs)
            json[figures.Yardstick.Name == "cuBLAS" ? "cublas_ms" : "algorithms_ms"] = Json(theirs);
        if (peak is not null)
        {
            json["peak_share"] = flops / peak.Flops;
            json["roofline_share"] = peak.Floor(figures.Cost) * 1000 / figures.Forward.Median;
            json["peak"] = Json(peak);
            json["backward"] = Json(figures.Backward);
        }
        output.Json(json);
    }

    private static string Against(Yardstick yardstick, Timing own) => yardstick.Time is not { } time ? yardstick.Note : Format.Invariant(
        $"{time.Median:G4} ms (median of {time.Count}; {time.Min:G4} to {time.Max:G4}); GpuGrad is {time.Median / own.Median:F2} times as fast{(yardstick.Note.Length > 0 ? $"; {yardstick.Note}" : "")}");

    private static void Rows(IReadOnlyList<NodeTime> ops, int most, Output output)
    {
        if (ops.Count == 0)
            return;
        output.Line();
        double total = ops.Sum(o => o.Milliseconds);
        output.Table(
            ["layer", "op", "phase", "ms", "share", "FLOP", "bytes", "GFLOP/s", "GB/s", "roofline"],
            ops.Take(most).Select(o => Cells(o, total)),
            3, 4, 5, 6, 7, 8, 9);
        if (ops.Count > most)
            output.Line(Format.Invariant($"and {ops.Count - most} more, {ops.Skip(most).Sum(o => o.Milliseconds) / total * 100:F1} % of the time"));
    }

    private static string Rate(double flops, DevicePeak? peak) => peak is null
        ? Format.Invariant($"{flops / 1e9:F1} GFLOP/s")
        : Format.Invariant($"{flops / 1e9:F1} GFLOP/s = {flops / peak.Flops * 100:F1} % of the {peak.Flops / 1e9:F0} measured here");

    private static string[] Cells(NodeTime op, double total) =>
    [
        op.Layer,
        op.Op,
        op.Phase.ToString().ToLowerInvariant(),
        Format.Invariant($"{op.Milliseconds:F3}"),
        Format.Invariant($"{op.Milliseconds / total * 100:F1} %"),
        Format.Count(op.Cost.Flops),
        Format.Bytes(op.Cost.Bytes),
        PerSecond(op.Cost.Flops, op.Milliseconds),
        PerSecond(op.Cost.Bytes, op.Milliseconds),
        op.Milliseconds > 0 ? Format.Invariant($"{op.RooflineShare * 100:F0} %") : "",
    ];

    // In units of 10⁹ per second; empty if the clock measured no time.
    private static string PerSecond(double amount, double milliseconds) => milliseconds > 0 ? Format.Invariant($"{amount / milliseconds / 1e6:F1}") : "";

    private static JsonObject About(Device device)
    {
        var json = new JsonObject { ["device"] = device.Id, ["name"] = device.Name };
        if (device is CpuDevice cpu)
            json["threads"] = cpu.Threads;
        return json;
    }

    private static JsonObject Json(Timing timing) => new()
    {
        ["median"] = timing.Median,
        ["min"] = timing.Min,
        ["max"] = timing.Max,
        ["samples"] = timing.Count,
    };

    private static JsonObject Json(DevicePeak peak) => new()
    {
        ["gflops"] = peak.Flops / 1e9,
        ["gbytes_per_second"] = new JsonObject(peak.Levels.Select(l => KeyValuePair.Create<string, JsonNode?>(l.Name, l.BytesPerSecond / 1e9))),
        ["how"] = peak.How,
    };

    private static JsonArray Json(IReadOnlyList<NodeTime> ops) => new([.. ops.Select(o => new JsonObject
    {
        ["layer"] = o.Layer,
        ["op"] = o.Op,
        ["phase"] = o.Phase.ToString().ToLowerInvariant(),
        ["ms"] = o.Milliseconds,
        ["flops"] = o.Cost.Flops,
        ["bytes"] = o.Cost.Bytes,
        ["roofline_share"] = o.RooflineShare,
    })]);
}
