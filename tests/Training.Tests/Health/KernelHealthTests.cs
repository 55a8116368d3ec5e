using GpuGrad.Kernels.Graphs;
using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Health;
using static GpuGrad.Training.Tests.Health.PlantedFault;

namespace GpuGrad.Training.Tests.Health;

/// <summary>Health on devices that run kernels, as on the others.</summary>
public sealed class KernelHealthTests
{
    // Five steps of next to nothing, for kernels that are emulated.
    private const string Few = """
        data: {dataset: {random: {shape: [1, 5, 5], train: 4, test: 4, classes: 3}}, batch: 4}
        model: [{conv: {filters: 4, kernel: 3, name: first}}, relu, flatten, {dense: {units: 5, name: second}}, sigmoid, {dense: 3}]
        train: {epochs: 5, optimizer: {sgd: {lr: 0.001}}}
        diagnostics: {every: 1, init-audit: false, black-box: false}
        """;

    public static TheoryData<string, Phase, string> OnKernels()
    {
        var data = new TheoryData<string, Phase, string>();
        foreach (string device in new[] { "emulated", "opencl:0" })
        {
            data.Add(device, Phase.Forward, "tanh");
            data.Add(device, Phase.Backward, "branch.0.global-avgpool");
            data.Add(device, Phase.Update, "conv");
        }
        return data;
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("emulated")]
    [InlineData("opencl:0")]
    public void Every_kind_of_device_names_the_dead_and_the_saturated_units(string device)
    {
        using TestRun run = UnitAlarmTests.Built(Few, "", device, [1, 3], -1000);
        run.Edit("second.weight", w => Array.ForEach([.. Enumerable.Range(0, w.Length)], i => w[i] *= 0.02)).Edit("second.bias", b => (b[0], b[4]) = (80, -80));
        run.Run();
        Alarm[] raised = [.. run.Alarms.Where(a => a.Units is not null)];
        Assert.Equal([(AlarmCatalog.DeadUnits, "1"), (AlarmCatalog.SaturatedUnits, "4")], raised.Select(a => (a.Id, a.Layer)));
        Assert.Equal([1, 3], raised[0].Units);
        Assert.Equal([0, 4], raised[1].Units);
        Assert.All(raised, a => Assert.Contains("for each of the last 20 watched samples, and never were otherwise", a.Finding));
    }

    // The run looks every second step only; the black box names the step and the place all the same.
    [Theory]
    [MemberData(nameof(OnKernels))]
    public void A_nan_is_named(string device, Phase phase, string layer)
    {
        Finding finding = Planted(BlackBoxKindTests.Pools.Replace("EVERY", "2", StringComparison.Ordinal), new Fault(2, phase, layer, 1), device);
        Assert.Equal((3L, layer, 1), (finding.Step, finding.Layer, Flat(finding)));
        Assert.Equal(phase switch { Phase.Forward => Direction.Forward, Phase.Backward => Direction.Backward, _ => Direction.Update }, finding.Direction);
        if (phase == Phase.Update)
            Assert.Equal("conv.weight", finding.Tensor);
    }
}
