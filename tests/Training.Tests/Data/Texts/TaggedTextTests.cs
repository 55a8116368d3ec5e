using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Tests.Data.Texts;

/// <summary>Sentences with a tag for each token.</summary>
public sealed class TaggedTextTests : IDisposable
{
    private const string Two = "Anna B-PER\nlives O\n\nin\tO\nNew York\tB-LOC\nnow\tO\n";

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_sentence_is_padded_and_its_padding_has_no_tag()
    {
        folder.Write("t.conll", Two);
        TrainingData data = Load.Training("{dataset: {tags: {path: t.conll, vocabulary: 9}}}", folder.Path);
        Assert.Equal(["B-LOC", "B-PER", "O"], data.ClassNames);
        Assert.Equal((3, 3, 9), (data.Shape.Shape[0], data.Shape.Classes, data.Text!.Size));
        Assert.Equal(["Anna", "New York", "in", "lives", "now"], data.Text.Texts); // a space within a token where tabs separate
        Assert.Equal([2f, 5, 0, 4, 3, 6], data.Train.Reals!);
        Assert.Equal([1, 2, -1, 2, 0, 2], data.Train.PositionLabels!);
        Assert.Equal([2, 3], data.Train.Lengths!);
        Assert.Equal([0.2, 0.2, 0.6], data.ClassShares);
        Assert.Equal([1, 1, 3], DataSummary.Of(data).Classes.Select(c => c.Value));
    }

    [Fact]
    public void Columns_are_named_and_documents_start_with_a_line_of_their_own()
    {
        folder.Write("u.conll", "-DOCSTART- -X- -X- O\n\n1 dogs dog NOUN _ nsubj\r\n2 bark bark VERB _ root\r\n  \r\n1 stop stop VERB _ root");
        TrainingData data = Load.Training("{dataset: {tags: {path: u.conll, token: 1, tag: 3, lowercase: true}}}", folder.Path);
        Assert.Equal(["NOUN", "VERB"], data.ClassNames);
        Assert.Equal(["bark", "dogs", "stop"], data.Text!.Texts);
        Assert.Equal([0, 1, 1, -1], data.Train.PositionLabels!);
        Assert.Equal(["nsubj", "root"], Load.Training("{dataset: {tags: {path: u.conll, token: 1, tag: -1}}}", folder.Path).ClassNames);
    }

    [Fact]
    public void Tokens_are_learned_from_the_training_part_and_long_sentences_are_cut_off()
    {
        folder.Write("t.conll", Two);
        folder.Write("test.conll", "Tom B-PER\nlives O\nin O\nNew York O\n");
        string message = Load.Refusal("{dataset: {tags: {path: t.conll, test: missing.conll}}}", folder.Path, Fault.Data);
        Assert.Contains("missing.conll", message, StringComparison.Ordinal);
        TrainingData data = Load.Training("{dataset: {tags: {path: t.conll, test: test.conll, length: 2}}}", folder.Path);
        Assert.Equal([1f, 5], data.Test!.Reals!);
        Assert.Equal([1, 2], data.Test.PositionLabels!);
        Assert.Equal([2], data.Test.Lengths!);
        Assert.Contains(data.Notes, n => n.Contains("t.conll (the training part): 1 of 2 sentences have more than 2 tokens, the longest 3; the rest of them is left out ('length')", StringComparison.Ordinal));
        Assert.Contains(data.Notes, n => n.Contains("test.conll (the test part): 2 of 4 tokens (50.00 %) are not in the vocabulary: 'Tom', 'New'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a O\nb\n", "t.conll:2:1: 1 column, 'b'; expected a token and its tag between tabs or spaces")]
    [InlineData("a\tO\n\tO\n", "t.conll:2:1: 1 column, 'O'; expected a token and its tag")]
    [InlineData("\n\n", "t.conll:1:1: no sentence; expected one token and its tag per line, and an empty line between sentences")]
    [InlineData("", "t.conll:0: an empty file")]
    public void A_broken_file_is_refused_with_its_line(string text, string message)
    {
        folder.Write("t.conll", text);
        Assert.Contains(message, Load.Refusal("{dataset: {tags: t.conll}}", folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_column_and_a_tag_not_seen_in_training_are_named()
    {
        folder.Write("t.conll", Two);
        folder.Write("test.conll", "Anna B-PER\n\nin O\nRome B-CITY\n");
        Assert.Contains("t.conll:1:1: 2 columns, 'Anna B-PER'; expected a tag in column 3 (from 0)", Load.Refusal("{dataset: {tags: {path: t.conll, tag: 3}}}", folder.Path), StringComparison.Ordinal);
        Assert.Contains("test.conll:4:1: the tag 'B-CITY'; expected one of those of the training data: 'B-LOC', 'B-PER', 'O'", Load.Refusal("{dataset: {tags: {path: t.conll, test: test.conll}}}", folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_trained_network_reads_files_with_and_without_tags()
    {
        folder.Write("t.conll", Two);
        string one = folder.Write("one.txt", "New\nYork\n\nAnna\n"), judged = folder.Write("judged.conll", "Anna O\n");
        RunConfig config = RunConfigFile.Load("c.yaml", text: "data: {dataset: {tags: {path: t.conll, vocabulary: 9}}}\nmodel: [{embedding: {rows: 9, width: 2}}, {dense: 3}]\n").Config;
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        Assert.NotNull(ModelCheck.Check(config, data.Shape));
        FittedInput fitted = FittedInput.Of(data);
        Assert.Null(fitted.Problem());
        var notes = new List<string>();
        var pipeline = new InputPipeline(config, fitted, notes.Add);
        SampleSet read = pipeline.Read(one);
        Assert.Equal([1f, 1, 0, 2, 0, 0], read.Reals!);
        Assert.Equal([2, 1], read.Lengths!);
        Assert.False(read.HasAnswers);
        Assert.Contains("2 of 3 tokens (66.67 %) are not in the vocabulary: 'New', 'York'", Assert.Single(notes), StringComparison.Ordinal);
        Assert.Equal([2, -1, -1], pipeline.Read(judged, answers: true).PositionLabels!);
    }
}
