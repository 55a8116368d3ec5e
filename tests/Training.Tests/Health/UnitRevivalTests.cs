using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Reports;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Logs;
using GpuGrad.Training.Tests.Storage;
using static GpuGrad.Training.Tests.Health.PlantedFault;

namespace GpuGrad.Training.Tests.Health;

/// <summary><c>diagnostics: {on-dead: reinit}</c>: dead units get new weights, and nothing else changes.</summary>
public sealed class UnitRevivalTests
{
    private const string Dense = """
        data: {dataset: {blobs: {train: 256, test: 32}}, batch: 32}
        model: [{dense: {units: 20, name: first}}, FUNCTION, {dense: {units: 3, name: last}}]
        train: {epochs: 30, optimizer: {adam: {lr: 0.001}}, ema: 0.9}
        diagnostics: {on-dead: reinit}
        """;

    // Biases so low that most units are dead, and some of those that are drawn anew too.
    private const string LowBiases = """
        data: {dataset: {digits: {train: 96, test: 48}}, batch: 16}
        model: [flatten, {dense: {units: 12, name: first, bias-init: {uniform: {low: -60, high: 10}}}}, relu, {dense: {units: 10, name: last}}]
        train: {epochs: 12, optimizer: {momentum: {lr: 0.01}}, ema: 0.9, log-every: 1}
        checkpoint: {every: 3}
        diagnostics: {every: 2, on-dead: reinit}
        """;

    [Theory]
    [InlineData("cpu", "relu")]
    [InlineData("cpu", "relu6")]
    [InlineData("reference", "relu")]
    public void Dead_units_are_drawn_anew_and_the_outputs_stay(string device, string function)
    {
        int[] dead = [2, 5, 17];
        using TestRun run = UnitAlarmTests.Built(Dense, function, device, dead, -1000);
        var states = new List<State>();
        run.Heard += alarm =>
        {
            if (alarm.Id == AlarmCatalog.DeadUnits)
                states.Add(new State(run.Session.Trainer));
        };
        run.Run();
        // First the remark of the alarm, then what was done about it.
        Assert.Equal([false, true], run.Raised(AlarmCatalog.DeadUnits).Take(2).Select(a => a.Finding.Contains("drawn anew", StringComparison.Ordinal)));
        Alarm told = run.Raised(AlarmCatalog.DeadUnits).ElementAt(1);
        Assert.Equal((true, "1", run.Raised(AlarmCatalog.DeadUnits).First().Step), (told.IsRemark, told.Layer, told.Step));
        Assert.Equal(dead, told.Units);
        (State before, State after) = (states[0], states[1]);
        Assert.Equal(before.Loss, after.Loss);
        foreach ((string name, double[] old) in before.Values)
        {
            bool isOut = name.StartsWith("last.weight", StringComparison.Ordinal), isIn = name.StartsWith("first.", StringComparison.Ordinal), isWeight = !name.Contains("slot", StringComparison.Ordinal);
            for (int i = 0; i < old.Length; i++)
            {
                int unit = isOut ? i % 20 : isIn ? i * 20 / old.Length : -1;
                double value = after.Values[name][i];
                if (!dead.Contains(unit))
                    Assert.Equal(old[i], value);
                else if (isIn && isWeight)
                    Assert.InRange(Math.Abs(value - old[i]), 1e-6, 1001); // from -1000, or from what it was
                else
                    Assert.Equal(0, value);
            }
        }
        Assert.DoesNotContain(run.Session.IdleUnits.SelectMany(l => l.Units), dead.Contains);
        Assert.All(dead, u => Assert.NotEqual(0, new State(run.Session.Trainer).Values["last.weight"][u]));
        Assert.Contains(run.Metrics(), l => l.Contains("\"remark\":\"G001\"", StringComparison.Ordinal) && l.Contains("\"action\":\"reinit\"", StringComparison.Ordinal) && l.Contains("3 dead units of 20 of 1 (relu", StringComparison.Ordinal) && l.Contains("drawn anew: 2, 5, 17", StringComparison.Ordinal));
        RunFiles files = RunFiles.Of(run.Folder.Path);
        string page = RunReport.Page([new ReportedRun("run", RunLog.Read(files.Metrics), files.Manifest, files.Summary, files.Config)], null, run.Data.Test).ToString();
        Assert.Contains($"Done about dead units (diagnostics.on-dead): step {told.Step}, 3 dead units of 20 of 1 ({function}) were drawn anew: 2, 5, 17", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_runs_draw_the_same_and_a_resumed_one_goes_on_to_the_same_bits()
    {
        using var folder = new TestFolder();
        LogRun.Train(folder["whole"], LowBiases);
        string[] lines = File.ReadAllLines(folder["whole/metrics.jsonl"]);
        long[] revived = [.. lines.Where(l => l.Contains("drawn anew", StringComparison.Ordinal)).Select(StepOf)];
        Assert.True(revived.Length >= 2, string.Join('\n', revived));
        foreach (long at in new[] { revived[0] - 1, revived[0], revived[0] + 2 })
        {
            string run = folder[$"until-{at}"];
            LogRun.Train(run, LowBiases, breakBehind: at);
            LogRun.Train(run, LowBiases);
            Assert.Equal(lines, File.ReadAllLines(Path.Combine(run, "metrics.jsonl")));
            Assert.Equal(File.ReadAllBytes(folder["whole/weights.safetensors"]), File.ReadAllBytes(Path.Combine(run, "weights.safetensors")));
        }
    }

    [Fact]
    public void Without_it_the_same_network_learns_less()
    {
        using var revived = new TestRun(LowBiases);
        using var left = new TestRun(LowBiases.Replace(", on-dead: reinit", "", StringComparison.Ordinal));
        (double with, double without) = (revived.Run().Final.Train.Loss, left.Run().Final.Train.Loss);
        Assert.True(with < without, $"{with} {without}");
    }

    // Each unit's weights are its own: with those out of it at 0 nothing depends on those into it, otherwise something does, and all units together have all of them.
    [Theory]
    [InlineData("{conv: {filters: 6, kernel: 3}}, relu, {maxpool: 2}, flatten, {dense: 10}", 6)]
    [InlineData("{conv: {filters: 6, kernel: 3}}, batchnorm, relu, {dropout: 0.2}, {conv: {filters: 4, kernel: 3, groups: 2}}, flatten, {dense: 10}", 6)]
    [InlineData("{conv: {filters: 4, kernel: 3}}, relu6, {conv: {filters: 4, kernel: 3, groups: 4}}, global-avgpool, flatten, {dense: 10}", 4)]
    [InlineData("{conv: {filters: 4, kernel: 3, groups: 1}}, {conv-transpose: {filters: 5, kernel: 2, stride: 2}}, relu, {avgpool: 4}, {conv: {filters: 3, kernel: 2}}, flatten, {dense: 10}", 5)]
    [InlineData("{residual: {layers: [{conv: {filters: 3, kernel: 3, padding: same}}, relu, {conv-transpose: {filters: 1, kernel: 1}}]}}, flatten, {dense: 10}", 3)]
    [InlineData("{reshape: [28, 28]}, {conv1d: {filters: 5, kernel: 3}}, relu, {conv1d: {filters: 4, kernel: 3}}, {time-pool: mean}, {dense: 10}", 5)]
    [InlineData("{reshape: [28, 28]}, {dense: 5}, relu, {time-pool: max}, {dense: 10}", 5)]
    [InlineData("{reshape: [28, 28]}, {dense: 5}, relu, flatten, {dense: 10}", 5)]
    [InlineData("{reshape: [28, 28]}, {dense: 5}, relu, {dense: 4}, flatten, {dense: 10}", 5)]
    public void The_weights_of_a_unit_are_found(string model, int units)
    {
        using var run = new TestRun($"data: {{dataset: {{digits: {{train: 8, test: 8}}}}, batch: 8}}\nmodel: [{model}]\ntrain: {{epochs: 1}}\n");
        Trainer trainer = run.Session.Trainer;
        UnitWiring wiring = Assert.Single(UnitWiring.Of(trainer.Network, trainer.Model.Memory.Layout)).Value;
        foreach (UnitSlice slice in wiring.In.Append(wiring.Out))
            Assert.Equal(Enumerable.Range(0, slice.Parameter.Shape.Count), Enumerable.Range(0, units).SelectMany(slice.Of).Order());
        foreach (UnitSlice slice in wiring.In)
            Set(trainer, slice, Enumerable.Range(0, units), i => slice.Parameter.Shape.Rank > 1 ? 0.1 * Math.Sin(i + 1) : 1); // alive
        for (int unit = 0; unit < units; unit++)
        {
            double[] old = trainer.Model.Read(wiring.Out.Parameter);
            double whole = Loss(trainer, wiring, unit, -1);
            Assert.NotEqual(whole, Loss(trainer, wiring, unit, 1));
            Set(trainer, wiring.Out, [unit], _ => 0);
            Assert.Equal(Loss(trainer, wiring, unit, -1), Loss(trainer, wiring, unit, 1));
            trainer.Model.Write(wiring.Out.Parameter, old);
        }
    }

    [Theory]
    [InlineData("flatten, {dense: 8}, tanh, {dense: 10}")] // no relu
    [InlineData("flatten, {dense: 10}, relu")] // nothing reads it
    [InlineData("flatten, relu, {dense: 10}")] // nothing before it
    [InlineData("flatten, {dense: 8}, layernorm, relu, {dense: 10}")] // a unit's sum changes the others' norm
    [InlineData("flatten, {dense: 8}, relu, layernorm, {dense: 10}")]
    [InlineData("flatten, {dense: {units: 8, init: zeros}}, relu, {dense: 10}")] // nothing is drawn
    [InlineData("flatten, {dense: 8}, relu, {residual: [{dense: 8}]}, {dense: 10}")] // read twice
    public void Where_no_unit_could_be_drawn_anew_the_config_is_refused(string model)
    {
        var e = Assert.ThrowsAny<GpuGradException>(() => new TestRun($"data: {{dataset: {{digits: {{train: 8, test: 8}}}}}}\nmodel: [{model}]\nloss: {{softmax-cross-entropy: {{}}}}\ndiagnostics: {{on-dead: reinit}}\n"));
        Assert.Contains(":4:", e.Message, StringComparison.Ordinal);
        Assert.Contains("no relu or relu6 lies between two layers", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{on-dead: leak}", "on-dead is 'leak'")]
    [InlineData("{every: 0, on-dead: reinit}", "diagnostics.on-dead needs measurements, and diagnostics.every is 0")]
    [InlineData("{budget: 0.1, on-dead: reinit}", "'budget' chooses these by the clock")]
    public void Settings_that_rule_it_out_are_refused(string diagnostics, string message)
    {
        var e = Assert.ThrowsAny<GpuGradException>(() =>
        {
            using var run = new TestRun($"data: {{dataset: {{digits: {{train: 8, test: 8}}}}}}\nmodel: [flatten, {{dense: 8}}, relu, {{dense: 10}}]\ndiagnostics: {diagnostics}\n");
            ModelCheck.Check(run.Loaded.Config);
        });
        Assert.Equal(GpuGrad.Fault.Config, e.Fault);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains("config.yaml:3:", e.Message, StringComparison.Ordinal);
    }

    // The replay does not go back beyond the change, which it would not repeat.
    [Fact]
    public void A_nan_after_units_were_drawn_anew_is_found()
    {
        Finding finding = Planted(LowBiases, new Fault(RevivedAt(LowBiases), GpuGrad.Kernels.Graphs.Phase.Forward, "last", 3));
        Assert.Equal("last", finding.Layer);
    }

    private static long RevivedAt(string yaml)
    {
        using var run = new TestRun(yaml);
        run.Run();
        return run.Alarms.First(a => a.Finding.Contains("drawn anew", StringComparison.Ordinal)).Step;
    }

    private static long StepOf(string line) => long.Parse(line.Split("\"step\":")[1].Split(',')[0], System.Globalization.CultureInfo.InvariantCulture);

    private static double Loss(Trainer trainer, UnitWiring wiring, int unit, double factor)
    {
        Set(trainer, wiring.In[0], [unit], i => factor * (0.2 + (0.1 * Math.Cos(i))));
        return trainer.Judge().Single().Value.Figures.Loss;
    }

    private static void Set(Trainer trainer, UnitSlice slice, IEnumerable<int> units, Func<int, double> value)
    {
        double[] all = trainer.Model.Read(slice.Parameter);
        foreach (int i in units.SelectMany(slice.Of))
            all[i] = value(i);
        trainer.Model.Write(slice.Parameter, all);
    }

    /// <summary>What the network gives, and all its weights and what the optimizer keeps of them, by name.</summary>
    private sealed class State
    {
        public State(Trainer trainer)
        {
            ModelMemory memory = trainer.Model.Memory;
            Loss = trainer.Judge().Single().Value.Figures.Loss;
            foreach (Parameter p in trainer.Network.Parameters)
            {
                foreach ((string name, Slot slot) in memory.Moments.Select((m, i) => ($"{p.Name} slot {i}", m)).Append((p.Name, memory.Parameters)))
                {
                    var values = new double[p.Shape.Count];
                    trainer.Model.DeviceMemory.Read(slot, memory.Layout.OffsetOf(p), values);
                    Values[name] = values;
                }
            }
        }

        public double Loss { get; }

        public Dictionary<string, double[]> Values { get; } = [];
    }
}
