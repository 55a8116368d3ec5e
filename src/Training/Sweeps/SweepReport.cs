using System.Globalization;
using System.Text.Json.Nodes;
using GpuGrad.Training.Pictures;

namespace GpuGrad.Training.Sweeps;

/// <summary>A sweep as JSON and as a page.</summary>
public static class SweepReport
{
    private const int MostRows = 25, FirstColumns = 3;

    /// <summary><c>sweep.json</c>: the settings of the sweep, its trials, and the best trial.</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="lag">Trials at a time when it began.</param>
    public static JsonObject ToJson(Sweep sweep, int lag)
    {
        SweepPlan plan = sweep.Plan;
        return new JsonObject
        {
            ["status"] = sweep.IsOver ? "finished" : "running",
            ["base"] = plan.BasePath,
            ["search"] = plan.SearchName,
            ["monitor"] = plan.Monitor.ToString(),
            ["higher_is_better"] = plan.Monitor.HigherIsBetter,
            ["rungs"] = new JsonArray([.. plan.Rungs.Select(r => (JsonNode)r)]),
            ["parallel"] = lag,
            ["epochs"] = sweep.Results.Values.Sum(r => (long)r.Epochs),
            ["best"] = sweep.Best is int best ? TrialJson(sweep, best) : null,
            ["importance"] = new JsonObject(Importance.Of(sweep).Select(i => KeyValuePair.Create<string, JsonNode?>(i.Key, Math.Round(i.Share, 4)))),
            ["trials"] = new JsonArray([.. Enumerable.Range(0, sweep.Schedule.Points.Count).Select(t => TrialJson(sweep, t))]),
        };
    }

    /// <summary>Status of a trial: <c>running</c>, <c>waiting</c>, <c>failed</c>, <c>stopped</c> by halving, or <c>finished</c>.</summary>
    public static string StatusOf(Sweep sweep, int trial) => sweep.Results.GetValueOrDefault(trial) switch
    {
        _ when sweep.IsRunning(trial) => "running",
        null => "waiting",
        { Failure: not null } => "failed",
        { } result => sweep.Schedule.RungOf(trial) == sweep.Plan.Rungs.Count - 1 || result.Epochs >= sweep.Plan.Rungs[^1] ? "finished" : sweep.IsOver ? "stopped" : "waiting",
    };

    /// <summary>A page with everything in it.</summary>
    public static HtmlPage Page(Sweep sweep, string title, string? bestYaml)
    {
        int[] ranked = Ranked(sweep);
        var page = new HtmlPage(title);
        page.Paragraph(Text(sweep));
        page.Wide(new ParallelCoordinates
        {
            Title = "Trials: one line each, from its settings to its result",
            Remark = "Orange is best, grey is worst. Below an axis, at –, are trials that do not set its key.",
            Axes = [.. sweep.Plan.Space.Dimensions.Select((d, i) => AxisOf(sweep, d, i)), new CoordinateAxis(sweep.Plan.Monitor.ToString(), false, [])],
            Lines = [.. ranked.Reverse().Select(t => new CoordinateLine([.. Places(sweep, t), sweep.Results[t].Figure!.Value], Rank(ranked, t), Label(sweep, t)))],
        });
        page.Pictures(Progress(sweep), new BarChart
        {
            Title = "What mattered",
            Remark = "The share of the trials' ranking that a key explains by itself, with its values in up to four groups. Chance alone gives a few per cent.",
            Rows = [.. Importance.Of(sweep).Select(i => new Bar(i.Key, i.Share, Text: i.Share.ToString("P0", CultureInfo.InvariantCulture)))],
            Axis = new Axis(Max: 1),
        });
        page.Heading("The best trials").Table([.. Columns(sweep)], ranked.Take(MostRows).Select(t => Row(sweep, t)), 0, 1, 2);
        if (bestYaml is not null)
            page.Heading("The best config, ready to train").Preformatted(bestYaml);
        return page;
    }

    /// <summary>Trials with a result, the best first; trials that reached a higher rung come before the others.</summary>
    public static int[] Ranked(Sweep sweep) =>
        [.. sweep.Results.Where(r => r.Value.Figure is not null).OrderByDescending(r => sweep.Schedule.RungOf(r.Key)).ThenBy(r => sweep.Plan.ScoreOf(r.Value.Figure)).ThenBy(r => r.Key).Select(r => r.Key)];

    /// <summary>Heads of a table of trials.</summary>
    public static IReadOnlyList<string> Columns(Sweep sweep) => ["trial", sweep.Plan.Monitor.ToString(), "epochs", .. sweep.Plan.Space.Dimensions.Select(d => ShortName(sweep, d.Key))];

    /// <summary>A trial's row under <see cref="Columns"/>.</summary>
    public static IReadOnlyList<string> Row(Sweep sweep, int trial)
    {
        IReadOnlyList<double> point = sweep.Schedule.Points[trial];
        TrialResult? result = sweep.Results.GetValueOrDefault(trial);
        return
        [
            SweepFolder.NameOf(trial), result?.Figure?.ToString("G5", CultureInfo.InvariantCulture) ?? "", (result?.Epochs ?? 0).ToString(CultureInfo.InvariantCulture),
            .. sweep.Plan.Space.Dimensions.Select((d, i) => double.IsNaN(point[i]) ? "" : d.Values.LabelAt(point[i])),
        ];
    }

    /// <summary>The settings of a trial by their short names; keys that it does not set are left out.</summary>
    public static IEnumerable<(string Name, string Value)> Settings(Sweep sweep, int trial) =>
        Columns(sweep).Skip(FirstColumns).Zip(Row(sweep, trial).Skip(FirstColumns)).Where(s => s.Second.Length > 0);

    // The shortest ending of a key that no other key has.
    private static string ShortName(Sweep sweep, string key)
    {
        string[] words = key.Split('.');
        return Enumerable.Range(1, words.Length).Select(n => string.Join('.', words[^n..]))
            .First(name => !char.IsAsciiDigit(name[0]) && sweep.Plan.Space.Dimensions.Count(d => d.Key == name || d.Key.EndsWith("." + name, StringComparison.Ordinal)) == 1);
    }

    private static JsonObject TrialJson(Sweep sweep, int trial)
    {
        IReadOnlyList<double> point = sweep.Schedule.Points[trial];
        TrialResult? result = sweep.Results.GetValueOrDefault(trial);
        var json = new JsonObject { ["trial"] = trial, ["status"] = StatusOf(sweep, trial), ["value"] = result?.Figure, ["epochs"] = result?.Epochs ?? 0 };
        json["settings"] = new JsonObject(sweep.Plan.Space.Active(point).Select(d => KeyValuePair.Create(sweep.Plan.Space.Dimensions[d].Key, JsonOf(sweep.Plan.Space.Dimensions[d].Values.LabelAt(point[d])))));
        json["run"] = $"trials/{SweepFolder.NameOf(trial)}";
        if (result?.Failure is string failure)
            json["error"] = failure;
        return json;
    }

    private static JsonNode? JsonOf(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : value is "true" or "false" ? value == "true" : value;

    private static string Text(Sweep sweep)
    {
        int failed = sweep.Results.Values.Count(r => r.Failure is not null), stopped = Enumerable.Range(0, sweep.Schedule.Points.Count).Count(t => StatusOf(sweep, t) == "stopped");
        string best = sweep.Best is int trial ? string.Create(CultureInfo.InvariantCulture, $" Best: trial {SweepFolder.NameOf(trial)} with {sweep.Plan.Monitor} {sweep.Results[trial].Figure:G5}.") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sweep.Results.Count} of {sweep.Plan.Trials} trials ({sweep.Plan.SearchName} search), {sweep.Results.Values.Sum(r => (long)r.Epochs):N0} epochs in all; {stopped} were stopped early, {failed} failed.{best}");
    }

    private static CoordinateAxis AxisOf(Sweep sweep, Dimension dimension, int index) => dimension.Values is ChoiceDimension choice
        ? new CoordinateAxis(ShortName(sweep, dimension.Key), false, choice.Values.Labels)
        : new CoordinateAxis(ShortName(sweep, dimension.Key), dimension.Values is LogRangeDimension or LogIntegerDimension, []);

    private static IEnumerable<double> Places(Sweep sweep, int trial)
    {
        IReadOnlyList<double> point = sweep.Schedule.Points[trial];
        return sweep.Plan.Space.Dimensions.Select((d, i) => double.IsNaN(point[i]) ? double.NaN : d.Values is ChoiceDimension choice ? choice.IndexAt(point[i]) : d.Values.NumberAt(point[i]));
    }

    private static double Rank(int[] ranked, int trial) => ranked.Length == 1 ? 1 : 1 - ((double)Array.IndexOf(ranked, trial) / (ranked.Length - 1));

    private static string Label(Sweep sweep, int trial) => string.Join(", ", Columns(sweep).Zip(Row(sweep, trial)).Where(p => p.Second.Length > 0).Select(p => $"{p.First} {p.Second}"));

    private static LineChart Progress(Sweep sweep)
    {
        int[] trials = [.. sweep.Results.Where(r => r.Value.Figure is not null).Select(r => r.Key).Order()];
        double[] x = [.. trials.Select(t => (double)t)], y = [.. trials.Select(t => sweep.Results[t].Figure!.Value)];
        var soFar = new double[y.Length];
        for (int i = 0; i < y.Length; i++)
            soFar[i] = i == 0 || sweep.Plan.Monitor.IsBetter(y[i], soFar[i - 1], 0) ? y[i] : soFar[i - 1];
        return new LineChart { Title = "Trial by trial", X = new Axis("trial"), Y = new Axis(sweep.Plan.Monitor.ToString()), Series = [new Series("a trial", x, y) { Style = LineStyle.Points }, new Series("best so far", x, soFar)] };
    }
}

/// <summary>Importance of a single key.</summary>
internal static class Importance
{
    private const int Groups = 4, Fewest = 8;

    /// <summary>For each key the variance of the trials' ranks between groups of its values, as a share of the whole (the correlation ratio η²); the largest first.</summary>
    public static IReadOnlyList<(string Key, double Share)> Of(Sweep sweep)
    {
        // Compares trials at the first rung, which all of them reached.
        (int Trial, double Score)[] scored = [.. sweep.Results.Keys.Select(t => (t, sweep.Schedule.ScoreOf(new SweepJob(t, 0)))).Where(s => !double.IsNaN(s.Item2)).OrderBy(s => s.Item2).ThenBy(s => s.t)];
        if (scored.Length < Fewest)
            return [];
        return [.. sweep.Plan.Space.Dimensions.Select((d, i) => (d.Key, Share(sweep, scored, d, i))).OrderByDescending(s => s.Item2)];
    }

    private static double Share(Sweep sweep, (int Trial, double Score)[] scored, Dimension dimension, int index)
    {
        int groups = dimension.Values is ChoiceDimension choice ? choice.Values.Labels.Count : Groups;
        double middle = (scored.Length - 1) / 2.0, all = 0;
        var sums = new double[groups + 1];
        var counts = new int[groups + 1];
        for (int rank = 0; rank < scored.Length; rank++)
        {
            double unit = sweep.Schedule.Points[scored[rank].Trial][index];
            int group = double.IsNaN(unit) ? groups : Math.Min((int)(unit * groups), groups - 1);
            sums[group] += rank - middle;
            counts[group]++;
            all += (rank - middle) * (rank - middle);
        }
        return Enumerable.Range(0, groups + 1).Where(g => counts[g] > 0).Sum(g => sums[g] * sums[g] / counts[g]) / all;
    }
}
