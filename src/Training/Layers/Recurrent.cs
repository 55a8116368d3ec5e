using System.Globalization;
using GpuGrad.Kernels.Ops.Dropout;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Ops.Recurrence;
using GpuGrad.Kernels.Ops.Steps;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Initializers;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Layers;

/// <summary>Output of a recurrent layer.</summary>
public enum RecurrentOutput
{
    /// <summary>The state at every step: [T, F].</summary>
    All,

    /// <summary>The state after the last step that is not padding: [F]; for the reverse direction, the state after the first.</summary>
    Last,
}

/// <summary>The nonlinearity of a plain recurrent layer.</summary>
public enum RecurrentActivation
{
    Tanh,
    Relu,
}

/// <summary>Settings that the recurrent layers share. The input is a sequence [T, F]; names, shapes and gate order of the weights are those of <c>torch.nn.RNN</c>, <c>LSTM</c> and <c>GRU</c>.</summary>
public abstract record RecurrentConfig : LayerConfig
{
    public const string DefaultInitText = "uniform within ±1/√units (PyTorch's)";

    /// <summary>Size of the state.</summary>
    [Shorthand]
    public required int Units { get; init => field = Config.Require.Positive(value); }

    /// <summary>Number of stacked layers; each takes the states of the one below as its input.</summary>
    public int Layers { get; init => field = Config.Require.Positive(value); } = 1;

    /// <summary>Also run from the last step to the first, and concatenate the states of both directions.</summary>
    public bool Bidirectional { get; init; }

    /// <summary>Dropout rate between the layers, not after the last.</summary>
    public double Dropout { get; init => field = Config.Require.Fraction(value); }

    /// <summary><c>all</c>: the state at every step, [T, F]. <c>last</c>: the state after the last step, [F].</summary>
    public RecurrentOutput Return { get; init; }

    public bool Bias { get; init; } = true;

    /// <summary>Initializer of the input weights.</summary>
    [DefaultText(DefaultInitText)]
    public InitConfig? Init { get; init; }

    /// <summary>Initializer of the recurrent weights, gate by gate; <c>orthogonal</c> preserves the norm of the state over many steps.</summary>
    [DefaultText(DefaultInitText)]
    public InitConfig? RecurrentInit { get; init; }

    internal abstract RecurrentCell Cell { get; }

    public override Layer Build(LayerSite site)
    {
        site.RequireRank(2, "[steps, features]", "ids need 'embedding' before it, a row of numbers 'reshape: [steps, features]'");
        site.Require(Dropout == 0 || Layers > 1, "'dropout' acts between its layers, but there is only one; expected 'layers: 2' or more, or a layer 'dropout' after it");
        return new RecurrentLayer(this, site) { Path = site.Path, Kind = site.Kind, Input = site.Input };
    }
}

/// <summary>h' = tanh(W·x + U·h + b), as <c>torch.nn.RNN</c>. It forgets within some tens of steps; <c>lstm</c> and <c>gru</c> remember longer.</summary>
public sealed record RnnConfig : RecurrentConfig
{
    /// <summary><c>tanh</c> or <c>relu</c>.</summary>
    public RecurrentActivation Activation { get; init; }

    internal override RecurrentCell Cell => Activation == RecurrentActivation.Tanh ? RecurrentCell.Tanh : RecurrentCell.Relu;
}

/// <summary>Long short-term memory, as <c>torch.nn.LSTM</c>.</summary>
public sealed record LstmConfig : RecurrentConfig
{
    internal override RecurrentCell Cell => RecurrentCell.Lstm;
}

/// <summary>Gated recurrent units, as <c>torch.nn.GRU</c>.</summary>
public sealed record GruConfig : RecurrentConfig
{
    internal override RecurrentCell Cell => RecurrentCell.Gru;
}

public sealed class RecurrentLayer : Layer
{
    private readonly RecurrentConfig config;
    private readonly List<Direction[]> levels = [];

    internal RecurrentLayer(RecurrentConfig config, LayerSite site)
    {
        this.config = config;
        int directions = config.Bidirectional ? 2 : 1, width = checked(directions * config.Units), features = site.Input[1];
        for (int level = 0; level < config.Layers; level++)
        {
            int number = level, inputs = level == 0 ? features : width;
            levels.Add([.. Enumerable.Range(0, directions).Select(d => new Direction(config, site.Path, number, d == 1, inputs))]);
        }
        Output = config.Return == RecurrentOutput.All ? new Shape(site.Input[0], width) : new Shape(width);
        string layers = config.Layers > 1 ? string.Create(CultureInfo.InvariantCulture, $", {config.Layers} layers") : "";
        Details = string.Create(CultureInfo.InvariantCulture, $"{config.Units} units{layers}{(config.Bidirectional ? ", bidirectional" : "")}{(config.Return == RecurrentOutput.Last ? ", last" : "")}");
    }

    public override Shape Output { get; }

    public override string Details { get; }

    public override IReadOnlyList<Parameter> Parameters => [.. levels.SelectMany(l => l).SelectMany(d => d.Parameters)];

    /// <summary>Its passes over time, level by level and direction by direction: the suffix of their parameters' names, and whether they run in reverse.</summary>
    internal IEnumerable<(string Name, bool Reverse)> Walks => levels.SelectMany(l => l).Select(d => (d.Suffix, d.Reverse));

    public override bool TakesSteps => !config.Bidirectional && config.Return == RecurrentOutput.All;

    public override Tensor Apply(LayerGraph g, Tensor x)
    {
        Tensor? lengths = g.LengthsOf(x);
        for (int level = 0; level < levels.Count; level++)
        {
            bool ends = level == levels.Count - 1;
            Tensor[] states = [.. levels[level].Select(d => d.Apply(g, x, lengths))];
            if (ends && config.Return == RecurrentOutput.Last)
                return Joined(g, 1, [.. states.Select((h, d) => LastOf(g, h, d == 1))]);
            x = Joined(g, 2, states);
            if (!ends && config.Dropout > 0 && g.Training)
                x = g.Graph.Add(new Dropout(config.Dropout, g.NextRandomStream()), x, g.Random);
        }
        return lengths is null ? x : g.Graph.Add(new StepMask(), x, lengths);
    }

    // Padding passes the state on, so the end of the sequence has it.
    private static Tensor LastOf(LayerGraph g, Tensor h, bool reverse) =>
        g.Graph.Reshape(g.Graph.Add(new Slice(1, reverse ? 0 : h.Shape[1] - 1, 1), h), new Shape(h.Shape[0], h.Shape[2]));

    private static Tensor Joined(LayerGraph g, int axis, Tensor[] parts) => parts.Length == 1 ? parts[0] : g.Graph.Add(new Concat(axis), parts);

    /// <summary>One direction of a level.</summary>
    private sealed class Direction
    {
        private readonly RecurrentCell cell;
        private readonly bool reverse;
        private readonly string path;
        private readonly Parameter weightInput, weightState;
        private readonly Parameter? biasInput, biasState;

        public Direction(RecurrentConfig config, string path, int level, bool reverse, int inputs)
        {
            (cell, this.reverse) = (config.Cell, reverse);
            int units = config.Units, rows = checked(cell.Gates * units);
            double bound = 1 / Math.Sqrt(units);
            var uniform = new UniformInit { Low = -bound, High = bound };
            InitConfig bias = config.Init is null ? uniform : new ConstantInit();
            this.path = path;
            string suffix = Suffix = string.Create(CultureInfo.InvariantCulture, $"l{level}{(reverse ? "_reverse" : "")}");
            Parameter New(string name, Shape shape, InitConfig init, int fanIn) =>
                new($"{path}.{name}_{suffix}", path, shape) { Penalized = shape.Rank > 1, Init = init, FanIn = fanIn, FanOut = units };
            weightInput = New("weight_ih", new Shape(rows, inputs), config.Init ?? uniform, inputs);
            weightState = New("weight_hh", new Shape(rows, units), new GateInit(config.RecurrentInit ?? uniform, cell.Gates), units);
            biasInput = config.Bias ? New("bias_ih", new Shape(rows), bias, units) : null;
            biasState = config.Bias ? New("bias_hh", new Shape(rows), bias, units) : null;
        }

        public string Suffix { get; }

        public bool Reverse => reverse;

        public IReadOnlyList<Parameter> Parameters => biasInput is null ? [weightInput, weightState] : [weightInput, weightState, biasInput, biasState!];

        public Tensor Apply(LayerGraph g, Tensor x, Tensor? lengths)
        {
            int samples = x.Shape[0], steps = x.Shape[1];
            Tensor rows = g.Graph.Reshape(x, new Shape(checked(samples * steps), x.Shape[2]));
            Tensor p = biasInput is null
                ? g.Graph.Add(new MatMul(TransposeB: true), rows, g[weightInput])
                : g.Graph.Add(new MatMul(TransposeB: true, Bias: true), rows, g[weightInput], g[biasInput]);
            Tensor[] bias = biasState is null ? [] : [g[biasState]], ends = lengths is null ? [] : [lengths];
            bool carries = g.Carried is not null && !reverse;
            var shape = new Shape(samples, weightState.Shape[1]);
            Tensor[] before = carries ? [.. Enumerable.Range(0, cell.States).Select(i => g.CarriedBy(StateName(i), shape))] : [];
            var op = new Recurrence(cell, reverse, biasState is not null, lengths is not null, carries);
            IReadOnlyList<Tensor> states = g.Graph.AddAll(op, [g.Graph.Reshape(p, new Shape(samples, steps, p.Shape[1])), g[weightState], .. bias, .. before, .. ends]);
            for (int i = 0; i < before.Length; i++)
            {
                int state = i;
                g.HandOn(StateName(i), shape, () => LastState(g, states, state, shape[1]));
            }
            return states[0];
        }

        private string StateName(int state) => $"{path} {(state == 0 ? 'h' : 'c')} {Suffix}";

        // The state after the last step. No gradient flows into the carried state.
        private Tensor LastState(LayerGraph g, IReadOnlyList<Tensor> states, int state, int units)
        {
            Tensor all = state == 0 ? states[0] : g.Graph.Add(new Slice(2, cell.MemoryAt * units, units), states[1]);
            return g.Graph.Add(new Slice(1, all.Shape[1] - 1, 1), all);
        }
    }

    // Initialises each gate by itself: of four gates in one matrix, the rows of an orthogonal matrix would share one norm.
    private sealed record GateInit(InitConfig Gate, int Gates) : InitConfig
    {
        public override void Fill(Parameter parameter, RandomStream random, Span<double> values)
        {
            int length = values.Length / Gates;
            Parameter part = parameter with { Shape = parameter.Shape.With(0, parameter.Shape[0] / Gates) };
            for (int gate = 0; gate < Gates; gate++)
                Gate.Fill(part, random, values.Slice(gate * length, length));
        }
    }
}
