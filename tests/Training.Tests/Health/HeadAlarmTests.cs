using GpuGrad.Training.Health;

namespace GpuGrad.Training.Tests.Health;

/// <summary>Heads of attention that were built dead are named, and only those.</summary>
public sealed class HeadAlarmTests
{
    private const int Width = 8, Heads = 4, Size = Width / Heads;

    private const string Yaml = """
        seed: 5
        data: {dataset: {random: {shape: [6], train: 24, test: 8, classes: 4, ids: 9}}, batch: 8}
        model: [{embedding: {rows: 9, width: 8}}, {attention: {heads: 4, name: look}}, {time-pool: mean}, {dense: 4}]
        train: {epochs: 8, optimizer: {sgd: {lr: 0.01}}}
        diagnostics: {every: 1, init-audit: false, black-box: false}
        """;

    private const string Block = "model=[{embedding: {rows: 9, width: 8}}, {transformer: {heads: 4, causal: true, kv-heads: 2, name: block}}, {time-pool: mean}, {dense: 4}]";

    [Theory]
    [InlineData("cpu")]
    [InlineData("reference")]
    [InlineData("opencl:0")]
    public void Heads_without_values_and_columns_are_named(string device)
    {
        using TestRun run = Trained(run => ClearColumns(ClearValues(run, 1), 1), device);
        Alarm alarm = Assert.Single(run.Raised(AlarmCatalog.DeadHeads));
        Assert.Equal(("look", false, "1"), (alarm.Layer, alarm.IsRemark, string.Join(',', alarm.Units!)));
        Assert.StartsWith("1 of 4 heads of look (attention) gave less than 1 % of the strongest head's output, and got less than 1 % of its gradient, for the last 48 watched samples, and never were otherwise: 1", alarm.Finding);
        Assert.Contains("dead from the start", alarm.Cause);
        Assert.Contains("fewer heads", alarm.Remedy);
        Assert.Contains("\"look/dead_heads\":0.25", run.Metrics().Last(l => l.Contains("dead_heads", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_head_that_dies_in_one_step_is_dated()
    {
        using TestRun run = Prepared();
        run.Stepped += step =>
        {
            if (step == 11)
                ClearColumns(ClearValues(run, 2), 2);
        };
        run.Run();
        Alarm alarm = Assert.Single(run.Raised(AlarmCatalog.DeadHeads));
        Assert.Equal([2], alarm.Units);
        Assert.Contains("all since step 11: 2", alarm.Finding);
    }

    // Without values its columns are what passes it a gradient, without columns its output is what passes them one: both kinds learn.
    [Fact]
    public void A_head_that_lacks_only_one_of_the_two_is_not_dead()
    {
        using TestRun values = Trained(run => ClearValues(run, 1)), columns = Trained(run => ClearColumns(run, 1));
        Assert.Empty(values.Raised(AlarmCatalog.DeadHeads));
        Assert.Empty(columns.Raised(AlarmCatalog.DeadHeads));
    }

    [Fact]
    public void Healthy_heads_raise_nothing()
    {
        foreach (string[] changes in new[] { new[] { "seed=6" }, [Block], ["train.optimizer={adam: {lr: 0.01}}"] })
        {
            using TestRun run = Trained(_ => { }, overrides: changes);
            Assert.Empty(run.Raised(AlarmCatalog.DeadHeads));
            Assert.All(run.Session.Trainer.Model.Probe.Heads, h => Assert.Equal((Heads, Size), (h.Heads, h.Width)));
            Assert.Single(run.Session.Trainer.Model.Probe.Heads);
        }
    }

    [Fact]
    public void A_layer_of_zeros_is_dead_as_a_whole_and_the_initialiser_is_the_remedy()
    {
        using TestRun run = Trained(_ => { }, overrides: ["model.1={attention: {heads: 4, init: zeros}}"]);
        Alarm alarm = Assert.Single(run.Raised(AlarmCatalog.DeadHeads));
        Assert.Equal([0, 1, 2, 3], alarm.Units);
        Assert.Contains("--set model.1.attention.init=null", alarm.Remedy);
    }

    [Fact]
    public void The_measured_norms_are_those_of_the_output_and_its_gradient()
    {
        HeadReading plain = First(_ => { }), doubled = First(run => run.Edit("look.in_proj_weight", w => Times(w, i => IsValue(i / Width, 3), 2))), cut = First(run => ClearColumns(run, 0));
        for (int head = 0; head < Heads; head++)
        {
            Assert.Equal(plain.Outputs[head] * (head == 3 ? 2 : 1), doubled.Outputs[head], 1e-5 * plain.Outputs[head]);
            Assert.Equal(head == 0, cut.Gradients[head] == 0);
        }

        static HeadReading First(Action<TestRun> edit)
        {
            using TestRun run = Trained(edit, overrides: ["train.epochs=1", "data.dataset.random.train=8"]);
            return HealthReading.Of(run.Session.Trainer.Model, run.Session.Trainer.Model.Probe, 8).Heads.Single();
        }
    }

    [Fact]
    public void Watching_heads_changes_no_bit_of_what_is_trained()
    {
        using TestRun watched = Trained(_ => { }, overrides: [Block]), plain = Trained(_ => { }, overrides: [Block, "diagnostics.every=0"]);
        Assert.Equal(plain.Weights(), watched.Weights());
    }

    private static TestRun Trained(Action<TestRun> edit, string device = "cpu", IEnumerable<string>? overrides = null)
    {
        TestRun run = Prepared(device, overrides);
        edit(run);
        run.Run();
        return run;
    }

    private static TestRun Prepared(string device = "cpu", IEnumerable<string>? overrides = null) => new(Yaml, device, overrides: overrides);

    private static TestRun ClearValues(TestRun run, int head) => run
        .Edit("look.in_proj_weight", w => Times(w, i => IsValue(i / Width, head), 0))
        .Edit("look.in_proj_bias", b => Times(b, i => IsValue(i, head), 0));

    private static TestRun ClearColumns(TestRun run, int head) => run.Edit("look.out_proj.weight", w => Times(w, i => i % Width / Size == head, 0));

    private static bool IsValue(int row, int head) => (row - (2 * Width)) / Size == head && row >= 2 * Width;

    private static void Times(double[] values, Func<int, bool> where, double factor)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] *= where(i) ? factor : 1;
    }
}
