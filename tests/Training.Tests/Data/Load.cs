using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;

namespace GpuGrad.Training.Tests.Data;

/// <summary>From the YAML of a <c>data:</c> section to samples.</summary>
internal static class Load
{
    public static DataConfig Config(string yaml) => ConfigBinder.Bind<DataConfig>(YamlReader.Read(yaml, "c.yaml"), "data");

    public static DataSet Set(string yaml, string folder = ".", ulong seed = 1) => Config(yaml).Dataset!.Load(new DataContext(folder, seed));

    public static TrainingData Training(string yaml, string folder = ".", ulong seed = 1) => TrainingData.Prepare(Config(yaml), TrainingData.LoadSet(Config(yaml), new DataContext(folder, seed)), seed);

    /// <summary>The one line with which a load is refused.</summary>
    public static string Refusal(string yaml, string folder = ".", Fault fault = Fault.Data)
    {
        Exception? e = Hostile.Record(() => Training(yaml, folder));
        GpuGradException refusal = Assert.IsAssignableFrom<GpuGradException>(e);
        Assert.Equal(fault, refusal.Fault);
        Assert.DoesNotContain('\n', refusal.Message);
        return refusal.Message;
    }
}
