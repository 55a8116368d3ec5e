using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Evaluation;
using GpuGrad.Training.Losses;

namespace GpuGrad.Training.Tests.Evaluation;

/// <summary>Entities of tagged sentences: which there are, and how many are right.</summary>
public sealed class EntityTests
{
    // Worked by hand from conlleval's rules.
    [Theory]
    [InlineData("O O", "")]
    [InlineData("B-PER I-PER O B-LOC", "PER 0-1, LOC 3-3")]
    [InlineData("B-PER B-PER I-PER", "PER 0-0, PER 1-2")]
    [InlineData("I-PER I-PER O I-LOC", "PER 0-1, LOC 3-3")] // an inside without a beginning begins
    [InlineData("B-PER I-LOC I-LOC", "PER 0-0, LOC 1-2")]
    [InlineData("O B-LOC", "LOC 1-1")]
    [InlineData("S-PER B-LOC I-LOC E-LOC S-LOC", "PER 0-0, LOC 1-3, LOC 4-4")]
    [InlineData("B-PER E-PER I-PER O", "PER 0-1, PER 2-2")]
    [InlineData("B-A-1 I-A-1", "A-1 0-1")]
    public void Entities_are_those_of_conlls_script(string tags, string entities)
    {
        string[] words = tags.Split(' '), names = [.. words.Distinct()];
        var counts = new EntityCounts(names);
        Assert.Equal(entities, string.Join(", ", counts.Entities([.. words.Select(w => Array.IndexOf(names, w))]).Select(e => $"{e.Type} {e.First}-{e.Last}")));
    }

    // The example of seqeval's own page, whose F1 is 0.50.
    [Fact]
    public void Figures_are_those_of_seqeval()
    {
        EvaluationReport report = Judge(
            ["O", "B-MISC", "I-MISC", "B-PER", "I-PER"],
            [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]],
            [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]);
        Assert.Equal((0.5, 0.5, 0.5), (report["entity_precision"], report["entity_recall"], report["entity_f1"]));
        Assert.Equal(0.8, report["accuracy"], 1e-12);
        Assert.True(double.IsNaN(report["perplexity"]));
        Assert.Contains(report.Chosen, c => c.Name == "entity_f1");
        Assert.DoesNotContain(report.Chosen, c => c.Name == "macro_f1");
    }

    [Fact]
    public void Predictions_for_padding_do_not_count()
    {
        EvaluationReport report = Judge(["O", "B-PER"], [["B-PER"], ["O", "O", "B-PER"]], [["B-PER", "B-PER", "B-PER"], ["O", "B-PER", "B-PER"]]);
        Assert.Equal((2.0 / 3, 1.0), (report["entity_precision"], report["entity_recall"]));
    }

    [Fact]
    public void Tags_without_beginnings_have_no_entities()
    {
        Assert.True(double.IsNaN(Judge(["NOUN", "VERB"], [["NOUN", "VERB"]], [["NOUN", "NOUN"]])["entity_f1"]));
        Assert.False(EntityCounts.Are(["O", "O-X"]));
        Assert.False(EntityCounts.Are(["O"]));
        Assert.True(EntityCounts.Are(["O", "I-X"]));
    }

    // The definition of a run, written another way: a token begins an entity if its tag is B-, or I- of another type than the token before.
    [Fact]
    public void Random_sentences_have_the_entities_of_the_plain_definition()
    {
        string[] names = ["O", "B-X", "I-X", "B-Y", "I-Y"];
        var counts = new EntityCounts(names);
        var random = new RandomStream(3, Purpose.Explore, 1);
        for (int round = 0; round < 500; round++)
        {
            int[] sentence = [.. Enumerable.Range(0, 1 + random.NextInt(9)).Select(_ => random.NextInt(names.Length))];
            string[] tags = [.. sentence.Select(t => names[t])];
            var expected = new List<(string, int, int)>();
            for (int t = 0; t < tags.Length; t++)
            {
                string type = tags[t][^1..], before = t > 0 ? tags[t - 1] : "O";
                if (tags[t] == "O" || (tags[t][0] == 'I' && before != "O" && before[^1..] == type))
                    continue;
                int last = t;
                while (last + 1 < tags.Length && tags[last + 1] == $"I-{type}")
                    last++;
                expected.Add((type, t, last));
            }
            Assert.Equal(expected, counts.Entities(sentence));
        }
    }

    private static EvaluationReport Judge(string[] names, string[][] truth, string[][] said)
    {
        int steps = said.Max(s => s.Length), classes = names.Length;
        var samples = new SampleSet
        {
            Shape = new Shape(steps),
            Count = truth.Length,
            Reals = new float[truth.Length * steps],
            PositionLabels = [.. truth.SelectMany(s => Enumerable.Range(0, steps).Select(t => t < s.Length ? Array.IndexOf(names, s[t]) : -1))],
            AnswerShape = new Shape(steps),
            TagNames = names,
        };
        var evaluator = new Evaluator(new SoftmaxCrossEntropyConfig(), samples, classes);
        evaluator.Add([.. said.SelectMany(s => Enumerable.Range(0, steps).SelectMany(t => names.Select(n => t < s.Length && s[t] == n ? 3f : 0)))], steps * classes);
        return evaluator.Report()!;
    }
}
