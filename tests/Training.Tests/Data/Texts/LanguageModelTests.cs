using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Texts;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Data.Texts;

/// <summary>One text as samples of a language model: windows whose every position has the next token to predict.</summary>
public sealed class LanguageModelTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_window_predicts_at_each_place_the_token_that_follows()
    {
        TrainingData data = Data("abcdefghij", "context: 3");
        Assert.Equal((3, 12), (data.Train.Count, data.Shape.Classes)); // 10 characters, padding, unknown
        Assert.Equal("[3]", data.Shape.Answer.ToString());
        Assert.Equal(["abc>bcd", "def>efg", "ghi>hij"], Windows(data, data.Train));
    }

    [Fact]
    public void Windows_overlap_as_the_stride_says_and_limit_takes_some_at_random()
    {
        TrainingData all = Data("abcdefghij", "context: 3, stride: 1");
        Assert.Equal(["abc>bcd", "bcd>cde", "cde>def", "def>efg", "efg>fgh", "fgh>ghi", "ghi>hij"], Windows(all, all.Train));
        TrainingData some = Data("abcdefghij", "context: 3, stride: 1", ", limit: 4");
        Assert.Equal(4, Windows(some, some.Train).Distinct().Count());
        Assert.Equal(Windows(some, some.Train), Windows(some, Data("abcdefghij", "context: 3, stride: 1", ", limit: 4").Train));
    }

    [Fact]
    public void Parts_follow_one_another_and_share_nothing()
    {
        TrainingData data = Data("aaaaaaaaaaaabbbbcccc", "context: 2", ", validation: 0.25, test: 0.2");
        Assert.All(Windows(data, data.Train), w => Assert.Equal("aa>aa", w));
        Assert.Equal(6, data.Train.Count + 1);
        Assert.Equal("(unknown)(unknown)>(unknown)(unknown)", Assert.Single(Windows(data, data.Validation!)));
        Assert.Equal("(unknown)(unknown)>(unknown)(unknown)", Assert.Single(Windows(data, data.Test!)));
        Assert.Equal(["a"], data.Text!.Texts); // learned from the training part alone
        Assert.EndsWith("t.txt (the validation part): 4 of 4 tokens (100.00 %) are not in the vocabulary: 'b'", data.Notes[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_is_not_split_within_a_character()
    {
        TrainingData data = Data("ééééééé", "context: 1", ", validation: 0.5");
        Assert.Equal((3, 2), (data.Train.Count, data.Validation!.Count));
    }

    [Fact]
    public void Windows_are_the_same_bits_in_memory_and_read_when_they_are_wanted()
    {
        RunConfig config = Config("text: {path: t.txt, context: 4, stride: 3, vocabulary: 9}");
        folder.Write("t.txt", string.Concat(Enumerable.Range(0, 60).Select(i => "abcdefg"[i * (i + 1) / 2 % 7])));
        TrainingData data = TrainingData.Load(config, new DataContext(folder.Path, 1));
        Assert.NotNull(data.Train.Rows);
        TrainingData memory = data with { Train = data.Train.InMemory(), Validation = data.Validation!.InMemory() };
        Assert.Null(memory.Train.Rows);
        Assert.Equal(Losses(config, data), Losses(config, memory));
    }

    [Fact]
    public void The_vocabulary_travels_with_the_weights()
    {
        TrainingData data = Data("the cat. The \"hat\"\n", "tokens: words, vocabulary: 40, context: 2");
        var card = new ModelCard("", FittedInput.Of(data));
        TextVocabulary read = ModelCard.FromMetadata("w", card.ToMetadata()).Input.Text!;
        Assert.Equal(data.Text!.Texts, read.Texts);
        Assert.Equal((40, true), (read.Size, read.Lowercase));
    }

    [Theory]
    [InlineData("\"size\":12", "\"size\":3")]
    [InlineData("\"size\":12", "\"size\":13")]
    [InlineData("\"a\"", "\"\"")]
    [InlineData("\"a\"", "\"b\"")]
    [InlineData("\"a\"", "\"ab\"")]
    [InlineData("\"a\"", "null")]
    public void A_vocabulary_that_was_tampered_with_is_refused(string what, string by)
    {
        var metadata = new Dictionary<string, string>(new ModelCard("", FittedInput.Of(Data("abcdefghij", "context: 3"))).ToMetadata());
        Assert.Contains(what, metadata["gpugrad.text"], StringComparison.Ordinal);
        metadata["gpugrad.text"] = metadata["gpugrad.text"].Replace(what, by, StringComparison.Ordinal);
        Assert.Equal(Fault.Data, Assert.Throws<GpuGradException>(() => ModelCard.FromMetadata("w", metadata)).Fault);
    }

    [Theory]
    [InlineData("context: 10", "", "t.txt: the training part has 10 tokens; expected at least 11, one more than 'context'")]
    [InlineData("context: 3, vocabulary: 2", "", "2; expected a whole number from 3 to")]
    [InlineData("context: 3, tokens: bytes, vocabulary: 300", "", "text has 'vocabulary' and 'tokens: bytes', which are 256 whatever the text")]
    [InlineData("context: 3", ", validation: 2", "'2' samples to be held back of a text, which is split by position; expected a part such as 0.1")]
    [InlineData("context: 3", ", target: input", "data.target: input is for pictures and arrays")]
    public void What_cannot_be_is_refused_in_a_line(string settings, string more, string says) =>
        Assert.Contains(says, Assert.IsAssignableFrom<GpuGradException>(Record.Exception(() => Data("abcdefghij", settings, more))).Message, StringComparison.Ordinal);

    [Fact]
    public void Invalid_UTF_8_is_refused_with_its_place_and_the_setting_that_reads_it()
    {
        folder.Write("t.txt", [(byte)'a', (byte)'b', 0xE9, (byte)'c']);
        Assert.Contains("t.txt:2: bytes that are no UTF-8; expected text in UTF-8; 'encoding: latin1' reads old files", Load.Refusal("dataset: {text: {path: t.txt, context: 1}}", folder.Path), StringComparison.Ordinal);
        TrainingData latin = Load.Training("dataset: {text: {path: t.txt, context: 1, encoding: latin1}}", folder.Path);
        Assert.Equal(["a", "b", "c", "é"], latin.Text!.Texts);
        Assert.Equal(3, Load.Training("dataset: {text: {path: t.txt, context: 1, tokens: bytes}}", folder.Path).Train.Count);
    }

    [Fact]
    public void An_embedding_with_fewer_rows_than_the_vocabulary_has_ids_is_refused()
    {
        folder.Write("t.txt", "abcdefghijklmnop");
        RunConfig config = Config("text: {path: t.txt, context: 4}", rows: 9);
        Assert.Contains("the text has a vocabulary of 18 ids, and the embedding 9 rows; expected 'rows: 18'", Assert.Throws<ConfigException>(() => TrainingData.Load(config with { Data = config.Data with { Validation = null } }, new DataContext(folder.Path, 1))).Message);
    }

    private TrainingData Data(string text, string settings, string more = "")
    {
        folder.Write("t.txt", text);
        return Load.Training($"{{dataset: {{text: {{path: t.txt, {settings}}}}}{more}}}", folder.Path);
    }

    private static string[] Windows(TrainingData data, SampleSet samples)
    {
        int size = samples.Shape.Count;
        SampleSet all = samples.InMemory();
        return [.. Enumerable.Range(0, samples.Count).Select(i =>
            string.Concat(Enumerable.Range(i * size, size).Select(j => data.Text!.NameOf((int)all.Reals![j]))) + ">" + string.Concat(all.PositionLabels!.Skip(i * size).Take(size).Select(data.Text!.NameOf)))];
    }

    private static RunConfig Config(string dataset, int rows = 9) => RunConfigFile.Load(
        "t.yaml", text: $"data: {{dataset: {{{dataset}}}, batch: 3, validation: 0.3}}\nmodel: [{{embedding: {{rows: {rows}, width: 3}}}}, {{dense: {rows}}}]\ntrain: {{epochs: 2}}\n").Config;

    private static (double, double?) Losses(RunConfig config, TrainingData data)
    {
        using var device = new CpuDevice(2);
        using var trainer = new Trainer(config, data, device);
        RunResult result = trainer.Run();
        return (result.Final.Train.Loss, result.Final.Validation?.Loss);
    }
}
