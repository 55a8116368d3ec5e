using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Sweeps;

namespace GpuGrad.Cli.Verbs;

[Verb("sweep", HelpText = "Search for good hyperparameters: train a config many times with values from a space, and compare on validation samples.")]
public sealed class SweepVerb : Verb
{
    private const int MostRows = 10;

    [Value(0, MetaName = "SWEEP", Required = true, HelpText = "The YAML file of the sweep: base, space, search, trials.")]
    public string SweepPath { get; set; } = "";

    [Option("out", MetaValue = "DIR", HelpText = "The sweep's folder; given again, a stopped sweep continues. sweeps/<name> by default.")]
    public string? Out { get; set; }

    [Option("parallel", MetaValue = "N", HelpText = "Trials at a time; overrides the file.")]
    [Range(1, Highest = 1024)]
    public int? Parallel { get; set; }

    [Option("print", HelpText = "Train nothing: print a command for each trial, for a scheduler or xargs.")]
    public bool Print { get; set; }

    [Option("collect", HelpText = "Train nothing: collect the trials that the printed commands have trained.")]
    public bool Collect { get; set; }

    public override int Run(Output output)
    {
        SweepPlan plan = SweepPlan.Load(SweepPath);
        if (Print && (plan.Search.Learns || plan.Rungs.Count > 1))
            throw new GpuGradException(Fault.Config, $"{SweepPath}: --print needs trials that are independent of each other, but {(plan.Search.Learns ? $"search: {plan.SearchName}" : "halving")} picks by earlier results; expected search: random or grid, without halving");
        using var signals = new StopSignals(name => Output.Note($"{name}: trials stop after their next step; send it again to quit at once"));
        string path = Out ?? Path.Combine("sweeps", Path.GetFileNameWithoutExtension(SweepPath));
        using SweepFolder folder = SweepFolder.Open(path, plan);
        var slots = TrialSlots.Of(plan, Parallel);
        int lag = folder.Lag ?? slots.Count;
        if (Print)
            return PrintCommands(plan, folder, lag, output);
        ITrialRunner runner = Collect ? new TrialCollector(plan, folder) : new TrialProcess(plan, folder, slots);
        var sweep = new Sweep(plan, runner, slots.Count, lag);
        folder.WriteJson(SweepReport.ToJson(sweep, lag));
        output.Line(Format.Invariant($"sweep      {plan.Trials} trials of {plan.BasePath}, {plan.SearchName} search over {plan.Space.Dimensions.Count} keys, compared by {plan.Monitor}{Rungs(plan)}"));
        output.Line(Collect ? $"trials     read from {path}" : Format.Invariant($"trials     {slots} in {path}"));
        output.Line();
        sweep.Run((trial, result) => PrintTrial(sweep, folder, lag, trial, result, output), signals.Stop).GetAwaiter().GetResult();
        return Finish(sweep, folder, lag, signals, output);
    }

    private static string Rungs(SweepPlan plan) => plan.Rungs.Count == 1 ? "" : $" after {string.Join(", ", plan.Rungs)} epochs";

    private static int PrintCommands(SweepPlan plan, SweepFolder folder, int lag, Output output)
    {
        SweepSchedule schedule = plan.Schedule(lag);
        while (schedule.Next() is SweepJob job)
        {
            IEnumerable<string> words = TrialProcess.Arguments(plan, folder, job.Trial, plan.Overrides(schedule.Points[job.Trial]), plan.Rungs[job.Rung]);
            output.Line($"gpugrad {string.Join(' ', words.Select(Quoted))}");
        }
        return ExitCode.Done;
    }

    private static string Quoted(string word) =>
        word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=:,+".Contains(c, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static void PrintTrial(Sweep sweep, SweepFolder folder, int lag, int trial, TrialResult result, Output output)
    {
        IEnumerable<string> settings = SweepReport.Settings(sweep, trial).Select(s => $"{s.Name} {s.Value}");
        string figure = result.Failure is string failure ? $"failed: {failure}" : Format.Invariant($"{sweep.Plan.Monitor} {result.Figure:G5} after {result.Epochs} epoch{(result.Epochs == 1 ? "" : "s")}");
        output.Line($"{SweepFolder.NameOf(trial)}  {figure}  ({string.Join(", ", settings)}){(sweep.Best == trial ? "  best so far" : "")}");
        folder.WriteJson(SweepReport.ToJson(sweep, lag));
    }

    private int Finish(Sweep sweep, SweepFolder folder, int lag, StopSignals signals, Output output)
    {
        string? best = sweep.Best is int trial ? sweep.Plan.ConfigOf(sweep.Schedule.Points[trial]) : null;
        if (best is not null)
            folder.WriteBest(best);
        SweepReport.Page(sweep, $"Sweep: {Path.GetFileNameWithoutExtension(SweepPath)}", best).Save(folder.Page);
        JsonObject json = SweepReport.ToJson(sweep, lag);
        folder.WriteJson(json);
        output.Line();
        output.Table(SweepReport.Columns(sweep), SweepReport.Ranked(sweep).Take(MostRows).Select(t => SweepReport.Row(sweep, t)), 1, 2);
        output.Line();
        if (best is not null)
            output.Line($"best       {folder.BestConfig}; weights in {Path.Combine(folder.TrialPath(sweep.Best!.Value), "weights.safetensors")}");
        output.Line($"page       {folder.Page}");
        output.Json(json);
        if (sweep.IsOver)
            return ExitCode.Done;
        int missing = sweep.Plan.Trials - sweep.Results.Count;
        Output.Note(Collect ? Format.Invariant($"{missing} of {sweep.Plan.Trials} trials have not finished") : $"stopped; continue with: gpugrad sweep {SweepPath} --out {folder.Path}");
        return signals.ExitCode ?? ExitCode.Done;
    }
}
