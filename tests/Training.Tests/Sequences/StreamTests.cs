using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Sequences;

/// <summary>Truncated back-propagation through time: windows that follow one another, with the state of one carried to the next.</summary>
public sealed class StreamTests : IDisposable
{
    private const int Context = 4;

    private readonly TempFolder folder = new();

    public static TheoryData<string> Layers => ["{rnn: {units: 5, layers: 2}}", "{lstm: {units: 6, layers: 2}}", "{gru: {units: 3, bias: false}}, {lstm: 4}"];

    // 97 characters are 24 windows of 4 or 12 of 8, so that streams begin at the same places with both.
    public StreamTests() => folder.Write("t.txt", string.Concat(Enumerable.Range(0, 97).Select(i => "abcdefg"[i * (i + 1) / 2 % 7])));

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_batch_continues_each_stream_where_the_previous_batch_ended()
    {
        folder.Write("t.txt", "abcdefghijklmnopq"); // five windows of three, of which two streams have two each
        TrainingData data = DataOf(ConfigOf("lstm: 3", context: 3, batch: 2, validation: ""));
        SampleSet all = data.Train.InMemory();
        string[] windows = [.. Enumerable.Range(0, all.Count).Select(i => string.Concat(Enumerable.Range(3 * i, 3).Select(j => data.Text!.NameOf((int)all.Reals![j]))) + ">" + string.Concat(all.PositionLabels!.Skip(3 * i).Take(3).Select(data.Text!.NameOf)))];
        Assert.Equal(["abc>bcd", "ghi>hij", "def>efg", "jkl>klm"], windows);
    }

    [Fact]
    public void More_streams_than_windows_are_as_many_as_these()
    {
        folder.Write("t.txt", "abcdefghijklm");
        Assert.Equal(4, DataOf(ConfigOf("lstm: 3", context: 3, batch: 50, validation: "")).Train.Count);
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void Two_windows_give_what_one_of_both_gives(string layers)
    {
        double[] first = Outputs(layers, Context, batch: 3, windows: 2), both = Outputs(layers, 2 * Context, batch: 3, windows: 1);
        int step = both.Length / 3 / 2; // of a stream: half of its steps
        for (int stream = 0; stream < 3; stream++)
        {
            for (int i = 0; i < step; i++)
                Assert.Equal(both[(stream * 2 * step) + step + i], first[(stream * step) + i], 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(Layers))]
    public void A_windows_gradient_is_that_with_the_state_it_began_with_held_fixed(string layers)
    {
        using var device = new ReferenceDevice();
        using Stepper stepper = new(this, layers, device);
        stepper.Run(windows: 2);
        var found = stepper.Model.Network.Parameters.ToDictionary(p => p, p =>
        {
            var values = new float[p.Shape.Count];
            stepper.Model.ReadGradient(p, values);
            return values;
        });
        foreach ((Parameter parameter, float[] gradient) in found)
        {
            double[] values = stepper.Model.Read(parameter);
            foreach (int i in new[] { 0, gradient.Length / 2, gradient.Length - 1 })
            {
                double Loss(double change)
                {
                    stepper.Run(windows: 1);
                    stepper.Model.Write(parameter, [values[i] + change], i);
                    double loss = stepper.Next();
                    stepper.Model.Write(parameter, [values[i]], i);
                    return loss;
                }
                Assert.Equal((Loss(1e-5) - Loss(-1e-5)) / 2e-5, gradient[i], 1e-7);
            }
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void A_resumed_run_has_the_bits_of_an_uninterrupted_one(int steps)
    {
        RunConfig config = ConfigOf("lstm: {units: 6, layers: 2}", Context, batch: 3, validation: ", validation: 0.2");
        TrainingData data = DataOf(config);
        using var device = new CpuDevice(2);
        using var whole = new Trainer(config, data, device);
        RunResult expected = whole.Run();
        using var stop = new CancellationTokenSource();
        using var begun = new Trainer(config, data, device, new StopAfter(steps, stop));
        Assert.Equal(RunStatus.Stopped, begun.Run(stop.Token).Status);
        Checkpoint checkpoint = Storage.Samples.At(steps) with { Parameters = ModelState.ParametersOf(begun.Model), Buffers = ModelState.BuffersOf(begun.Model) };
        Assert.Contains(checkpoint.Buffers, b => b.Name == "state of 1 h l0");
        Assert.Contains(checkpoint.Buffers, b => b.Name == "state of 1 c l1");
        using var resumed = new Trainer(config, data, device) { State = begun.State };
        ModelState.Restore(resumed.Model, checkpoint);
        RunResult found = resumed.Run();
        Assert.Equal(expected.Final.Train.Loss, found.Final.Train.Loss);
        Assert.Equal(expected.Final.Validation!.Value.Loss, found.Final.Validation!.Value.Loss);
        Assert.All(whole.Network.Parameters, p => Assert.Equal(whole.Model.Read(p), resumed.Model.Read(p)));
    }

    [Theory]
    [InlineData("lstm: 3", "streams: true", ", limit: 3", "data.limit picks windows at random")]
    [InlineData("lstm: 3", "streams: true, stride: 1", "", "in a stream windows follow one another, expected no 'stride'")]
    [InlineData("lstm: {units: 3, bidirectional: true}", "streams: true", "", "layer 1 (lstm) reads backwards too")]
    [InlineData("dense: 3", "streams: true", "", "no layer carries a state from one window to the next")]
    public void What_streams_cannot_be_is_refused_in_a_line(string layer, string text, string data, string says)
    {
        RunConfig config = Parse(layer, Context, 3, data, text);
        Assert.Contains(says, Assert.IsAssignableFrom<GpuGradException>(Record.Exception(() =>
        {
            TrainingData read = DataOf(config);
            ModelCheck.Check(config, read.Shape);
        })).Message, StringComparison.Ordinal);
    }

    private double[] Outputs(string layers, int context, int batch, int windows)
    {
        using var device = new ReferenceDevice();
        using var stepper = new Stepper(this, layers, device, context, batch);
        stepper.Run(windows);
        return stepper.Output;
    }

    private TrainingData DataOf(RunConfig config) => TrainingData.Load(config, new DataContext(folder.Path, 1));

    private static RunConfig ConfigOf(string layer, int context, int batch, string validation) => Parse(layer, context, batch, validation, "streams: true");

    private static RunConfig Parse(string layer, int context, int batch, string data, string text)
    {
        string layers = layer.StartsWith('{') ? layer : $"{{{layer}}}";
        return RunConfigFile.Load(
            "t.yaml", text: $"seed: 2\ndata: {{dataset: {{text: {{path: t.txt, context: {context}, vocabulary: 30, {text}}}}}, batch: {batch}{data}}}\nmodel: [{{embedding: {{rows: 30, width: 4}}}}, {layers}, {{dense: 30}}]\ntrain: {{epochs: 2, optimizer: {{sgd: {{lr: 0.5}}}}}}\n").Config;
    }

    /// <summary>Training steps that leave the weights as they are.</summary>
    private sealed class Stepper : IDisposable
    {
        private readonly BatchSource source;
        private readonly int batch;
        private int cursor;

        public Stepper(StreamTests tests, string layers, ReferenceDevice device, int context = Context, int batch = 3)
        {
            this.batch = batch;
            RunConfig config = ConfigOf(layers, context, batch, validation: "");
            TrainingData data = tests.DataOf(config);
            Model = new Model(config, ModelCheck.Check(config, data.Shape), device);
            Model.Initialise(5);
            source = new BatchSource("train", data.Train, data.Normalization, batch: batch);
            source.Upload(Model.DeviceMemory);
            Model.Prepare(source, [], batch);
        }

        public Model Model { get; }

        public double[] Output => Model.Training(batch).Plan.Read(Model.Training(batch).Graph.Output);

        public void Run(int windows)
        {
            Model.Memory.Carried.Clear(Model.DeviceMemory);
            cursor = 0;
            for (int i = 0; i < windows; i++)
                Next();
        }

        public double Next()
        {
            Model.SetStep(1, 0, cursor, 0, rate: 0);
            source.Provide(Model.DeviceMemory, cursor, batch);
            cursor += batch;
            BoundGraph step = Model.Training(batch);
            step.Plan.Run();
            return step.Loss;
        }

        public void Dispose() => Model.Dispose();
    }

    private sealed class StopAfter(int steps, CancellationTokenSource stop) : IRunObserver
    {
        public void OnStep(Trainer trainer, in StepReport report)
        {
            if (report.Step == steps)
                stop.Cancel();
        }
    }
}
