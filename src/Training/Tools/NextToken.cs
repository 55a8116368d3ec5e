using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>A language model's scores for the next token of a growing text.</summary>
internal abstract class NextToken(Model model, int outputs) : IDisposable
{
    protected Model Model { get; } = model;

    /// <summary>The network's scores for the next token.</summary>
    /// <param name="text">Ids so far; those of the previous call, and more.</param>
    public abstract double[] Scores(IReadOnlyList<int> text);

    /// <param name="config">The experiment.</param>
    /// <param name="shape">Shape of its data: windows of ids, with a class per position.</param>
    /// <param name="scaling">Scaling of samples.</param>
    /// <param name="load">Sets the weights.</param>
    /// <param name="device">The device.</param>
    /// <param name="step">Whether it may process the text token by token with carried state; else it processes a window for every token.</param>
    public static NextToken Of(RunConfig config, DataShape shape, Normalization scaling, Action<Model> load, Device device, bool step = true)
    {
        var model = new Model(config, Network.Build(config.Model, shape), device);
        try
        {
            load(model);
            return step && model.Network.TakesSteps ? new ByStep(model, shape) : new ByWindow(model, shape, scaling);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Start of the window for a network with a limited context.</summary>
    /// <param name="begin">Start of the window for the previous token.</param>
    /// <param name="count">Number of tokens in the text.</param>
    /// <param name="context">Tokens in the context.</param>
    /// <param name="jumps">Whether a full window continues with its last half, which saves recomputing it for every token; else it moves by one.</param>
    internal static int Begin(int begin, int count, int context, bool jumps)
    {
        if (count - begin <= context)
            return begin;
        // Of a longer prompt, as much as the context holds is read.
        return begin == 0 && count > context + 1 ? count - context : jumps ? count - Math.Max(1, context / 2) : count - context;
    }

    public void Dispose() => Model.Dispose();

    protected double[] Read(BoundGraph bound, int step)
    {
        double[] output = bound.Plan.Read(bound.Graph.Output);
        return output.AsSpan(step * outputs, outputs).ToArray();
    }

    /// <summary>Token by token: attention caches keys and values, a recurrent layer its state.</summary>
    private sealed class ByStep : NextToken
    {
        private readonly Held token = new(1);
        private readonly BatchSource source;
        private readonly BoundGraph bound;
        private readonly int context;
        private int begin;
        private int done;

        public ByStep(Model model, DataShape shape) : base(model, shape.Classes)
        {
            context = shape.Shape[0];
            source = new BatchSource("token", new SampleSet { Shape = new Shape(1), Count = 1, Rows = token }, Normalization.None(1), batch: 1);
            source.Upload(model.DeviceMemory);
            bound = model.PrepareStep(source, context);
        }

        public override double[] Scores(IReadOnlyList<int> text)
        {
            // If only a state is carried, a text may be of any length.
            int next = bound.Graph.KnowsPlaces ? Begin(begin, text.Count, context, jumps: true) : 0;
            if (next != begin)
            {
                (begin, done) = (next, next);
                Model.Memory.EvaluationCarried.Clear(Model.DeviceMemory);
            }
            for (; done < text.Count; done++)
            {
                token.Ids[0] = text[done];
                Model.SetClock(0, 0, done - begin);
                source.Provide(Model.DeviceMemory, 0, 1);
                bound.Plan.Run();
            }
            return Read(bound, 0);
        }
    }

    /// <summary>Recomputes a window of the last tokens for each token. Positions after the last have no influence in a causal network.</summary>
    private sealed class ByWindow : NextToken
    {
        private readonly Held window;
        private readonly BatchSource source;
        private readonly BoundGraph bound;
        private readonly bool jumps;
        private int begin;

        public ByWindow(Model model, DataShape shape, Normalization scaling) : base(model, shape.Classes)
        {
            jumps = model.Network.TakesSteps;
            window = new Held(shape.Shape[0]);
            source = new BatchSource("prompt", new SampleSet { Shape = shape.Shape, Count = 1, Rows = window }, scaling, batch: 1);
            source.Upload(model.DeviceMemory);
            model.Prepare(null, [source], 1);
            bound = model.Evaluation(source, 1);
        }

        public override double[] Scores(IReadOnlyList<int> text)
        {
            begin = Begin(begin, text.Count, window.Size, jumps);
            Array.Clear(window.Ids);
            for (int i = begin; i < text.Count; i++)
                window.Ids[i - begin] = text[i];
            Model.Memory.EvaluationCarried.Clear(Model.DeviceMemory);
            Model.SetClock(0, 0, 0);
            source.Provide(Model.DeviceMemory, 0, 1);
            bound.Plan.Run();
            return Read(bound, text.Count - begin - 1);
        }
    }

    /// <summary>A set of a single sample.</summary>
    private sealed class Held(int size) : ISampleRows
    {
        public int[] Ids { get; } = new int[size];

        public int Count => 1;

        public int Size => size;

        public bool AreBytes => false;

        public bool AreFloats => true;

        public void Read(int row, Span<byte> target) => throw new InvalidOperationException("Ids are no bytes.");

        public void Read(int row, Span<double> target)
        {
            for (int i = 0; i < size; i++)
                target[i] = Ids[i];
        }
    }
}
