using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Runs;

namespace GpuGrad.Training.Tests.Distributed;

/// <summary>Ranks stop together, and any number of them goes on.</summary>
public sealed class RankResumeTests : RanksInThreads
{
    [Fact]
    public void A_request_to_stop_one_rank_stops_all_after_the_same_step_and_another_number_of_ranks_resumes()
    {
        RunConfig config = Config("mse", "batch: 10", "optimizer: {sgd: {lr: 0.05}}, epochs: 3");
        Trained alone = Train("cpu", config, null);
        var halves = ThreadRanks.Run(3, r =>
        {
            using Device device = DeviceCatalog.Open("cpu", 1);
            using var stop = new CancellationTokenSource();
            using var trainer = new Trainer(config, Load(config), device, new At(7, stop, r.Rank == 1), r);
            RunResult result = trainer.Run(stop.Token);
            var state = new byte[trainer.Model.Memory.Durable.Sum(s => trainer.Model.DeviceMemory[s].Bytes)];
            Copy(trainer, state, read: true);
            return (result.Status, trainer.State, Bytes: state);
        });
        Assert.All(halves, h => Assert.Equal((RunStatus.Stopped, 8L), (h.Status, h.State.Step)));
        double[][] weights = ThreadRanks.Run(2, r =>
        {
            using Device device = DeviceCatalog.Open("cpu", 1);
            using var trainer = new Trainer(config, Load(config), device, null, r);
            // Rank 0 alone has the checkpoint.
            if (r.Rank == 0)
            {
                trainer.State = halves[0].State;
                Copy(trainer, halves[0].Bytes, read: false);
            }
            EpochReport report = trainer.Run().Final;
            Assert.Equal(46, report.Train.Samples);
            Assert.Equal(alone.Report.Train.Loss, report.Train.Loss, 1e-5);
            return Weights(trainer);
        });
        Assert.Null(Tolerance.Agreement.Explain("weights", alone.Weights, weights[1]));
    }

    [Fact]
    public void Four_ranks_then_two_then_three_train_each_sample_once_an_epoch_wherever_they_were_stopped()
    {
        // Sample i is the i-th unit vector and its answer 1: a weight moves when its sample comes, and the rate, halved each epoch, tells how often it came in which.
        const int Samples = 60, Batch = 10, Epochs = 3;
        float[] x = new float[Samples * Samples];
        for (int i = 0; i < Samples; i++)
            x[(i * Samples) + i] = 1;
        NpzWriter.Save(folder["units.npz"], w =>
        {
            w.Add("x", [Samples, Samples], x);
            w.Add("y", [Samples, 1], Enumerable.Repeat(1f, Samples).ToArray());
        });
        File.WriteAllText(folder["units.yaml"], $"""
            data: {"{"}dataset: {"{"}npz: {folder["units.npz"]}{"}"}, batch: {Batch}, normalize: none{"}"}
            model: [{"{"}dense: {"{"}units: 1, bias: false, init: zeros{"}}"}]
            loss: mse
            train: {"{"}epochs: {Epochs}, optimizer: {"{"}sgd: {"{"}lr: 1.0{"}}"}, schedule: {"{"}step: {"{"}every: 1, by: 0.5{"}}}"}
            """);
        RunConfig config = RunConfigFile.Load(folder["units.yaml"]).Config;
        (RunState State, byte[] Bytes, double[] Weights)? saved = null;
        // In the middle of the first epoch of 6 steps, of the second, and at the end.
        foreach ((int size, long until) in new[] { (4, 3L), (2, 9L), (3, 18L) })
        {
            saved = ThreadRanks.Run(size, r =>
            {
                using Device device = DeviceCatalog.Open("cpu", 1);
                using var stop = new CancellationTokenSource();
                using var trainer = new Trainer(config, Load(config), device, new At(until - 1, stop, r.Rank == size - 1), r);
                if (saved is { } last && r.Rank == 0)
                {
                    trainer.State = last.State;
                    Copy(trainer, last.Bytes, read: false);
                }
                trainer.Run(stop.Token);
                Assert.Equal(until, trainer.State.Step);
                var state = new byte[trainer.Model.Memory.Durable.Sum(s => trainer.Model.DeviceMemory[s].Bytes)];
                Copy(trainer, state, read: true);
                return (trainer.State, state, Weights(trainer));
            })[0];
        }
        double left = 1;
        for (int epoch = 0; epoch < Epochs; epoch++)
            left *= 1 - (2 * Math.Pow(0.5, epoch) / Batch);
        Assert.Null(Tolerance.Agreement.Explain("weights", [.. Enumerable.Repeat(1 - left, Samples)], saved!.Value.Weights));
    }

    private static void Copy(Trainer trainer, byte[] state, bool read)
    {
        int at = 0;
        foreach (DeviceBuffer buffer in trainer.Model.Memory.Durable.Select(s => trainer.Model.DeviceMemory[s]))
        {
            if (read)
                buffer.Read(0, state.AsSpan(at, (int)buffer.Bytes));
            else
                buffer.Write(0, state.AsSpan(at, (int)buffer.Bytes));
            at += (int)buffer.Bytes;
        }
    }

    private sealed class At(long step, CancellationTokenSource stop, bool me) : IRunObserver
    {
        public void OnStep(Trainer trainer, in StepReport report)
        {
            if (me && report.Step == step)
                stop.Cancel();
        }
    }
}
