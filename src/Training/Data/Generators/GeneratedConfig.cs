using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Generators;

/// <summary>Generated data: the same for the same settings and seed on every machine.</summary>
public abstract record GeneratedConfig : DatasetConfig
{
    private const uint TrainStream = 1, TestStream = 2;

    protected GeneratedConfig(int train, int test) => (Train, Test) = (train, test);

    /// <summary>Number of training samples.</summary>
    public int Train { get; init => field = Require.Positive(value); }

    /// <summary>Number of test samples, generated separately; 0 for none.</summary>
    public int Test { get; init => field = Require.NonNegative(value); }

    /// <summary>Seed of the data, to keep them the same in runs with different seeds.</summary>
    [DefaultText("the run's")]
    public ulong? Seed { get; init; }

    /// <summary>Title for <see cref="DataSet.Origin"/>.</summary>
    protected abstract string Title { get; }

    protected virtual IReadOnlyList<string>? ClassNames => null;

    /// <summary>Names of the targets; null for none.</summary>
    protected virtual IReadOnlyList<string>? TargetNames => null;

    public sealed override DataSet Load(DataContext context)
    {
        ulong seed = Seed ?? context.Seed;
        int[] counts = [Train, Test];
        RequireRoom();
        SampleSet?[] parts = Concurrently.Run([.. counts.Select((count, i) => (Func<SampleSet?>)(() =>
            count == 0 ? null : Make(count, seed, i == 0 ? TrainStream : TestStream)))]);
        DataShape shape = KnownShape!;
        return new DataSet
        {
            Shape = shape,
            Train = parts[0]!,
            Test = parts[1],
            ClassNames = ClassNames,
            TargetNames = TargetNames,
            Origin = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Title}, generated with seed {seed}"),
            Fingerprint = Fingerprint.Of(shape, parts[0], parts[1]),
        };
    }

    // A size that no array can hold is an error of the config; memory is checked elsewhere.
    private void RequireRoom()
    {
        DataShape shape = KnownShape!;
        double numbers = (double)Math.Max(Train, Test) * Math.Max(shape.Shape.Length, shape.Targets);
        if (numbers > Array.MaxLength)
            throw ConfigException.At(Source, $"{Math.Max(Train, Test)} samples of shape {shape.Shape}; expected at most {Array.MaxLength} numbers in all");
        long size = shape.Shape.Rank == 3 ? sizeof(byte) : sizeof(float);
        HostMemory.Require("samples", ((long)Train + Test) * ((shape.Shape.Length * size) + (shape.Targets * sizeof(float)) + sizeof(int) + (shape.Answer?.Length ?? 0)));
    }

    /// <summary>Generates samples; <paramref name="part"/> distinguishes training from test.</summary>
    protected abstract SampleSet Make(int count, ulong seed, uint part);

    /// <summary>Random numbers of one sample, so that samples can be made in any order.</summary>
    protected static RandomStream Sample(ulong seed, uint part, int index) => new(seed, Purpose.Generate, (part << 30) | (uint)index);

    /// <summary>Random numbers that training and test set share, for the appearance of classes.</summary>
    protected static RandomStream Shared(ulong seed, uint index = 0) => new(seed, Purpose.Generate, index);
}

/// <summary>Base of data sets of points in classes.</summary>
public abstract record PointsConfig : GeneratedConfig
{
    private readonly double noise;

    protected PointsConfig(int train, int test, double noise) : base(train, test) => this.noise = noise;

    /// <summary>Standard deviation of the noise added to each coordinate.</summary>
    public double Noise { get => noise; init => noise = Require.NonNegative(value); }

    public override DataShape? KnownShape => new(new Shape(Features), ClassCount);

    protected virtual int Features => 2;

    protected virtual int ClassCount => 2;

    protected sealed override SampleSet Make(int count, ulong seed, uint part)
    {
        var reals = new float[checked(count * Features)];
        var labels = new int[count];
        Concurrently.For(count, i =>
        {
            RandomStream random = Sample(seed, part, i);
            labels[i] = i % ClassCount;
            Span<double> point = stackalloc double[Features];
            Draw(labels[i], random, seed, point);
            for (int f = 0; f < point.Length; f++)
                reals[(i * point.Length) + f] = (float)(point[f] + (Noise * Exact.Normal(random)));
        });
        return new SampleSet { Shape = new Shape(Features), Count = count, Reals = reals, Labels = labels };
    }

    /// <summary>One point of a class, before the noise.</summary>
    protected abstract void Draw(int label, RandomStream random, ulong seed, Span<double> point);
}
