using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>Tables of a few rows, and what becomes of their columns.</summary>
public abstract class TypedTables : IDisposable
{
    private protected readonly TempFolder folder = new();

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected TrainingData Train(string table, string keys)
    {
        folder.Write("train.csv", table);
        return Load.Training($"{{dataset: {{csv: {{path: train.csv{(keys.Length > 0 ? ", " + keys : "")}}}}}}}", folder.Path);
    }

    private protected string Refusal(string table, string keys, Fault fault = Fault.Data)
    {
        folder.Write("train.csv", table);
        return Load.Refusal($"{{dataset: {{csv: {{path: train.csv{(keys.Length > 0 ? ", " + keys : "")}}}}}}}", folder.Path, fault);
    }

    private protected RunConfig Config(string table, string keys, string loss = "softmax-cross-entropy", int outputs = 2, string more = "batch: 2")
    {
        folder.Write("train.csv", table);
        return ConfigBinder.Bind<RunConfig>(YamlReader.Read($"{{data: {{dataset: {{csv: {{path: train.csv, {keys}}}}}, {more}}}, model: [{{dense: {outputs}}}], loss: {loss}}}", "c.yaml"), "the config");
    }

    private protected static ColumnFit[] Fits(TrainingData data) => [.. data.Columns!.Columns.Where(c => c.Role == ColumnRole.Feature).Select(c => c.Fit!)];

    private protected static string[] Names(TrainingData data) => [.. data.Columns!.Columns.Where(c => c.Role == ColumnRole.Feature).SelectMany(c => c.Fit!.Names(c.Name))];

    private protected static double[] Row(SampleSet samples, int row)
    {
        var values = new double[samples.Shape.Count];
        samples.Read(row * values.Length, values);
        return values;
    }
}
