using GpuGrad.Training.Health;

namespace GpuGrad.Training.Tests.Health;

/// <summary>Networks built with units that are dead or saturated: exactly those are named.</summary>
public sealed class UnitAlarmTests
{
    private const string Dense = """
        data: {dataset: {blobs: {train: 256, test: 32}}, batch: 32}
        model: [{dense: {units: 20, name: first}}, FUNCTION, {dense: 3}]
        train: {epochs: 60, optimizer: {sgd: {lr: 0.001}}}
        """;

    private const string Images = """
        data: {dataset: {digits: {train: 192, test: 32}}, batch: 32}
        model: [{conv: {filters: 10, kernel: 5, name: first}}, FUNCTION, {maxpool: 4}, flatten, {dense: 10}]
        train: {epochs: 4, optimizer: {sgd: {lr: 0.001}}}
        diagnostics: 2
        """;

    public static TheoryData<string> Devices => ["cpu", "reference"];

    [Theory]
    [MemberData(nameof(Devices))]
    public void Dead_units_of_a_dense_layer_are_named(string device) => Check(Dense, "relu", device, AlarmCatalog.DeadUnits, [2, 5, 17], -1000);

    [Theory]
    [MemberData(nameof(Devices))]
    public void Dead_channels_of_a_convolution_are_named(string device) => Check(Images, "relu", device, AlarmCatalog.DeadUnits, [0, 9], -1000);

    [Theory]
    [InlineData("sigmoid", 80)]
    [InlineData("sigmoid", -80)]
    [InlineData("tanh", 80)]
    [InlineData("hard-tanh", -80)]
    [InlineData("hard-sigmoid", 80)]
    public void Saturated_units_are_named(string function, double bias)
    {
        Check(Dense, function, "cpu", AlarmCatalog.SaturatedUnits, [1, 4, 19], bias);
        Check(Images, function, "cpu", AlarmCatalog.SaturatedUnits, [3], bias);
    }

    // A fifth of a layer is an alarm. Fewer are a remark, which comes again when there are twice as many; both name the units.
    [Fact]
    public void Few_dead_units_are_a_remark_and_many_an_alarm()
    {
        using TestRun run = Built(Dense, "relu", "cpu", [], 0);
        run.Stepped += step =>
        {
            if (step is 1 or 101 or 201 or 301)
                run.Edit("first.bias", b => b[step / 100] = step == 201 ? 0.5 : -1000);
            if (step == 301)
                run.Edit("first.bias", b => b[7] = b[8] = b[9] = -1000);
        };
        run.Run();
        Alarm[] raised = [.. run.Raised(AlarmCatalog.DeadUnits)];
        Assert.Equal([true, true, false], raised.Select(a => a.IsRemark));
        Assert.Equal([0], raised[0].Units);
        Assert.Equal([0, 1], raised[1].Units);
        Assert.Equal([0, 1, 3, 7, 8, 9], raised[2].Units);
        IdleUnits end = Assert.Single(run.Session.IdleUnits);
        Assert.Equal([0, 1, 3, 7, 8, 9], end.Units);
        Assert.True(end.AreMany);
        string[] lines = [.. run.Metrics().Where(l => l.Contains("\"G001\"", StringComparison.Ordinal))];
        Assert.Equal(["remark", "remark", "alarm"], lines.Select(l => l.Contains("\"remark\":", StringComparison.Ordinal) ? "remark" : "alarm"));
        Assert.Contains("\"units\":\"0,1,3,7,8,9\"", lines[2]);
    }

    [Theory]
    [InlineData("leaky-relu")]
    [InlineData("gelu")]
    public void Functions_without_a_flat_end_have_no_dead_units(string function)
    {
        using TestRun run = Built(Dense, function, "cpu", [2, 5, 17], -1000);
        run.Run();
        Assert.Empty(run.Raised(AlarmCatalog.DeadUnits));
        Assert.Empty(run.Raised(AlarmCatalog.SaturatedUnits));
    }

    [Fact]
    public void Units_that_die_in_one_step_are_dated()
    {
        using TestRun run = Built(Dense, "relu", "cpu", [], 0);
        run.Stepped += step =>
        {
            if (step == 21)
                run.Edit("first.bias", b => b[3] = b[8] = -1000);
        };
        run.Run();
        Alarm alarm = Assert.Single(run.Raised(AlarmCatalog.DeadUnits));
        Assert.Equal([3, 8], alarm.Units);
        Assert.Contains("all since step 21", alarm.Finding);
        Assert.Contains("leaky-relu", alarm.Remedy);
    }

    private static void Check(string yaml, string function, string device, string id, int[] units, double bias)
    {
        using TestRun run = Built(yaml, function, device, units, bias);
        run.Run();
        Alarm alarm = Assert.Single(run.Raised(id));
        Assert.Equal(units, alarm.Units);
        Assert.Equal("1", alarm.Layer);
        Assert.Contains("never were otherwise", alarm.Finding);
        IdleUnits end = Assert.Single(run.Session.IdleUnits);
        Assert.Equal((units.Length, alarm.IsRemark), (end.Units.Count, !end.AreMany));
    }

    // The other units are kept alive and off the flat ends: small weights, a small positive bias.
    internal static TestRun Built(string yaml, string function, string device, int[] units, double bias) =>
        new TestRun(yaml.Replace("FUNCTION", function, StringComparison.Ordinal), device)
            .Edit("first.weight", w => Array.ForEach([.. Enumerable.Range(0, w.Length)], i => w[i] *= 0.02))
            .Edit("first.bias", b =>
            {
                Array.Fill(b, 0.5);
                Array.ForEach(units, u => b[u] = bias);
            });
}
