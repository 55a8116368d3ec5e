using GpuGrad.Training.Pictures;

namespace GpuGrad.Training.Reports;

/// <summary>The log of a run as charts.</summary>
internal static class LogCharts
{
    private const int MostColumns = 160;
    private const int MostLines = 8;

    public static IEnumerable<Drawing> Curves(IReadOnlyList<ReportedRun> runs)
    {
        bool several = runs.Count > 1;
        string Named(ReportedRun run, string name) => several ? $"{run.Name}: {name}" : name;
        yield return new LineChart
        {
            Title = "Loss",
            X = new Axis("step"),
            Y = new Axis("loss"),
            Series =
            [
                .. runs.SelectMany((r, i) => new[]
                {
                    SeriesOf(several ? "" : "each step", r.Log.Steps, "loss") with { Style = LineStyle.Faint, Color = i },
                    SeriesOf(Named(r, "training, mean of the epoch"), r.Log.Epochs, "train_loss") with { Color = i },
                    SeriesOf(Named(r, "test"), r.Log.Epochs, "test_loss") with { Style = LineStyle.Dashed, Color = several ? i : 1 },
                    SeriesOf(Named(r, "validation"), r.Log.Epochs, "validation_loss") with { Style = LineStyle.Points, Color = several ? i : 2 },
                }.Where(HasNumbers)),
            ],
            Marks = several ? [] : AlarmMarks(runs[0].Log),
        };
        Series[] accuracies = [.. runs.SelectMany((r, i) => new[]
        {
            SeriesOf(Named(r, "training"), r.Log.Epochs, "train_accuracy", 100) with { Color = i },
            SeriesOf(Named(r, "test"), r.Log.Epochs, "test_accuracy", 100) with { Style = LineStyle.Dashed, Color = several ? i : 1 },
            SeriesOf(Named(r, "validation"), r.Log.Epochs, "validation_accuracy", 100) with { Style = LineStyle.Points, Color = several ? i : 2 },
        }.Where(HasNumbers))];
        if (accuracies.Length > 0)
            yield return new LineChart { Title = "Accuracy", X = new Axis("step"), Y = new Axis("%"), Series = accuracies };
        Series[] norms = [.. runs.Select((r, i) => SeriesOf(several ? r.Name : "", r.Log.Steps, "gradient_norm") with { Color = i }).Where(HasNumbers)];
        if (norms.Length > 0)
            yield return new LineChart { Title = "Norm of all gradients", X = new Axis("step"), Y = new Axis("norm", Log: true), Series = norms, Remark = "A spike is a step that can undo the progress of many others; a slow decline is normal." };
        yield return new LineChart { Title = "Learning rate", X = new Axis("step"), Y = new Axis("rate", Min: 0), Series = [.. runs.Select((r, i) => SeriesOf(several ? r.Name : "", r.Log.Steps, "lr") with { Color = i })] };
    }

    public static IEnumerable<Drawing> Layers(RunLog log)
    {
        string[] weights = [.. log.NamesOf("gradient_rms").Where(n => n.EndsWith(".weight", StringComparison.Ordinal))];
        if (weights.Length > 0 && log.Health.Count > 1)
            yield return Flow(log, weights);
        foreach (IGrouping<string, string> sequence in log.NamesOf("step_gradient").GroupBy(n => n[..n.LastIndexOf('@')]))
            yield return ThroughTime(log, sequence.Key, [.. sequence]);
        string[] shown = Sample(weights);
        yield return LayerLines("Gradient RMS by layer", log, shown, "gradient_rms", new Axis("root mean square", Log: true), "Curves that are powers of ten apart mean that gradients vanish or explode on their way back.");
        yield return LayerLines("Update relative to the weights", log, shown, "update_ratio", new Axis("update / weights", Log: true), "About 1e-3 is healthy; above 0.1 the updates are too large, below 1e-6 the layer barely learns.");
        foreach ((string figure, string title, string remark) in new[]
        {
            ("dead_units", "Units that are 0 for a whole batch", "A unit that is 0 for every sample is dead: it no longer gets a gradient."),
            ("saturated_units", "Saturated units (for a whole batch)", "Where a sigmoid or tanh is flat it lets no gradient through."),
            ("dead_heads", "Dead heads", "A head that outputs nothing and gets no gradient no longer changes."),
        })
        {
            string[] layers = Sample([.. log.NamesOf(figure)]);
            if (layers.Length > 0)
                yield return LayerLines(title, log, layers, figure, new Axis($"% of the layer's {(figure == "dead_heads" ? "heads" : "units")}", Min: 0), remark, 100);
        }
        string[] outputs = Sample([.. log.NamesOf("deviation")]);
        yield return LayerLines("Deviation of a layer's outputs", log, outputs, "deviation", new Axis("standard deviation", Log: true), "It should stay similar from layer to layer; steady growth or shrinkage means that signals explode or vanish.");
        yield return LayerLines("Zeros among a layer's outputs", log, outputs, "zeros", new Axis("%", Min: 0, Max: 100), "", 100);
    }

    // Only alarms with room for their names.
    private static List<ChartMark> AlarmMarks(RunLog log)
    {
        var marks = new List<ChartMark>();
        double room = 0.1 * (log.Steps.LastOrDefault()?.Step ?? 0);
        foreach (LogLine alarm in log.Alarms.Where(a => a.Step > 0))
        {
            if (marks.Count > 0 && alarm.Step - marks[^1].X < room)
                continue;
            marks.Add(new ChartMark(alarm.Step, alarm.Texts["alarm"], 3));
        }
        return marks;
    }

    // Layers from top to bottom, time from left to right.
    private static HeatMap Flow(RunLog log, string[] weights)
    {
        return new HeatMap
        {
            Title = "Gradient flow",
            Values = OverTime(log, weights, "gradient_rms"),
            RowNames = [.. weights.Select(w => w[..^".weight".Length])],
            X = $"steps {log.Health[0].Step} to {log.Health[^1].Step}",
            Y = "layer",
            Log = true,
            Remark = "Root mean square of each layer's gradient on a log scale; the first layer is at the top.",
        };
    }

    // Steps of time from top to bottom, the run from left to right.
    private static HeatMap ThroughTime(RunLog log, string name, string[] steps)
    {
        return new HeatMap
        {
            Title = $"Gradient through time, {name}",
            Values = OverTime(log, steps, "step_gradient"),
            RowNames = [.. steps.Select(s => s[(s.LastIndexOf('@') + 1)..])],
            X = $"steps {log.Health[0].Step} to {log.Health[^1].Step} of the run",
            Y = "time step",
            Log = true,
            Remark = "Norm of the gradient that reaches each time step, on a log scale. If it fades from the last step to the first, the layer can't learn long-range dependencies.",
        };
    }

    // A row for each name, a column for a line of the log.
    private static double[,] OverTime(RunLog log, string[] names, string figure)
    {
        int columns = Math.Min(MostColumns, log.Health.Count);
        var values = new double[names.Length, columns];
        for (int c = 0; c < columns; c++)
        {
            LogLine line = log.Health[(int)((long)c * log.Health.Count / columns)];
            for (int r = 0; r < names.Length; r++)
                values[r, c] = line[$"{names[r]}/{figure}"];
        }
        return values;
    }

    private static LineChart LayerLines(string title, RunLog log, string[] names, string figure, Axis y, string remark, double factor = 1) => new()
    {
        Title = title,
        X = new Axis("step"),
        Y = y,
        Series = [.. names.Select(n => new Series(n.Replace(".weight", "", StringComparison.Ordinal), [.. log.Health.Select(l => (double)l.Step)], [.. log.Health.Select(l => l[$"{n}/{figure}"] * factor)]))],
        Remark = remark,
    };

    // As many as there are distinct colours: the first, the last, and some between.
    private static string[] Sample(IReadOnlyList<string> names) => names.Count <= MostLines
        ? [.. names]
        : [.. Enumerable.Range(0, MostLines).Select(i => names[(int)Math.Round((double)i * (names.Count - 1) / (MostLines - 1))])];

    private static Series SeriesOf(string name, IReadOnlyList<LogLine> lines, string figure, double factor = 1) =>
        new(name, [.. lines.Select(l => (double)l.Step)], [.. lines.Select(l => l[figure] * factor)]);

    private static bool HasNumbers(Series series) => series.Y.Any(double.IsFinite);
}
