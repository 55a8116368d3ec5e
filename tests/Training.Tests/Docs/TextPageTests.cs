using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>The configs of docs/text.md are some, and their networks fit their data.</summary>
public sealed class TextPageTests
{
    [Fact]
    public void Every_config_on_the_page_fits_its_data()
    {
        string[] pieces = File.ReadAllText(Path.Combine(Effort.Root, "docs", "text.md")).Split("```yaml\n")[1..];
        RunConfig[] configs = [.. pieces.Select((p, i) => RunConfigFile.Load($"page-{i}.yaml", text: p.Split("```")[0]).Config)];
        Assert.Equal(4, configs.Length);
        Assert.NotNull(ModelCheck.Check(configs[0]));
        Assert.NotNull(ModelCheck.Check(configs[1]));
        foreach ((RunConfig config, int length, int classes) in new[] { (configs[2], 2700, 2), (configs[3], 300, 5) })
            ModelCheck.Check(config, new DataShape(new Kernels.Tensors.Shape(length), classes));
    }
}
