using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Layers;
using GpuGrad.Training.Optimizers;
using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Tests.Config;

public sealed class ConfigSourceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("gpugrad-config").FullName;

    public void Dispose() => Directory.Delete(folder, true);

    [Fact]
    public void A_config_takes_what_it_does_not_say_from_the_one_it_extends()
    {
        Write("base.yaml", "seed: 7\ndata: {shape: [4], classes: 2, batch: 8}\nmodel: [{dense: 2}]\ntrain: {epochs: 3, optimizer: {sgd: {lr: 0.1, momentum: 0.9}}}");
        RunConfig config = Load("child.yaml", "extends: base.yaml\ntrain: {optimizer: {sgd: {lr: 0.5}}}\ndata: {batch: 16}").Config;
        Assert.Equal(7ul, config.Seed);
        Assert.Equal(16, config.Data.Batch);
        Assert.Equal(3, config.Train.Epochs);
        Assert.Equal(new SgdConfig { Lr = 0.5, Momentum = 0.9, Source = config.Train.Optimizer.Source }, config.Train.Optimizer);
        Assert.Equal("child", config.Name);
    }

    [Fact]
    public void Another_optimizer_replaces_the_extended_one_whole()
    {
        Write("base.yaml", "data: {shape: [4], classes: 2}\nmodel: [{dense: 2}]\ntrain: {optimizer: {sgd: {lr: 0.1, momentum: 0.9}}}");
        RunConfig config = Load("child.yaml", "extends: base.yaml\ntrain: {optimizer: {adam: {lr: 0.5}}}").Config;
        Assert.Equal(0.5, Assert.IsType<AdamConfig>(config.Train.Optimizer).Lr);
    }

    [Fact]
    public void A_config_that_extends_itself_is_refused() =>
        Assert.Contains("does a file extend itself", Assert.Throws<ConfigException>(() => Load("loop.yaml", "extends: loop.yaml")).Message, StringComparison.Ordinal);

    [Fact]
    public void Overrides_reach_mappings_lists_and_bare_names_and_null_removes()
    {
        const string Yaml = "target: {test-accuracy: 0.9}\ndata: {shape: [4], classes: 2}\nmodel: [{dense: 3}, relu, {dense: 2}]\ntrain: {optimizer: sgd}";
        RunConfig config = Load("a.yaml", Yaml, "train.optimizer.sgd.lr=0.25", "model.0.dense=7", "target=null", "train.schedule={cosine: {warmup: 5}}").Config;
        Assert.Equal(0.25, config.Train.Optimizer.Lr);
        Assert.Null(config.Target);
        Assert.Equal(5, Assert.IsType<CosineSchedule>(config.Train.Schedule).Warmup);
        Assert.Equal(7, Assert.IsType<Layers.DenseConfig>(config.Model[0]).Units);
    }

    [Fact]
    public void An_override_beside_a_value_that_stands_alone_keeps_it()
    {
        string path = Path.Combine(folder, "short.yaml");
        File.WriteAllText(path, "data: {dataset: {csv: t.csv}}\nmodel: [{dense: 8}, {dropout: 0.3}, relu]\ntrain: {optimizer: {adam: 0.02}, early-stopping: 4}\n");
        RunConfig config = RunConfigFile.Load(path, ["model.0.dense.init=xavier", "model.1.dropout.channels=true", "train.optimizer.adam.beta1=0.5", "train.early-stopping.min-delta=0.1", "data.dataset.csv.header=true"]).Config;
        Assert.Equal(8, Assert.IsType<DenseConfig>(config.Model[0]).Units);
        Assert.Equal(0.3, Assert.IsType<DropoutConfig>(config.Model[1]).Rate);
        Assert.Equal(0.02, config.Train.Optimizer.Lr);
        Assert.Equal(4, config.Train.EarlyStopping!.Patience);
        Assert.Equal("t.csv", Assert.IsType<Training.Data.Sources.CsvConfig>(config.Data.Dataset).Path);
        Assert.Equal(0.5, RunConfigFile.Load(path, ["model.1.dropout.rate=0.5"]).Config.Model[1] is DropoutConfig d ? d.Rate : 0);
    }

    [Fact]
    public void A_wrong_override_names_itself()
    {
        var e = Assert.Throws<ConfigException>(() => Load("a.yaml", "data: {shape: [4], classes: 2}\nmodel: [{dense: 2}]", "train.epoch=3"));
        Assert.Equal("--set train.epoch:1:1: train has no 'epoch'; did you mean 'epochs'?", e.Message);
    }

    [Fact]
    public void What_is_written_reads_back_the_same()
    {
        LoadedConfig loaded = Load("a.yaml", "name: \"1\"\ndata: {shape: [4], classes: 2}\nmodel: [{dense: 3}, {leaky-relu: {slope: 5e-2}}, {dense: 2}]\ntrain: {optimizer: {adam: {lr: 1e-3}}}");
        RunConfig again = ConfigBinder.Bind<RunConfig>(YamlReader.Read(YamlWriter.Write(loaded.Tree), "again"), "the config");
        Assert.Equal("1", again.Name);
        Assert.Equal(1e-3, again.Train.Optimizer.Lr);
        Assert.Equal(0.05, Assert.IsType<Layers.ActivationConfig>(again.Model[1]).Parameter);
    }

    private LoadedConfig Load(string name, string yaml, params string[] overrides) => RunConfigFile.Load(Write(name, yaml), overrides);

    private string Write(string name, string yaml)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, yaml);
        return path;
    }
}
