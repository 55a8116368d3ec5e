using System.Text.Json.Nodes;

namespace GpuGrad.Cli.Tests;

/// <summary>Taggers from the command line: trained on tagged sentences, judged by entities, writing tags.</summary>
public sealed class TaggingTests : IDisposable
{
    private const string Sentences = "Anna B-PER\nlives O\nin O\nNew B-LOC\nYork I-LOC\n\nin O\nRome B-LOC\nTom B-PER\nlives O\n\n";

    private const string Config = """
        data: {dataset: {tags: {path: t.conll, vocabulary: 20}}, batch: 2}
        model: [{embedding: {rows: 20, width: 8}}, {conv1d: {filters: 8, kernel: 3}}, {dense: 4}]
        train: {epochs: 80, optimizer: {adam: {lr: 0.05}}}
        """;

    private readonly Gpugrad gpugrad = new();

    public TaggingTests()
    {
        gpugrad.Write("t.conll", Sentences);
        gpugrad.Write("net.yaml", Config);
    }

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void A_tagger_is_trained_judged_by_entities_and_writes_tags()
    {
        gpugrad.Run("train", "net.yaml", "--out", "run", "--device", "cpu", "--json").Json();
        JsonNode metrics = gpugrad.Run("eval", "run", "--data", "t.conll", "--json").Json()["metrics"]!;
        Assert.Equal((1, 1, 1), ((double)metrics["entity_f1"]!, (double)metrics["entity_precision"]!, (double)metrics["accuracy"]!));
        Assert.Equal("B-LOC", (string)metrics["per_class"]![0]!["class"]!);
        gpugrad.Write("new.txt", "Anna\nlives\nin\nRome\n\nTom\nlives\n");
        Assert.Equal("new.txt:1\tAnna/B-PER lives/O in/O Rome/B-LOC\nnew.txt:2\tTom/B-PER lives/O\n", gpugrad.Run("predict", "run", "new.txt").Done().Output);
        JsonNode said = gpugrad.Run("predict", "run", "new.txt", "--json").Json()[1]!;
        Assert.Equal(("Tom lives", "B-PER O"), (Texts(said["tokens"]!), Texts(said["tags"]!)));
        gpugrad.Run("predict", "run", "new.txt", "--out", "tagged.conll").Done();
        Assert.Equal("Anna\tB-PER\nlives\tO\nin\tO\nRome\tB-LOC\n\nTom\tB-PER\nlives\tO\n\n", File.ReadAllText(gpugrad["tagged.conll"]));
        gpugrad.Run("predict", "run", "new.txt", "--out", "tagged.jsonl").Done();
        Assert.Equal("B-PER O", Texts(JsonNode.Parse(File.ReadAllLines(gpugrad["tagged.jsonl"])[1])!["tags"]!));
        Assert.Contains("--out tagged.csv: this network gives a class for each step; expected a name that ends in .conll", gpugrad.Run("predict", "run", "new.txt", "--out", "tagged.csv").Refused(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Contains("not a language model", gpugrad.Run("generate", "run", "--prompt", "Anna").Refused(ExitCode.Usage), StringComparison.Ordinal);
    }

    [Fact]
    public void Data_show_counts_tokens_and_tags()
    {
        string shown = gpugrad.Run("data", "show", "net.yaml").Done().Output;
        Assert.Contains("classes    B-LOC 2, B-PER 2, I-LOC 1, O 4", shown, StringComparison.Ordinal);
        Assert.Contains("words: 7 in a vocabulary of 20 ids", shown, StringComparison.Ordinal);
    }

    private static string Texts(JsonNode texts) => string.Join(' ', texts.AsArray().Select(t => (string)t!));
}
