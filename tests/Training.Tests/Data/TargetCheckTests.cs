using GpuGrad.Training.Config;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Targets that a loss has no meaning for are found before anything trains.</summary>
public sealed class TargetCheckTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Kl_divergence_takes_rows_that_sum_to_one_and_no_others()
    {
        Load("a,p,q\n1,0.25,0.75\n2,0.333,0.666\n", "targets: [p, q]", "kl-divergence", "{dense: 2}");
        GpuGradException e = Assert.Throws<GpuGradException>(() => Load("a,p,q\n1,0.25,0.75\n2,0.9,0.9\n", "targets: [p, q]", "kl-divergence", "{dense: 2}"));
        Assert.Equal(Fault.Data, e.Fault);
        Assert.EndsWith("t.csv:3: targets that sum to 1.8; expected probabilities that sum to 1, as kl-divergence takes them", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("standard", true)]
    [InlineData("unit", false)]
    public void Poisson_takes_its_inputs_as_targets_only_if_they_are_at_least_0(string normalize, bool refused)
    {
        void Load() => Of($"data: {{dataset: {{digits: {{train: 20, test: 10}}}}, target: input, normalize: {normalize}}}\nmodel: [flatten, {{dense: 784}}, {{reshape: [1, 28, 28]}}]\nloss: poisson\n");
        if (!refused)
            Load();
        else
            Assert.Contains("poisson takes counts of 0 and more", Assert.ThrowsAny<GpuGradException>(Load).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_series_with_gaps_in_what_is_predicted_says_how_many_windows_it_has_lost()
    {
        string table = "y\n" + string.Concat(Enumerable.Range(0, 30).Select(i => i is 12 or 20 ? "NA\n" : FormattableString.Invariant($"{i % 4}\n")));
        TrainingData data = Load(table, "targets: [y], window: {past: 4, horizon: 2}", "mse", "flatten, {dense: 2}");
        Assert.Contains("the training part: 4 of 25 windows are left out, because a target is missing in the rows after them", data.Notes);
    }

    private TrainingData Load(string table, string settings, string loss, string model) =>
        Of($"data: {{dataset: {{csv: {{path: {folder.Write("t.csv", table)}, {settings}}}}}}}\nmodel: [{model}]\nloss: {loss}\n");

    private TrainingData Of(string yaml) => TrainingData.Load(RunConfigFile.Load("test.yaml", text: yaml).Config, new DataContext(folder.Path, 1));
}
