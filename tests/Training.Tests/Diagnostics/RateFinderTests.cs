using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Diagnostics.RateFinding;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Diagnostics;

/// <summary>The search for a learning rate: repeatable, honest when it does not know, and careful with the file.</summary>
public sealed class RateFinderTests
{
    private const string Model = "data: {dataset: {spirals: {classes: 3}}, batch: 32}\nmodel: [{dense: 16}, tanh, {dense: 3}]\n";

    [Fact]
    public void Two_searches_give_the_same_bits_and_a_rate_that_trains()
    {
        RateFinding first = Find(Model, 60), second = Find(Model, 60);
        for (int i = 0; i < first.Curves.Count; i++)
            Assert.Equal(first.Curves[i].Losses, second.Curves[i].Losses);
        Assert.NotNull(first.Suggestion);
        Assert.Equal(first.Suggestion, second.Suggestion);
        Assert.InRange(first.Suggestion!.Value, first.Range!.Value.Low * 0.9, first.Range.Value.High * 1.1);
        Assert.NotEqual(first.Curves[0].Losses, first.Curves[1].Losses);
    }

    [Fact]
    public void A_loss_that_never_falls_has_no_rate()
    {
        RateFinding finding = Find(Model + "train: {groups: [{layers: ['*'], lr-factor: 0}]}\n", 40);
        Assert.Null(finding.Suggestion);
        Assert.Contains("never falls", finding.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Seeds_that_disagree_have_no_rate()
    {
        var finding = new RateFinding([0.001, 0.01, 0.1], [new RateCurve(1, 1, [0.1, 0.8, 0.9]), new RateCurve(2, 1, [0.95, 0.9, 0.1])]);
        Assert.Null(finding.Suggestion);
        Assert.Contains("disagree: from 0.001 to 0.1", finding.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_rates_that_are_as_good_as_the_best_the_middle_is_taken()
    {
        var finding = new RateFinding([0.001, 0.01, 0.1, 1], [new RateCurve(1, 2, [1.9, 0.11, 0.1, double.NaN]), new RateCurve(2, 2, [1.8, 0.1, 0.12, 3])]);
        Assert.Equal(0.032, finding.Suggestion);
        Assert.Equal((0.01, 0.1), finding.Range);
    }

    [Theory]
    [InlineData("optimizer: {sgd: {lr: 0.05, momentum: 0.9}}  # fast", "optimizer: {sgd: {lr: 0.02, momentum: 0.9}}  # fast")]
    [InlineData("optimizer: adam # the default", "optimizer: {adam: {lr: 0.02}} # the default")]
    [InlineData("optimizer: {adam: 1e-3}", "optimizer: {adam: 0.02}")]
    [InlineData("optimizer: {sgd: {momentum: 0.9}}", "optimizer: {sgd: {lr: 0.02, momentum: 0.9}}")]
    [InlineData("optimizer:\n    sgd:\n      # slowly\n      momentum: 0.9\n", "optimizer:\n    sgd:\n      # slowly\n      lr: 0.02\n      momentum: 0.9\n")]
    public void Everything_but_the_rate_stays_as_it_is(string before, string after)
    {
        using var folder = new TempFolder();
        string path = Path.Combine(folder.Path, "c.yaml"), rest = $"# head  comment\n{Model}train:\n  epochs: 3\n  ";
        File.WriteAllText(path, rest + before);
        RateWriter.Write(path, 0.02);
        Assert.Equal(rest + after, File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_mark_of_byte_order_stays_where_the_optimizer_is_on_the_first_line()
    {
        using var folder = new TempFolder();
        string path = Path.Combine(folder.Path, "c.yaml");
        File.WriteAllText(path, "\uFEFFtrain: {optimizer: {sgd: {lr: 0.5}}, epochs: 3}\n" + Model, new System.Text.UTF8Encoding(false));
        RateWriter.Write(path, 0.02);
        Assert.Equal("\uFEFFtrain: {optimizer: {sgd: {lr: 0.02}}, epochs: 3}\n" + Model, new System.Text.UTF8Encoding(false).GetString(File.ReadAllBytes(path)));
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void A_linked_config_is_changed_with_its_permissions_and_its_link_kept()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there that tests do not have");
        using TempFolder folder = new(), shared = new();
        string real = Path.Combine(shared.Path, "real.yaml"), link = Path.Combine(folder.Path, "link.yaml");
        File.WriteAllText(Path.Combine(folder.Path, "base.yaml"), Model);
        File.WriteAllText(real, "extends: base.yaml\ntrain: {optimizer: adam, epochs: 1}\n");
        File.SetUnixFileMode(real, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.CreateSymbolicLink(link, real);
        RateWriter.Write(link, 0.02);
        Assert.Equal(real, new FileInfo(link).LinkTarget);
        Assert.Equal("extends: base.yaml\ntrain: {optimizer: {adam: {lr: 0.02}}, epochs: 1}\n", File.ReadAllText(real));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(real));
        Assert.Single(Directory.GetFiles(shared.Path));
    }

    [Fact]
    public void A_file_without_an_optimizer_is_unchanged_and_the_line_to_add_is_shown()
    {
        using var folder = new TempFolder();
        string path = Path.Combine(folder.Path, "c.yaml");
        File.WriteAllText(path, Model);
        GpuGradException e = Assert.Throws<GpuGradException>(() => RateWriter.Write(path, 0.02));
        Assert.Contains("no train.optimizer in this file; add", e.Message, StringComparison.Ordinal);
        Assert.Equal(Model, File.ReadAllText(path));
    }

    private static RateFinding Find(string yaml, int steps)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>((YamlMapping)YamlReader.Read(yaml, "test"), "the config");
        var data = TrainingData.Load(config, new DataContext(".", 1));
        using Device device = DeviceCatalog.Open("cpu", 1);
        return RateFinder.Find(config, ModelCheck.Check(config, data.Shape), device, data, new RateFinderOptions { Steps = steps, Seeds = 3, Lowest = 1e-4 });
    }
}
