using System.Collections.Concurrent;
using System.Diagnostics;
using GpuGrad.Training.Config;
using GpuGrad.Training.Health;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Steps;
using Spectre.Console;

namespace GpuGrad.Cli.Terminal;

/// <summary>
/// Full-screen display of a run (<c>--live</c>): redrawn at most four times a second, on the terminal's alternate screen. When it ends, epochs, alarms and
/// notes are printed as without it, so nothing is lost with the screen.
/// </summary>
internal sealed class LiveDisplay(RunConfig config, string device, Output output) : IRunObserver
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly LiveScreen screen = new($"{config.Name ?? "gpugrad"} on {device}");
    private readonly List<Action<IRunObserver>> epochs = [];
    private readonly ConcurrentQueue<string> arrived = new(); // from any thread
    private readonly List<string> notes = [];
    private readonly Stopwatch sinceDrawn = Stopwatch.StartNew(), sinceRead = Stopwatch.StartNew();
    private LiveDisplayContext? context;

    /// <summary>Whether standard output is a terminal with a second buffer.</summary>
    public static bool IsPossible => Output.IsLive && AnsiConsole.Profile.Capabilities is { Ansi: true, AlternateBuffer: true };

    /// <summary>Shows the screen during a training.</summary>
    public RunResult Run(Func<RunResult> train)
    {
        try
        {
            RunResult? result = null;
            using IDisposable held = Output.HoldNotes(arrived.Enqueue);
            AnsiConsole.AlternateScreen(() => AnsiConsole.Live(Text.Empty).Overflow(VerticalOverflow.Crop).Start(c =>
            {
                context = c;
                Draw();
                result = train();
            }));
            return result!;
        }
        finally
        {
            var lines = new TrainingDisplay(config, output);
            foreach (Action<IRunObserver> epoch in epochs)
                epoch(lines);
            TakeNotes();
            notes.ForEach(Output.Note);
        }
    }

    public void OnStep(Trainer trainer, in StepReport report)
    {
        if (report.Watched && (!screen.HasLayers || sinceRead.Elapsed >= Pause))
        {
            sinceRead.Restart();
            HealthReading reading = HealthReading.Of(trainer.Model, trainer.Model.Probe, report.Bound.Graph.BatchSize);
            screen.Layers([.. reading.Parameters.Where(p => p.Parameter.Name.EndsWith("weight", StringComparison.Ordinal)).Select(p => (p.Parameter.Name, p.GradientRms))]);
        }
        if (sinceDrawn.Elapsed < Pause)
            return;
        screen.Step(report.Step, report.Loss);
        EpochFigures running = trainer.Running;
        (double speed, double left) = TrainingDisplay.Pace(config, trainer, report);
        string accuracy = running.Accuracy >= 0 ? $", accuracy {Format.Percent(running.Accuracy)}" : "";
        screen.Progress = Format.Invariant($"epoch {report.Epoch + 1}/{config.Train.Epochs}, step {report.Step}/{trainer.TotalSteps}, loss {Format.Loss(running.Loss)}{accuracy}, lr {report.Rate:G4}, {Format.Count(speed)}/s, {Format.Seconds(left)} left; Ctrl-C stops");
        Draw();
    }

    public void OnAlarm(Trainer trainer, Alarm alarm)
    {
        if (alarm.IsRemark)
            return;
        screen.Add(alarm);
        notes.AddRange(AlarmText.Lines(alarm));
        Draw();
    }

    public void OnEpoch(Trainer trainer, EpochReport report)
    {
        screen.Epoch(report);
        epochs.Add(o => o.OnEpoch(trainer, report));
        Draw();
    }

    private void TakeNotes()
    {
        while (arrived.TryDequeue(out string? text))
        {
            screen.Say(text);
            notes.Add(text);
        }
    }

    private void Draw()
    {
        sinceDrawn.Restart();
        TakeNotes();
        context?.UpdateTarget(screen.Render(AnsiConsole.Profile.Width, AnsiConsole.Profile.Height - 1));
    }
}
