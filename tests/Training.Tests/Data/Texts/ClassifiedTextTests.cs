using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Tests.Data.Texts;

/// <summary>Texts with a class each, from folders and from tables.</summary>
public sealed class ClassifiedTextTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_folder_is_a_class_and_texts_are_padded_with_zeros_at_the_end()
    {
        folder.Write("d/good/1.txt", "yes yes");
        folder.Write("d/good/2", "no yes maybe yes");
        folder.Write("d/bad/0.txt", "no");
        folder.Write("d/bad/list.json", "{}");
        TrainingData data = Load.Training("{dataset: {text: {path: d, tokens: words, length: 3}}}", folder.Path);
        Assert.Equal(["bad", "good"], data.ClassNames);
        Assert.Equal([0, 1, 1], data.Train.Labels!);
        Assert.Equal(["yes", "no", "maybe"], data.Text!.Texts);
        Assert.Equal([3f, 0, 0, 2, 2, 0, 3, 2, 4], data.Train.Reals!);
        Assert.Equal([1, 2, 3], data.Train.Lengths!);
        Assert.Equal(20_000, data.Text.Size);
        Assert.Contains("d: 1 file that is not a text was left out: 'list.json'", data.Notes[0]);
        Assert.Contains("d (the training part): 1 of 3 texts have more than 3 tokens, the longest 4; the rest is left out ('length')", data.Notes[1]);
    }

    [Fact]
    public void The_end_of_a_long_text_is_kept_where_the_config_says_so()
    {
        folder.Write("d/a/1.txt", "abcd");
        folder.Write("d/b/1.txt", "e");
        TrainingData data = Load.Training("{dataset: {text: {path: d, length: 2, keep: end}}}", folder.Path);
        Assert.Equal([4f, 5, 6, 0], data.Train.Reals!);
        Assert.Equal([2, 1], data.Train.Lengths!);
    }

    [Fact]
    public void A_table_has_its_texts_in_a_column()
    {
        folder.Write("t.csv", "id,review,stars\n1,\"good, \"\"very\"\" good\nindeed\",10\n2,bad,9\n");
        TrainingData data = Load.Training("{dataset: {text: {path: t.csv, tokens: words, column: review, label: stars, length: 8}}}", folder.Path);
        Assert.Equal(["9", "10"], data.ClassNames); // numbers by their value
        Assert.Equal([1, 0], data.Train.Labels!);
        Assert.Equal([7, 1], data.Train.Lengths!);
        folder.Write("t.jsonl", "{\"text\": \"a b\", \"label\": \"x\"}\n{\"text\": \"b\", \"label\": \"y\"}\n");
        Assert.Equal([2, 1], Load.Training("{dataset: {text: {path: t.jsonl, tokens: words}}}", folder.Path).Train.Lengths!);
    }

    [Fact]
    public void Parts_are_folders_or_drawn_at_random_and_words_are_learned_from_the_training_part()
    {
        foreach (string part in new[] { "train", "test" })
        {
            for (int i = 0; i < 4; i++)
                folder.Write($"d/{part}/{"pn"[i % 2]}/{i}.txt", $"{part} same");
        }
        TrainingData own = Load.Training("{dataset: {text: {path: d, tokens: words}}, validation: 0.5}", folder.Path);
        Assert.Equal((2, 2, 4), (own.Train.Count, own.Validation!.Count, own.Test!.Count));
        Assert.Equal(["same", "train"], own.Text!.Texts);
        Assert.Contains(own.Notes, n => n.Contains("(the test part): 4 of 8 tokens (50.00 %) are not in the vocabulary: 'test'", StringComparison.Ordinal));
    }

    [Fact]
    public void A_trained_network_reads_folders_tables_files_and_lines_as_training_did()
    {
        folder.Write("d/a/1.txt", "x y");
        folder.Write("d/b/1.txt", "y z w");
        folder.Write("new.txt", "z, X");
        folder.Write("t.csv", "label,text\nb,y q\n");
        RunConfig config = RunConfigFile.Load("c.yaml", text: "data: {dataset: {text: {path: d, tokens: words, length: 3, vocabulary: 9}}}\nmodel: [{embedding: {rows: 9, width: 2}}, flatten, {dense: 2}]\n").Config;
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        var notes = new List<string>();
        var pipeline = new InputPipeline(config, FittedInput.Of(data), notes.Add);
        Assert.Equal(data.Train.Reals, pipeline.Read(Path.Combine(folder.Path, "d"), answers: true).Reals!);
        Assert.Equal([0, 1], pipeline.Read(Path.Combine(folder.Path, "d"), answers: true).Labels!);
        float x = data.Train.Reals![0], z = data.Train.Reals[4];
        Assert.Equal([z, TextVocabulary.Unknown, x], pipeline.Read(Path.Combine(folder.Path, "new.txt")).Reals!);
        SampleSet table = pipeline.Read(Path.Combine(folder.Path, "t.csv"), answers: true);
        Assert.Equal((1, 2), (table.Labels![0], table.Lengths![0]));
        Assert.Contains("t.csv: 1 of 2 tokens (50.00 %) are not in the vocabulary: 'q'", notes[^1], StringComparison.Ordinal);
        Assert.Contains("a single text, whose class is not known", Assert.Throws<GpuGradException>(() => pipeline.Read(Path.Combine(folder.Path, "new.txt"), answers: true)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text,label\na,x\nb\n", "t.csv:3:1: 1 columns; expected 2, as in the first row")]
    [InlineData("text,label\na,x\nb,\n", "t.csv:3:3: no class in column 'label'")]
    [InlineData("text,label\n", "t.csv:1:1: no rows below the names of the columns")]
    [InlineData("text,kind\na,x\n", "text.label: ")]
    [InlineData("texts,label\na,x\n", "did you mean 'texts'?")]
    public void A_table_that_lacks_something_is_refused_with_its_place(string table, string says)
    {
        folder.Write("t.csv", table);
        Assert.Contains(says, Assert.IsAssignableFrom<GpuGradException>(Record.Exception(() => Load.Training("{dataset: {text: t.csv}}", folder.Path))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_classes_and_a_single_text_are_refused_with_what_is_missing()
    {
        folder.Write("d/1.txt", "a");
        Assert.Contains("a text outside the folders of the classes; expected a folder of texts for each class", Load.Refusal("{dataset: {text: d}}", folder.Path), StringComparison.Ordinal);
        folder.Write("t.txt", "abc");
        Assert.Contains("text has no 'context'", Load.Refusal("{dataset: {text: t.txt}}", folder.Path, Fault.Config), StringComparison.Ordinal);
        Assert.Contains("no such file", Load.Refusal("{dataset: {text: nowhere}}", folder.Path), StringComparison.Ordinal);
    }
}
