using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Sequences;

/// <summary>A text that is written on token by token, with what is kept of those before, against a window computed anew for each.</summary>
public sealed class NextTokenTests
{
    private const int Context = 6, Tokens = 11;

    public static TheoryData<string> Windowed =>
    [
        "positions, {transformer: {heads: 2, causal: true}}, {transformer: {heads: 4, causal: true}}, {layernorm: {axes: 1}}",
        "{positions: sinusoidal}, {attention: {heads: 4, kv-heads: 2, causal: true, bias: false}}",
        "{transformer: {heads: 4, kv-heads: 1, causal: true, rotary: true, norm: rmsnorm, activation: swiglu, bias: false}}, rmsnorm",
        "{attention: {heads: 4, causal: true, alibi: true, dropout: 0.5}}, {transformer: {heads: 1, causal: true, alibi: true}}, {prelu: {slopes: feature}}",
        "{residual: [{attention: {heads: 2, causal: true, rotary: true}}]}, {gru: 8}, {dropout: 0.5}",
        "{branch: {join: add, paths: [[{attention: {heads: 1, causal: true}}, tanh], []]}}",
    ];

    public static TheoryData<string> Recurrent => ["{rnn: {units: 5, layers: 2}}", "{lstm: 7}", "{lstm: {units: 9, layers: 2, dropout: 0.5, bias: false}}, {gru: 4}"];

    [Theory]
    [MemberData(nameof(Windowed))]
    public void The_scores_are_those_of_a_window_computed_anew_also_beyond_the_context(string layers)
    {
        foreach (Device device in new Device[] { new ReferenceDevice(), new CpuDevice(2) })
        {
            using NextToken step = Of(layers, device, step: true), window = Of(layers, device, step: false);
            List<int> text = [3];
            for (int i = 0; i < 3 * Context; i++)
            {
                AssertNear(window.Scores(text), step.Scores(text), device);
                text.Add((7 * i * i) % Tokens);
            }
            device.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Windowed))]
    public void Of_a_prompt_that_is_longer_than_the_context_its_end_is_read(string layers)
    {
        using var device = new CpuDevice(1);
        using NextToken step = Of(layers, device, step: true), window = Of(layers, device, step: false);
        int[] prompt = [.. Enumerable.Range(0, 25).Select(i => i % Tokens)];
        double[] all = step.Scores(prompt);
        AssertNear(window.Scores(prompt), all, device);
        using NextToken end = Of(layers, device, step: true);
        AssertNear(end.Scores(prompt[^Context..]), all, device);
    }

    [Theory]
    [MemberData(nameof(Recurrent))]
    public void A_recurrent_network_carries_its_state_as_far_as_the_text_goes(string layers)
    {
        using var device = new ReferenceDevice();
        using NextToken step = Of(layers, device, step: true), window = Of(layers, device, step: false, context: 4 * Context);
        List<int> text = [];
        for (int i = 0; i < 4 * Context; i++)
        {
            text.Add((5 * i) % Tokens);
            AssertNear(window.Scores(text), step.Scores(text), device);
        }
    }

    [Theory]
    [InlineData("{attention: 2}")] // looks ahead
    [InlineData("{lstm: {units: 4, bidirectional: true}}")]
    [InlineData("layernorm")] // of all steps together
    [InlineData("{permute: [1, 0]}, {conv: {filters: 4, kernel: 3, padding: same}}, {permute: [1, 0]}")]
    public void What_cannot_be_given_step_by_step_is_shown_a_window(string layers)
    {
        using var device = new CpuDevice(1);
        using NextToken asked = Of(layers, device, step: true), window = Of(layers, device, step: false);
        List<int> text = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        Assert.Equal(window.Scores(text), asked.Scores(text));
    }

    [Theory]
    [InlineData(0, 6, true, 0)]
    [InlineData(0, 7, true, 4)] // the last half, which has room for three more
    [InlineData(4, 10, true, 4)]
    [InlineData(4, 11, true, 8)]
    [InlineData(0, 7, false, 1)]
    [InlineData(1, 8, false, 2)]
    [InlineData(0, 100, true, 94)]
    [InlineData(0, 100, false, 94)]
    public void A_full_window_restarts_with_its_last_half_or_moves_by_one(int begin, int count, bool jumps, int expected) =>
        Assert.Equal(expected, NextToken.Begin(begin, count, Context, jumps));

    private static NextToken Of(string layers, Device device, bool step, int context = Context)
    {
        RunConfig config = RunConfigFile.Load(
            "test.yaml", text: $"seed: 3\ndata: {{shape: [{context}], classes: {Tokens}, target-shape: [{context}]}}\nmodel: [{{embedding: {{rows: {Tokens}, width: 8}}}}, {layers}, {{dense: {Tokens}}}]\n").Config;
        return NextToken.Of(config, config.Data.KnownShape!, Normalization.None(context), m => m.Initialise(3), device, step);
    }

    private static void AssertNear(double[] expected, double[] actual, Device device)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], device is CpuDevice ? 2e-5 : 1e-11);
    }
}
