using System.Text.Json.Nodes;

namespace GpuGrad.Cli.Tests;

/// <summary>Language models from the command line: trained on a text, judged by perplexity, and writing on.</summary>
public sealed class TextTests : IDisposable
{
    private const string Config = """
        data: {dataset: {text: {path: t.txt, context: 8, vocabulary: 12}}, validation: 0.2, batch: 4}
        model: [{embedding: {rows: 12, width: 16}}, {dense: 12}]
        train: {epochs: 30, optimizer: {adam: {lr: 0.05}}}
        """;

    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void A_language_model_learns_the_next_token_and_continues_a_text()
    {
        JsonNode summary = Train();
        JsonNode figures = summary["metrics"]!["validation"]!;
        Assert.InRange((double)figures["perplexity"]!, 1, 1.05);
        Assert.Equal(Math.Exp((double)figures["log_loss"]!), (double)figures["perplexity"]!, 1e-9);
        Assert.Equal((double)figures["log_loss"]! / Math.Log(2), (double)figures["bits_per_character"]!, 1e-9);
        Answer said = gpugrad.Run("generate", "run", "--prompt", "abc", "--length", "9", "--temperature", "0").Done();
        Assert.Equal("abcde abcde \n", said.Output);
        JsonNode json = gpugrad.Run("generate", "run", "--prompt", "ab\ncx", "--length", "7", "--top-k", "1", "--seed", "5", "--json").Json();
        Assert.Equal(("ab\ncx", 7, 5), ((string)json["prompt"]!, (int)json["tokens"]!, (int)json["seed"]!));
        Assert.Equal(7, ((string)json["text"]!).Length);
    }

    [Fact]
    public void Report_and_explain_show_where_a_transformer_looks()
    {
        gpugrad.Write("t.txt", string.Concat(Enumerable.Repeat("abcde ", 200)));
        gpugrad.Write("looks.yaml", Config.Replace("width: 16}}, {dense", "width: 8}}, {transformer: {heads: 2, causal: true}}, {dense", StringComparison.Ordinal));
        gpugrad.Run("train", "looks.yaml", "--out", "run", "--device", "cpu", "--set", "train.epochs=1").Done();
        JsonNode layer = Assert.Single(gpugrad.Run("report", "run", "--json").Json()["attention"]!.AsArray())!;
        Assert.Equal(("1.self_attn", 2), ((string)layer["layer"]!, layer["heads"]!.AsArray().Count));
        Assert.All(layer["heads"]!.AsArray(), h => Assert.InRange((double)h!["entropy"]!, 0, 1));
        Assert.Contains("1.self_attn, head 1: entropy", File.ReadAllText(gpugrad["run/report.html"]), StringComparison.Ordinal);
        JsonNode explained = Assert.Single(gpugrad.Run("explain", "looks.yaml", "--weights", "run/weights.safetensors", "--sample", "3", "--html", "e.html", "--json").Json()["attention"]!.AsArray())!;
        double[][] map = [.. explained["heads"]![0]!["map"]!.AsArray().Select(r => r!.AsArray().Select(p => (double)p!).ToArray())];
        Assert.Equal(8, map.Length);
        Assert.All(map.Index(), row => Assert.Equal(1, row.Item[..(row.Index + 1)].Sum(), 1e-9)); // causal: the weights up to the step itself are all
        Assert.Contains("1.self_attn, head 0: entropy", File.ReadAllText(gpugrad["e.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_gives_the_same_text_and_another_one_another()
    {
        Train("--set", "train.epochs=1");
        string[] texts = [.. new[] { "1", "1", "2" }.Select(s => gpugrad.Run("generate", "run", "--prompt", "b", "--length", "60", "--temperature", "2", "--seed", s).Done().Output)];
        Assert.Equal(texts[0], texts[1]);
        Assert.NotEqual(texts[0], texts[2]);
        Assert.Contains("the prompt: 1 of 1 tokens (100.00 %) are not in the vocabulary: 'x'", gpugrad.Run("generate", "run", "--prompt", "x", "--length", "1").Done().Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_texts_are_judged_and_not_predicted_and_data_show_tells_of_tokens()
    {
        Train("--set", "train.epochs=1");
        gpugrad.Write("other.txt", "abcde abcde abcde abcde abc");
        JsonNode eval = gpugrad.Run("eval", "run", "--data", "other.txt", "--json").Json();
        Assert.Equal(3, (int)eval["samples"]!);
        Assert.True((double)eval["metrics"]!["perplexity"]! > 1);
        Assert.Contains("a text for a language model, which predicts what comes next; expected 'gpugrad generate RUN --prompt TEXT'", gpugrad.Run("predict", "run", "other.txt").Refused(ExitCode.Data), StringComparison.Ordinal);
        JsonNode text = gpugrad.Run("data", "show", "net.yaml", "--json").Json()["text"]!;
        Assert.Equal(("characters", 6, 12, 960), ((string)text["tokens"]!, (int)text["known"]!, (int)text["vocabulary"]!, (int)text["count"]!));
        Assert.Equal(6, text["frequent"]!.AsArray().Count);
        Assert.Contains("tokens     characters: 6 in a vocabulary of 12 ids", gpugrad.Run("data", "show", "net.yaml").Done().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--temperature -1; expected a number of 0 or more", "--temperature", "-1")]
    [InlineData("--top-p 0; expected a number above 0 and at most 1", "--top-p", "0")]
    [InlineData("--length 0; expected a whole number above 0", "--length", "0")]
    [InlineData("--prompt is empty", "--prompt", "")]
    public void A_wrong_option_is_one_line(string says, params string[] options)
    {
        Train("--set", "train.epochs=1");
        Assert.Contains(says, gpugrad.Run(["generate", "run", .. options]).Refused(ExitCode.Usage), StringComparison.Ordinal);
    }

    [Fact]
    public void A_network_other_than_a_language_model_cannot_generate()
    {
        gpugrad.Write("c.yaml", "data: {dataset: {blobs: {classes: 2}}}\nmodel: [{dense: 2}]\ntrain: {epochs: 1}\n");
        gpugrad.Run("train", "c.yaml", "--out", "run", "--device", "cpu").Done();
        Assert.Contains("not a language model; expected a network that was trained on the data set 'text' with 'context'", gpugrad.Run("generate", "run").Refused(ExitCode.Usage), StringComparison.Ordinal);
    }

    private JsonNode Train(params string[] more)
    {
        gpugrad.Write("t.txt", string.Concat(Enumerable.Repeat("abcde ", 200)));
        gpugrad.Write("net.yaml", Config);
        return gpugrad.Run(["train", "net.yaml", "--out", "run", "--device", "cpu", "--json", .. more]).Json();
    }
}
