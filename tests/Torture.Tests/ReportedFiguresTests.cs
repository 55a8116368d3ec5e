using System.Globalization;
using System.Text.Json;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Torture.Tests;

/// <summary>
/// The figures that runs report are those of the weights that they leave: recomputed by PyTorch, over random networks, with batches that do
/// not divide the samples. In every other run the learning rate is so small that no weight moves: there the training figures, means over
/// batches of different sizes, must be those of the weights too.
/// </summary>
public sealed class ReportedFiguresTests : IDisposable
{
    private const double Rounded = 2e-5;

    private readonly string folder = Directory.CreateTempSubdirectory("gpugrad-figures-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Accuracy_and_loss_are_those_recomputed_from_the_exported_weights()
    {
        Python.RequireTorch();
        int runs = Effort.Count(5, 60);
        string[] folders = [.. Enumerable.Range(0, runs).Select(Train)];
        string[] lines = Python.Oracle("recompute.py", folders).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(runs, lines.Length);
        int undivided = 0;
        double worst = 0;
        for (int i = 0; i < runs; i++)
        {
            JsonElement summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(folders[i], "run", "summary.json"))).RootElement;
            JsonElement epoch = MetricsLog.Read(Path.Combine(folders[i], "run", "metrics.jsonl")).Last(l => l.TryGetProperty("train_loss", out _));
            JsonElement truth = JsonDocument.Parse(lines[i]).RootElement;
            string what = $"run {i}: reported {summary} {epoch}, recomputed {truth}";
            foreach ((JsonElement reported, string name) in new[] { (summary, "test_loss"), (summary, "test_accuracy"), (epoch, "test_loss"), (epoch, "test_accuracy"), (epoch, "train_loss"), (epoch, "train_accuracy") })
            {
                bool moved = i % 2 == 0;
                if (truth.GetProperty(name).ValueKind == JsonValueKind.Null || (moved && name.StartsWith("train", StringComparison.Ordinal)))
                    continue;
                (double found, double expected) = (reported.GetProperty(name).GetDouble(), truth.GetProperty(name).GetDouble());
                double difference = Math.Abs(found - expected) / Math.Max(1, Math.Abs(expected));
                double close = truth.GetProperty(name.Split('_')[0] + "_close").GetDouble();
                Assert.True(difference <= (name.EndsWith("accuracy", StringComparison.Ordinal) ? close + 1e-12 : Rounded), $"{name} of {what}");
                if (name.EndsWith("accuracy", StringComparison.Ordinal) && close > 0)
                    continue;
                worst = Math.Max(worst, difference);
            }
            undivided += JsonDocument.Parse(File.ReadAllText(Path.Combine(folders[i], "sizes.json"))).RootElement.GetProperty("left").GetInt32() > 0 ? 1 : 0;
        }
        Effort.Report("figures", $"{runs} random runs, {undivided} with a batch that does not divide the samples: accuracies equal, losses within {worst:E1} of those recomputed");
    }

    // Makes data, a network and a run of it; gives the folder.
    private string Train(int index)
    {
        var random = new Random(100 + index);
        string path = Directory.CreateDirectory(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{index}"))).FullName;
        int train = 20 + random.Next(180), test = 5 + random.Next(60), batch = 1 + random.Next(40), classes = 2 + random.Next(4);
        bool frozen = index % 2 == 1, pictures = random.Next(2) == 0, numbers = random.Next(4) == 0;
        int[] shape = pictures ? [1 + random.Next(3), 6, 6] : [3 + random.Next(9)];
        NpzWriter.Save(Path.Combine(path, "data.npz"), writer =>
        {
            foreach ((string prefix, int count) in new[] { ("", train), ("t", test) })
            {
                writer.Add(prefix + "x", [count, .. shape], [.. Enumerable.Range(0, count * shape.Aggregate(1, (a, b) => a * b)).Select(_ => (float)((random.NextDouble() * 6) - 2))]);
                if (numbers)
                    writer.Add(prefix + "y", [count, 2], [.. Enumerable.Range(0, count * 2).Select(_ => (float)random.NextDouble())]);
                else
                    writer.Add(prefix + "y", [count], [.. Enumerable.Range(0, count).Select(k => k < classes ? k : random.Next(classes))]);
            }
        });
        (string yaml, object[] parts) = Layers(random, pictures, frozen, numbers ? 2 : classes);
        File.WriteAllText(Path.Combine(path, "layers.json"), JsonSerializer.Serialize(parts));
        File.WriteAllText(Path.Combine(path, "sizes.json"), FormattableString.Invariant($"{{\"left\": {train % batch}}}"));
        string normalize = new[] { "standard", "none", "unit" }[random.Next(3)];
        File.WriteAllText(Path.Combine(path, "c.yaml"), string.Create(CultureInfo.InvariantCulture, $$$"""
            seed: {{{index + 1}}}
            device: cpu
            threads: 2
            data: {dataset: {npz: {path: data.npz, test-x: tx, test-y: ty} }, batch: {{{batch}}}, normalize: {{{normalize}}}}
            model: [{{{yaml}}}]
            loss: {{{(numbers ? "mse" : "softmax-cross-entropy")}}}
            train: {epochs: {{{(frozen ? 1 : 3)}}}, optimizer: {sgd: {lr: {{{(frozen ? "1e-30" : "0.05")}}}, momentum: 0.9} } }
            """));
        Ended ended = Gpugrad.Inside("train", Path.Combine(path, "c.yaml"), "--out", Path.Combine(path, "run"));
        Assert.True(ended.Code == 0, $"run {index}: {ended}");
        File.Copy(Path.Combine(path, "run", "weights.safetensors"), Path.Combine(path, "weights.safetensors"));
        return path;
    }

    // Statistics of batches and masks are not those of the exported network, so frozen runs have none.
    private static (string Yaml, object[] Parts) Layers(Random random, bool pictures, bool frozen, int outputs)
    {
        var yaml = new List<string>();
        var parts = new List<object>();
        void Add(string text, params object[] part)
        {
            yaml.Add(text);
            parts.Add(part);
        }

        string activation = new[] { "relu", "tanh", "sigmoid" }[random.Next(3)];
        if (pictures)
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"{{conv: {{filters: {1 + random.Next(6)}, kernel: 3, padding: same}}}}"), "conv", 1);
            if (!frozen)
                Add("batchnorm", "batchnorm");
            Add(activation, activation);
            Add("{maxpool: 2}", "maxpool", 2);
            Add("flatten", "flatten");
        }
        else
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"{{dense: {2 + random.Next(20)}}}"), "dense");
            Add(activation, activation);
        }
        if (!frozen)
            Add("{dropout: 0.2}", "dropout");
        Add(string.Create(CultureInfo.InvariantCulture, $"{{dense: {outputs}}}"), "dense");
        return (string.Join(", ", yaml), [.. parts]);
    }
}
