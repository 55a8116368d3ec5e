using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Steps;

/// <summary>Steps of the networks that are shipped, on few samples: they allocate nothing, and their bits do not depend on threads.</summary>
public sealed class ShippedStepTests
{
    private const int Batch = 3;

    public static TheoryData<string> Configs => ["fashion-mnist-lenet", "fashion-mnist-mlp", "fashion-mnist-vgg", "resnet18-cifar", "digits", "spirals"];

    [Theory]
    [MemberData(nameof(Configs))]
    public void A_step_after_the_first_allocates_nothing(string name)
    {
        using var run = new ShippedRun(name, threads: 2);
        run.Step(0);
        Assert.Equal(0, Spent.Bytes(() =>
        {
            run.Step(1);
            run.Step(2);
        }));
    }

    [Theory]
    [MemberData(nameof(Configs))]
    public void The_same_seed_gives_the_same_bits_twice_and_with_one_two_and_three_threads(string name)
    {
        using var first = new ShippedRun(name, threads: 1);
        first.Step(0);
        first.Step(1);
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using var other = new ShippedRun(name, threads);
            other.Step(0);
            other.Step(1);
            Assert.Equal(BitConverter.DoubleToInt64Bits(first.Loss), BitConverter.DoubleToInt64Bits(other.Loss));
            foreach (Parameter parameter in first.Model.Network.Parameters)
                Assert.True(Bits(first.Model.Read(parameter)).SequenceEqual(Bits(other.Model.Read(parameter))), $"{parameter.Name} with {threads} threads");
        }
    }

    [Fact]
    public void Another_seed_gives_other_bits()
    {
        using ShippedRun first = new("digits", threads: 1), other = new("digits", threads: 1, seed: 2);
        first.Step(0);
        other.Step(0);
        Assert.NotEqual(first.Loss, other.Loss);
    }

    private static ReadOnlySpan<byte> Bits(double[] values) => MemoryMarshal.AsBytes<double>(values);

    private sealed class ShippedRun : IDisposable
    {
        private readonly RunConfig config;
        private readonly CpuDevice device;

        public ShippedRun(string name, int threads, ulong seed = 1)
        {
            config = RunConfigFile.Load(Path.Combine(Folder(), $"{name}.yaml"), [$"seed={seed}", $"data.batch={Batch}"]).Config;
            Network network = ModelCheck.Check(config)!;
            device = new CpuDevice(threads);
            Model = new Model(config, network, device);
            SampleSet samples = StepBatch.Random(network, config.Data.KnownShape!, Batch, seed: 1);
            var source = new BatchSource("batch", samples, Normalization.None(samples.Shape[0]), config.Data.Augmentation);
            Model.Initialise(seed);
            source.Upload(Model.DeviceMemory);
            Model.Prepare(source, [], Batch);
        }

        public Model Model { get; }

        public double Loss => Model.Training(Batch).Loss;

        public void Step(int step)
        {
            const double Rate = 0.01;
            Model.SetStep(config.Seed, step, 0, step, Rate);
            Model.Training(Batch).Plan.Run();
        }

        public void Dispose()
        {
            Model.Dispose();
            device.Dispose();
        }

        private static string Folder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "configs"));
    }
}
