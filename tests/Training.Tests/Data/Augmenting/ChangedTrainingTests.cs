using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Runs;

namespace GpuGrad.Training.Tests.Data.Augmenting;

/// <summary>Trainings with changed pictures give the same bits whoever makes the changes, and when.</summary>
public sealed class ChangedTrainingTests
{
    private const string All = "augment: [random-resized-crop, rand-augment, {color-jitter: {brightness: 0.5}}, {rotate: {degrees: 9, fill: reflect}}, mixup, cutmix]";

    [Fact]
    public void Any_number_of_threads_gives_the_same_weights()
    {
        double[] one = Train($"dataset: {{digits: {{train: 70, test: 10}}}}, batch: 16, {All}", "[flatten, {dense: 10}]", threads: 1);
        Assert.Equal(one, Train($"dataset: {{digits: {{train: 70, test: 10}}}}, batch: 16, {All}", "[flatten, {dense: 10}]", threads: 3));
        Assert.NotEqual(one, Train("dataset: {digits: {train: 70, test: 10}}, batch: 16", "[flatten, {dense: 10}]", threads: 1));
    }

    [Fact]
    public void Masks_are_trained_on_with_their_pictures()
    {
        const string Data = "dataset: {shapes: {size: 16, train: 20, test: 4}}, batch: 5, augment: [{random-resized-crop: {scale: [0.3, 1]}}]";
        double[] one = Train(Data, "[{conv: {filters: 4, kernel: 1}}]", threads: 1);
        Assert.All(one, w => Assert.True(double.IsFinite(w)));
        Assert.Equal(one, Train(Data, "[{conv: {filters: 4, kernel: 1}}]", threads: 2));
    }

    [Fact]
    public void A_batch_holds_the_same_whether_those_before_it_were_read_or_not()
    {
        TrainingData data = Load.Training($"{{dataset: {{digits: {{train: 64, test: 10}}}}, {All}}}");
        BatchReader Reader() => new(new HeldRows(data.Train), new BatchChanger(data.Augmentation!.Pictures!, data.Train, data.Normalization));
        BatchReader through = Reader(), resumed = Reader(), again = Reader();
        byte[] last = [], fresh = [], other = [];
        for (int i = 0; i < 4; i++)
            through.Take(i * 16, 16, new BatchTime(1, 100 + i), b => last = [.. b.Bytes]);
        resumed.Take(48, 16, new BatchTime(1, 103), b => fresh = [.. b.Bytes]);
        // What was read ahead for another batch of the run is not taken for this one.
        again.Take(32, 16, new BatchTime(1, 7), _ => { });
        again.Take(48, 16, new BatchTime(1, 103), b => other = [.. b.Bytes]);
        Assert.Equal(last, fresh);
        Assert.Equal(last, other);
    }

    private static double[] Train(string data, string model, int threads)
    {
        RunConfig config = ConfigBinder.Bind<RunConfig>(
            YamlReader.Read($"{{data: {{{data}}}, model: {model}, train: {{epochs: 2, optimizer: {{sgd: {{lr: 0.05}}}}}}, diagnostics: {{every: 2}}}}", "c.yaml"), "config");
        using var device = new CpuDevice(threads);
        using var trainer = new Trainer(config, Load.Training($"{{{data}}}"), device);
        trainer.Run();
        return [.. trainer.Network.Parameters.SelectMany(p => trainer.Model.Read(p))];
    }
}
