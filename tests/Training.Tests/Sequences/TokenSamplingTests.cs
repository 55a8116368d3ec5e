using GpuGrad.Kernels.Random;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Sequences;

/// <summary>How the next token is drawn.</summary>
public sealed class TokenSamplingTests
{
    private static readonly double[] Scores = [Math.Log(0.5), Math.Log(0.1), Math.Log(0.3), double.NegativeInfinity, Math.Log(0.1)];

    [Theory]
    [InlineData(1.0, 0, 1.0, 0.5, 0.1, 0.3, 0.1)]
    [InlineData(0.5, 0, 1.0, 25.0 / 36, 1.0 / 36, 9.0 / 36, 1.0 / 36)]
    [InlineData(1.0, 2, 1.0, 5.0 / 8, 0.0, 3.0 / 8, 0.0)]
    [InlineData(1.0, 0, 0.75, 5.0 / 8, 0.0, 3.0 / 8, 0.0)]
    [InlineData(1.0, 0, 0.4, 1.0, 0.0, 0.0, 0.0)]
    [InlineData(1.0, 9, 1.0, 0.5, 0.1, 0.3, 0.1)]
    public void Tokens_come_as_often_as_their_probabilities_say(double temperature, int topK, double topP, double first, double second, double third, double fourth)
    {
        const int Draws = 20_000;
        var sampling = new TokenSampling { Temperature = temperature, TopK = topK, TopP = topP };
        var random = new RandomStream(7, Purpose.Generate);
        var counts = new int[Scores.Length];
        for (int i = 0; i < Draws; i++)
            counts[sampling.Choose(Scores, random)]++;
        Assert.Equal(0, counts[3]); // what must not come never does
        double[] expected = [first, second, third, fourth];
        int[] others = [counts[0], counts[1], counts[2], counts[4]];
        for (int i = 0; i < others.Length; i++)
            Assert.InRange((double)others[i] / Draws, expected[i] == 0 ? 0 : expected[i] - 0.015, expected[i] == 0 ? 0 : expected[i] + 0.015);
    }

    [Fact]
    public void At_temperature_0_the_likeliest_token_is_chosen() =>
        Assert.Equal(0, new TokenSampling { Temperature = 0 }.Choose(Scores, new RandomStream(1, Purpose.Generate)));
}
