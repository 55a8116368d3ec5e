using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Tests.Data;

/// <summary>Pipelines that read new files as the training data were read.</summary>
public abstract class TrainedPipelines : IDisposable
{
    // The class stands in the middle, and one column is not a number.
    private protected const string Table = "id,height,kind,width\nu1,1.5,cat,10\nu2,2.5,dog,20\nu3,3.5,cat,30\n";
    private protected const string TableData = "{csv: {path: train.csv, label: kind, ignore: [id]}}";

    private protected readonly TempFolder folder = new();
    private protected readonly List<string> notes = [];

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected InputPipeline Trained(string table, string dataset, int outputs = 2, string loss = "softmax-cross-entropy")
    {
        folder.Write("train.csv", table);
        Prepare(dataset, out InputPipeline pipeline, outputs, loss);
        return pipeline;
    }

    private protected TrainingData Prepare(string dataset, out InputPipeline pipeline, int outputs = 2, string loss = "softmax-cross-entropy")
    {
        LoadedConfig loaded = Config(dataset, outputs, loss);
        TrainingData data = TrainingData.Load(loaded.Config, new DataContext(folder.Path, 1));
        pipeline = new InputPipeline(loaded.Config, FittedInput.Of(data), notes.Add);
        return data;
    }

    private protected LoadedConfig Config(string dataset, int outputs, string loss)
    {
        var tree = (YamlMapping)YamlReader.Read($"{{data: {{dataset: {dataset}}}, model: [flatten, {{dense: {outputs}}}], loss: {loss}}}", "c.yaml");
        return new LoadedConfig(ConfigBinder.Bind<RunConfig>(tree, "the config"), tree, folder.Path);
    }

    private protected static double[] Numbers(SampleSet samples)
    {
        var values = new double[samples.Count * samples.Shape.Count];
        samples.Read(0, values);
        return values;
    }

    private protected static string Refusal(Action action)
    {
        GpuGradException e = Assert.IsAssignableFrom<GpuGradException>(Record.Exception(action));
        Assert.Equal(Fault.Data, e.Fault);
        return e.Message;
    }
}
