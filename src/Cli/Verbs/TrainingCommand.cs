using System.Text.Json.Nodes;
using GpuGrad.Cli.Terminal;
using GpuGrad.Cli.Views;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Cli.Verbs;

/// <summary>Common part of <c>train</c> and <c>resume</c>: run, report, exit code.</summary>
internal static class TrainingCommand
{
    public static StopSignals Signals() => new(name => Output.Note($"{name}: stopping after this step; send it again to quit at once"))
    {
        ToldWhileLoading = name => Output.Note($"{name}: stopped while loading; nothing was started"),
    };

    public static int Run(LoadedConfig loaded, TrainingData data, Device device, RunFolder folder, Checkpoint? resumed, StopSignals signals, Output output, int? until = null, ICollectives? ranks = null, bool live = false)
    {
        RunConfig config = loaded.Config;
        LiveDisplay? screen = live && !output.IsJson && LiveDisplay.IsPossible ? new LiveDisplay(config, device.Id, output) : null;
        if (live && screen is null)
            Output.Note("--live: standard output is not a terminal that can be redrawn; lines as usual");
        using NcclRanks? onDevices = NcclRanks.Of(ranks, device);
        ranks = onDevices ?? ranks;
        using var session = new RunSession(loaded, data, device, folder, resumed, (IRunObserver?)screen ?? new TrainingDisplay(config, output), Output.Note, ranks);
        if (session.Trainer.Model.Transfer is { } transfer)
            TransferView.Show(transfer, output);
        long trained = session.Trainer.Model.Memory.Layout.Trained.Sum(p => p.Shape.Length);
        string frozen = config.Freeze is null ? "" : Format.Invariant($", {trained:N0} of them trained");
        output.Line($"network    {session.Trainer.Network.ParameterCount:N0} parameters{frozen}, {session.Trainer.TotalSteps:N0} steps of {(long)config.Data.Batch * config.Train.Accumulate}");
        if (device.KernelNote is { } kernels)
            output.Line($"kernels    {kernels}");
        if (ranks is not null)
            output.Line(Format.Invariant($"ranks      {ranks.Size} over {ranks.Name}{(device.Id == "cpu" ? $", {config.Threads} thread{(config.Threads == 1 ? "" : "s")} each" : "")}"));
        output.Line($"run        {folder.Path}");
        output.Line(session.Trainer.IsOver ? Over(session.Trainer.State, config.Train, folder) : "");
        RunResult Train() => session.Run(signals.Stop, until ?? int.MaxValue);
        RunResult result = screen?.Run(Train) ?? Train();
        onDevices?.End();
        if (result.Status == RunStatus.Stopped)
        {
            RunState state = session.Trainer.State;
            bool asPlanned = signals.ExitCode is null && state.Epoch >= until;
            if (asPlanned)
                output.Line($"stopped after epoch {state.Epoch}, as --until says; resume it with: gpugrad resume {folder.Path}");
            else
                Output.Note($"stopped at step {state.Step}{(signals.ExitCode is null ? ", as another rank was asked to" : "")}; resume it with: gpugrad resume {folder.Path}");
            output.Json(JsonNode.Parse(File.ReadAllText(folder.Summary))!);
            return asPlanned ? ExitCode.Done : signals.ExitCode ?? ExitCode.Unexpected;
        }
        Close(result, session, folder, output);
        IReadOnlyList<string> missed = Missed(config.Target, result.Final);
        foreach (string miss in missed)
            Output.Note($"target missed: {miss}");
        return missed.Count > 0 ? ExitCode.TargetMissed : ExitCode.Done;
    }

    private static string Over(RunState state, TrainConfig train, RunFolder folder) => state.Epoch >= train.Epochs
        ? Format.Invariant($"           is finished; for more epochs: gpugrad resume {folder.Path} --set train.epochs={2L * state.Epoch}")
        : $"           was stopped early, so there is nothing left to train; to continue anyway: gpugrad resume {folder.Path} --set train.early-stopping=null --allow-changes";

    // In shorter runs, most of the cost of diagnostics is JIT compilation.
    private const double FewestSecondsToShare = 30;

    private static void Close(RunResult result, RunSession session, RunFolder folder, Output output)
    {
        EpochReport final = result.Final;
        RunState state = session.Trainer.State;
        output.Line();
        if (result.Status == RunStatus.EarlyStopped)
            output.Line($"stopped early after epoch {state.Epoch}: no better for {state.StoppingBad} epochs");
        if (state.KeptEpoch > 0)
            output.Line($"kept the weights of epoch {state.KeptEpoch}");
        else if (state.Epoch > 1 && folder.ReadSummary().BestEpoch is int best)
            output.Line($"best epoch {best}, by {session.Trainer.Judged.ToString().Replace('-', ' ')}{(best < state.Epoch ? "; train.keep-best: true keeps its weights" : "")}");
        if (final.Test is { } test)
            output.Line(Figures("test", test, final.TestReport));
        string cost = session.Trainer.Cost.Share is double share && state.Seconds >= FewestSecondsToShare ? Format.Invariant($", {Format.Percent(share)} of the time for diagnostics") : "";
        output.Line(Format.Invariant($"{Format.Seconds(state.Seconds)}, {Format.Count(state.Samples / state.Seconds)} samples/s{cost}; weights in {folder.Weights}"));
        output.Line($"curves, layers and alarms: gpugrad report {folder.Path}; all figures: gpugrad eval {folder.Path}");
        foreach ((string name, EpochFigures? figures) in new[] { ("validation", final.Validation), ("test", final.Test) })
        {
            if (figures is { Loss: var loss } && !double.IsFinite(loss))
                Output.Note(Format.Invariant($"the {name} loss is {loss}, not a finite number: the network was trained, and is of no use on samples like these"));
        }
        foreach (string line in AlarmText.Idle(session.IdleUnits))
            output.Line(line);
        output.Json(JsonNode.Parse(File.ReadAllText(folder.Summary))!);
    }

    private static string Figures(string set, EpochFigures figures, EvaluationReport? report)
    {
        var parts = new List<string>();
        if (!double.IsNaN(figures.Accuracy))
            parts.Add($"{set} accuracy {Format.Percent(figures.Accuracy)}");
        parts.AddRange((report?.Chosen ?? []).Select(c => $"{c.Name.Replace('_', ' ')} {Format.Loss(c.Value)}"));
        parts.Add($"loss {Format.Loss(figures.Loss)}");
        return (parts[0].StartsWith(set, StringComparison.Ordinal) ? "" : set + " ") + string.Join(", ", parts);
    }

    private static IReadOnlyList<string> Missed(TargetConfig? target, EpochReport final)
    {
        var missed = new List<string>();
        // Written so that a figure that is not a number misses.
        if (target?.TestAccuracy is double accuracy && !(final.Test?.Accuracy >= accuracy))
            missed.Add($"test accuracy {Format.Percent(final.Test?.Accuracy ?? double.NaN)}, wanted {Format.Percent(accuracy)}");
        if (target?.TestLoss is double testLoss && !(final.Test?.Loss <= testLoss))
            missed.Add(Format.Invariant($"test loss {final.Test?.Loss:F4}, wanted {testLoss:F4}"));
        if (target?.TrainLoss is double trainLoss && !(final.Train.Loss <= trainLoss))
            missed.Add(Format.Invariant($"train loss {final.Train.Loss:F4}, wanted {trainLoss:F4}"));
        return missed;
    }
}
