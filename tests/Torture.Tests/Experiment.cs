using System.Globalization;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Exchange;

namespace GpuGrad.Torture.Tests;

/// <summary>A small experiment in a folder of its own: data, config, and what an undisturbed run of it leaves.</summary>
internal sealed class Experiment : IDisposable
{
    private Experiment(string yaml, Action<NpzWriter> data)
    {
        NpzWriter.Save(In("data.npz"), data);
        File.WriteAllText(Config, yaml);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("gpugrad-torture-").FullName;

    public string Config => In("config.yaml");

    public string In(string name) => Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Everything at once that has a state: statistics, masks, augmentation, slots, averages, accumulation, the best weights.</summary>
    /// <param name="epochs">Of 8 steps each.</param>
    /// <param name="every">Steps between two checkpoints.</param>
    /// <param name="seed">Of the samples.</param>
    public static Experiment Rich(int epochs, int every, int seed = 3) => new(
        string.Create(CultureInfo.InvariantCulture, $$$"""
            name: rich
            seed: 7
            device: cpu
            threads: 2
            data: {dataset: {npz: {path: data.npz, test-x: tx, test-y: ty}}, batch: 12, validation: 0.1, augment: [{shift: 1}, {flip: horizontal}]}
            model:
              - conv: {filters: 4, kernel: 3, padding: same}
              - batchnorm
              - relu
              - maxpool: 2
              - flatten
              - dropout: 0.3
              - dense: 16
              - tanh
              - dense: 3
            train:
              epochs: {{{epochs}}}
              accumulate: 2
              optimizer: {adam: {lr: 0.01}}
              schedule: {plateau: {patience: 1, by: 0.7}}
              clip: {norm: 2.0}
              ema: 0.9
              keep-best: validation-loss
              early-stopping: {patience: 1000}
              log-every: 1
            diagnostics: {every: 3}
            checkpoint: {every: {{{every}}}, keep: 2}
            """),
        writer =>
        {
            var random = new Random(seed);
            AddPictures(writer, random, "x", "y", 200);
            AddPictures(writer, random, "tx", "ty", 50);
        });

    /// <summary>Samples of an epoch of <see cref="Identity"/>, and how many make a step.</summary>
    public const int Samples = 120, Batch = 10;

    /// <summary>
    /// Sample i is the i-th unit vector, and the answer is always 1: a weight moves when its own sample comes and at no other time. The
    /// learning rate is halved from epoch to epoch, so that a weight's value tells in which epochs its sample came and how often.
    /// </summary>
    public static Experiment Identity(int epochs, int every) => new(
        string.Create(CultureInfo.InvariantCulture, $$$"""
            name: identity
            seed: 11
            device: cpu
            threads: 1
            data: {dataset: {npz: data.npz}, batch: {{{Batch}}}, normalize: none}
            model: [{dense: {units: 1, bias: false, init: zeros} }]
            loss: mse
            train:
              epochs: {{{epochs}}}
              optimizer: {sgd: {lr: 1.0}}
              schedule: {step: {every: 1, by: 0.5}}
              log-every: 1
            checkpoint: {every: {{{every}}}, keep: 2}
            """),
        writer =>
        {
            var x = new float[Samples * Samples];
            for (int i = 0; i < Samples; i++)
                x[(i * Samples) + i] = 1;
            writer.Add("x", [Samples, Samples], x);
            writer.Add("y", [Samples, 1], Enumerable.Repeat(1f, Samples).ToArray());
        });

    /// <summary>A weight of <see cref="Identity"/> moves with its own sample only, in each epoch by another share of what is left to 1.</summary>
    /// <param name="run">A run folder with weights.</param>
    /// <param name="epochs">How many it trained.</param>
    public static void AssertEachSampleOnceAnEpoch(string run, int epochs)
    {
        using SafetensorsFile weights = SafetensorsFile.Open(Path.Combine(run, "weights.safetensors"));
        double left = 1;
        for (int epoch = 0; epoch < epochs; epoch++)
            left *= 1 - (2 * Math.Pow(0.5, epoch) / Batch);
        double[] values = weights.ReadDoubles(weights["0.weight"]!);
        Assert.Equal(Samples, values.Length);
        Assert.All(values, w => Assert.Equal(1 - left, w, 1e-6));
    }

    private static void AddPictures(NpzWriter writer, Random random, string x, string y, int count)
    {
        int[] labels = [.. Enumerable.Range(0, count).Select(_ => random.Next(3))];
        float[] pixels = [.. labels.SelectMany(label => Enumerable.Range(0, 64).Select(p => (float)random.NextDouble() + (p / 8 % 3 == label ? 0.5f : 0)))];
        writer.Add(x, [count, 1, 8, 8], pixels);
        writer.Add(y, [count], labels);
    }
}
