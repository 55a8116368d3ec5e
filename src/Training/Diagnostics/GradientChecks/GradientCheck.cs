using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Diagnostics.GradientChecks;

/// <summary>Settings of a gradient check.</summary>
public sealed record GradientCheckOptions
{
    /// <summary>Number of elements per tensor that are perturbed separately, besides all of them at once; all of them if null.</summary>
    public required int? Samples { get; init; }

    /// <summary>
    /// Number of tensors that are perturbed at once if no element is perturbed separately, for a loss that is slow to evaluate. A group whose slope is
    /// wrong is split up.
    /// </summary>
    public int Together { get; init; } = 1;

    /// <summary>
    /// Random change of every parameter before the check, relative to its size: right after initialisation biases are 0 and
    /// the factors of norms 1, where a rule that ignores them looks right, and whole areas are exactly on a kink.
    /// </summary>
    public double Jitter { get; init; } = 0.1;

    /// <summary>Sets the weights; if null, the config's initialisers and seed do.</summary>
    public Action<Model>? Weights { get; init; }

    /// <summary>Receives the number of tensors done, and their total.</summary>
    public Action<int, int>? Progress { get; init; }
}

/// <summary>
/// Checks gradients of a network by reverse mode against central differences of its loss, both in double on the reference device;
/// and optionally another device's gradients against those.
/// </summary>
public sealed class GradientCheck : IDisposable
{
    private readonly RunConfig config;
    private readonly Network network;
    private readonly SampleSet samples;
    private readonly Normalization normalization;
    private readonly GradientCheckOptions options;
    private readonly ReferenceDevice reference = new();
    private readonly LossProbe probe;
    private readonly SlopeFinder finder;

    public GradientCheck(RunConfig config, Network network, SampleSet samples, Normalization normalization, GradientCheckOptions options)
    {
        (this.config, this.network, this.samples, this.normalization, this.options) = (config, network, samples, normalization, options);
        probe = new LossProbe(config, network, reference, samples, normalization);
        finder = new SlopeFinder(probe);
        Prepare(probe.Model);
        Loss = probe.Differentiate();
        Analytic = [.. probe.Movables.Select(probe.Gradient)];
    }

    /// <summary>The loss at the point of the check.</summary>
    public double Loss { get; }

    /// <summary>The tensors checked: parameters and samples.</summary>
    public IReadOnlyList<Movable> Movables => probe.Movables;

    /// <summary>The gradients by reverse mode, one per tensor.</summary>
    public IReadOnlyList<double[]> Analytic { get; }

    /// <summary>Number of evaluations of the loss so far.</summary>
    public long Evaluations => probe.Evaluations;

    /// <summary>Checks every tensor.</summary>
    /// <param name="device">A device whose gradients are checked, too; null for only the reference's.</param>
    public GradientReport Run(Device? device = null)
    {
        IReadOnlyList<double[]>? onDevice = device is null ? null : DifferentiateOn(device);
        var tensors = new List<CheckedTensor>();
        int size = options.Samples == 0 ? options.Together : 1;
        for (int first = 0; first < Movables.Count; first += size)
        {
            options.Progress?.Invoke(first, Movables.Count);
            int[] group = [.. Enumerable.Range(first, Math.Min(size, Movables.Count - first))];
            CheckedEntry? all = size > 1 ? AlongAll(group) : null;
            tensors.AddRange(group.Select(i => all is { Agrees: true } ? Of(i, [all], onDevice?[i]) : Check(i, onDevice?[i])));
        }
        return new GradientReport { Loss = Loss, Tensors = tensors, Together = size, Evaluations = Evaluations, Parameters = network.ParameterCount };
    }

    /// <summary>Errors of forward and central differences as the step shrinks, relative to the largest gradient of some tensors.</summary>
    public IReadOnlyList<StepError> StepSizes(int places = 4)
    {
        int[] tensors = [.. Enumerable.Range(0, Movables.Count).Where(i => Movables[i].Parameter is { Shape.Rank: > 1 })];
        // From the end of the network: for a late tensor little has to be recomputed.
        int[] chosen = [.. Enumerable.Range(0, Math.Min(places, tensors.Length)).Select(i => tensors[^(1 + (i * tensors.Length / Math.Min(places, tensors.Length)))])];
        var curve = new StepCurve(probe);
        foreach (int tensor in chosen)
        {
            int index = Array.IndexOf(Analytic[tensor], Analytic[tensor].MaxBy(Math.Abs));
            curve.Add(Movables[tensor], index, Analytic[tensor][index]);
        }
        return curve.Errors;
    }

    public void Dispose()
    {
        probe.Dispose();
        reference.Dispose();
    }

    // Both devices start with the same values, which are representable in float.
    private void Prepare(Model model)
    {
        if (options.Weights is null)
            model.Initialise(config.Seed);
        else
            options.Weights(model);
        foreach ((Parameter parameter, int index) in network.Parameters.Select((p, i) => (p, i)))
        {
            double[] values = model.Read(parameter);
            var random = new RandomStream(config.Seed, Purpose.Explore, (uint)index);
            double size = Math.Sqrt(values.Sum(v => v * v) / values.Length);
            double scale = parameter.Trained ? options.Jitter * (size > 0 ? size : 1) : 0;
            model.Write(parameter, Array.ConvertAll(values, v => (double)(float)(v + (scale * random.NextNormal()))));
        }
    }

    private CheckedTensor Check(int index, double[]? onDevice)
    {
        Movable movable = Movables[index];
        double[] values = probe.Read(movable), analytic = Analytic[index];
        double scale = Math.Sqrt(analytic.Sum(g => g * g) / analytic.Length);
        var entries = new List<CheckedEntry>();
        foreach (int place in Places(movable, index))
            entries.Add(new CheckedEntry(place, analytic[place], finder.At(movable, place, values, s => new CheckedEntry(place, analytic[place], s, scale).Agrees), scale));
        if (entries.Count < values.Length)
            entries.Add(AlongAll(index));
        else
            probe.EvaluateFrom(movable); // restores everything after it
        return Of(index, entries, onDevice);
    }

    private CheckedTensor Of(int index, IReadOnlyList<CheckedEntry> entries, double[]? onDevice)
    {
        Movable movable = Movables[index];
        return new CheckedTensor
        {
            Name = movable.Name,
            Layer = movable.Layer,
            Kind = network.AllLayers.FirstOrDefault(l => l.Path == movable.Layer)?.Kind ?? "samples",
            Shape = movable.Shape,
            Entries = entries,
            IsRead = probe.IsRead(movable),
            Device = onDevice is null ? null : DeviceError.Of(Analytic[index], onDevice, Analytic.Max(g => Math.Sqrt(g.Sum(v => v * v) / g.Length))),
        };
    }

    // A gradient that is wrong at an element outside the sample shows in the slope along all elements at once.
    private CheckedEntry AlongAll(params int[] tensors)
    {
        Motion[] motions = [.. tensors.Select(MotionOf)];
        double along = motions.Sum(m => m.Direction.Zip(m.Analytic, (d, g) => d * g).Sum());
        double typical = Math.Sqrt(motions.Sum(m => m.Direction[0] * m.Direction[0] * m.Analytic.Sum(g => g * g)));
        var entry = new CheckedEntry(CheckedEntry.All, along, finder.Along(motions, s => new CheckedEntry(CheckedEntry.All, along, s, typical).Agrees), typical);
        probe.EvaluateFrom(probe.Earliest(motions.Select(m => m.Movable))); // restores everything after it
        return entry;
    }

    // Every element moves by the same amount, up or down.
    private Motion MotionOf(int index)
    {
        double[] values = probe.Read(Movables[index]);
        var random = new RandomStream(config.Seed, Purpose.Explore, (uint)(1000 + index));
        double size = Math.Max(1e-2, Math.Sqrt(values.Sum(v => v * v) / values.Length)) / Math.Sqrt(values.Length);
        return new Motion(Movables[index], values, [.. values.Select(_ => random.NextInt(2) == 0 ? size : -size)], Analytic[index]);
    }

    private IEnumerable<int> Places(Movable movable, int index)
    {
        int count = movable.Shape.Count, wanted = Math.Min(options.Samples ?? count, count);
        if (wanted == count)
            return Enumerable.Range(0, count);
        // One from each of as many equal ranges: no row of a matrix is left out by chance.
        var random = new RandomStream(config.Seed, Purpose.Explore, (uint)(2000 + index));
        return [.. Enumerable.Range(0, wanted).Select(i => (int)((long)i * count / wanted) + random.NextInt(count / wanted))];
    }

    private List<double[]> DifferentiateOn(Device device)
    {
        using var model = new Model(config with { Precision = Precision.Float32 }, network, device);
        var source = new BatchSource("batch", samples, normalization);
        source.Upload(model.DeviceMemory);
        // As in training: fused, with shared memory. Only the gradient with respect to the samples is additional.
        model.Prepare(source, [], samples.Count, inputGradient: probe.Bound.Graph.InputGradient is not null);
        Prepare(model);
        model.SetStep(config.Seed, 0, 0, 0, 0);
        BoundGraph bound = model.Training(samples.Count);
        bound.Plan.Run(Phase.Batch, Phase.Backward);
        return [.. Movables.Select(m => m.Parameter is Parameter p
            ? bound.Graph.Gradients.TryGetValue(p, out Kernels.Tensors.Tensor? g) ? bound.Plan.Read(g) : new double[m.Shape.Count]
            : bound.Plan.Read(bound.Graph.InputGradient!))];
    }
}
