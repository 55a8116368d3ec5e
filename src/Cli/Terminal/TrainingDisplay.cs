using System.Diagnostics;
using GpuGrad.Training.Config;
using GpuGrad.Training.Health;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Steps;
using Spectre.Console;

namespace GpuGrad.Cli.Terminal;

/// <summary>Shows the progress of a run: a row per epoch, and on a terminal an updating line in between.</summary>
public sealed class TrainingDisplay(RunConfig config, Output output) : IRunObserver
{
    private readonly Stopwatch sinceLine = Stopwatch.StartNew();
    private bool headed;
    private bool begun = Environment.GetEnvironmentVariable(Switches.Times) is null or "";

    private static TimeSpan Pause => Output.IsLive ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(10);

    public void OnStep(Trainer trainer, in StepReport report)
    {
        if (!begun)
            Begin();
        if (output.IsJson || sinceLine.Elapsed < Pause)
            return;
        sinceLine.Restart();
        EpochFigures running = trainer.Running;
        double share = (double)report.Done / report.Samples;
        (double speed, double left) = Pace(config, trainer, report);
        string text = Format.Invariant($"epoch {report.Epoch + 1}/{config.Train.Epochs} {Bar(share)} loss {Format.Loss(running.Loss)}{Accuracy(running)}  lr {report.Rate:G4}  {Format.Count(speed)}/s  {Format.Seconds(left)} left");
        if (Output.IsLive)
            AnsiConsole.Write("\r" + Fit(text));
        else
            output.Line(text);
    }

    public void OnAlarm(Trainer trainer, Alarm alarm)
    {
        if (alarm.IsRemark)
            return; // one line at the end sums them up
        if (!output.IsJson && Output.IsLive)
            AnsiConsole.Write("\r" + Fit("") + "\r");
        foreach (string line in AlarmText.Lines(alarm))
            Output.Note(line);
    }

    public void OnEpoch(Trainer trainer, EpochReport report)
    {
        if (output.IsJson)
            return;
        if (Output.IsLive)
            AnsiConsole.Write("\r" + Fit("") + "\r");
        IReadOnlyList<EpochColumn> columns = EpochColumns.Of(report, trainer.Judged, AnsiConsole.Profile.Width);
        if (!headed)
            output.Line(string.Concat(columns.Select(c => c.Name.PadLeft(c.Width))));
        headed = true;
        output.Line(string.Concat(columns.Select(c => c.Value.PadLeft(c.Width))));
        sinceLine.Restart();
    }

    /// <summary>Samples per second since the run started, and the seconds left at that speed.</summary>
    internal static (double Speed, double Left) Pace(RunConfig config, Trainer trainer, in StepReport report) =>
        (report.Step * config.Data.Batch / trainer.Seconds, trainer.Seconds / report.Step * (trainer.TotalSteps - report.Step));

    private void Begin()
    {
        begun = true;
        using var process = Process.GetCurrentProcess();
        Output.Note(Format.Invariant($"first step {(DateTime.Now - process.StartTime).TotalSeconds:F2} s after the process started"));
    }

    private static string Accuracy(EpochFigures figures) => figures.Accuracy >= 0 ? $"  acc {Format.Percent(figures.Accuracy)}" : "";

    private static string Bar(double share)
    {
        const int Width = 20;
        int full = (int)(share * Width);
        return new string('━', full) + new string('─', Width - full) + Format.Invariant($" {share * 100,3:F0} %");
    }

    // Overwrites what remains of the previous line, without wrapping.
    private static string Fit(string text)
    {
        int width = Math.Max(20, AnsiConsole.Profile.Width - 1);
        return text.Length > width ? text[..width] : text.PadRight(width);
    }
}
