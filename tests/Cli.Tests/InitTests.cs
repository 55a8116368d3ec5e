using System.Text.Json.Nodes;

namespace GpuGrad.Cli.Tests;

/// <summary>Two commands from a table to a trained network: <c>init</c> and <c>train</c>.</summary>
public sealed class InitTests : IDisposable
{
    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void Two_commands_lead_from_a_table_to_a_network_that_predicts()
    {
        WriteTable("data/flowers.csv");
        Answer written = gpugrad.Run("init", "data/flowers.csv").Done();
        Assert.Contains("target     kind (the last column): 2 classes", written.Output, StringComparison.Ordinal);
        Assert.Contains("\ngpugrad train flowers.yaml\n", written.Output, StringComparison.Ordinal);
        Assert.Contains("path: data/flowers.csv", File.ReadAllText(gpugrad["flowers.yaml"]), StringComparison.Ordinal);
        JsonNode summary = gpugrad.Run("train", "flowers.yaml", "--out", "run", "--device", "cpu", "--json").Json();
        Assert.True((double)summary["test_accuracy"]! > 0.9, summary.ToJsonString());
        gpugrad.Run("predict", "run", "data/flowers.csv").Done();
    }

    [Fact]
    public void An_existing_config_is_overwritten_only_with_force()
    {
        WriteTable("t.csv");
        gpugrad.Write("t.yaml", "mine");
        Assert.Contains("t.yaml exists; use --force to overwrite it", gpugrad.Run("init", "t.csv").Refused(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(gpugrad["t.yaml"]));
        gpugrad.Run("init", "t.csv", "--force").Done();
        Assert.Contains("label: kind", File.ReadAllText(gpugrad["t.yaml"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Json_tells_what_was_found_and_paths_are_relative_to_the_config()
    {
        WriteTable("t.csv");
        Directory.CreateDirectory(gpugrad["configs"]);
        JsonNode answer = gpugrad.Run("init", "t.csv", "--target", "length", "--out", "configs/length.yaml", "--json").Json();
        Assert.Equal(("configs/length.yaml", "table", "regression", "length"), ((string)answer["config"]!, (string)answer["kind"]!, (string)answer["task"]!, (string)answer["target"]!));
        Assert.Equal(["target", "number", "category"], answer["columns"]!.AsArray().Select(c => (string?)c!["type"]));
        Assert.Contains("path: ../t.csv", File.ReadAllText(gpugrad["configs/length.yaml"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ExitCode.Usage, "no such column; did you mean 'kind'?", "t.csv", "--target", "kin")]
    [InlineData(ExitCode.Usage, "expected a name that ends in .yaml", "t.csv", "--out", "t.txt")]
    [InlineData(ExitCode.Usage, "DATA is missing")]
    [InlineData(ExitCode.Data, "no such file", "other.csv")]
    [InlineData(ExitCode.Data, "could not be opened for writing", "t.csv", "--out", "nowhere/t.yaml")]
    public void A_wrong_command_is_one_line(int code, string says, params string[] arguments)
    {
        WriteTable("t.csv");
        Assert.Contains(says, gpugrad.Run(["init", .. arguments]).Refused(code), StringComparison.OrdinalIgnoreCase);
        Assert.False(File.Exists(gpugrad["t.yaml"]));
    }

    [Fact]
    public void A_text_becomes_a_language_model_that_writes_on()
    {
        gpugrad.Write("t.txt", string.Concat(Enumerable.Range(0, 200).Select(i => $"{i % 10} little ducks, went out\none day.\n")));
        JsonNode answer = gpugrad.Run("init", "t.txt", "--json").Json();
        Assert.Equal(("text", "language model"), ((string)answer["kind"]!, (string)answer["task"]!));
        gpugrad.Run("train", "t.yaml", "--out", "run", "--device", "cpu", "--set", "train.epochs=1", "--set", "data.limit=64").Done();
        gpugrad.Run("generate", "run", "--prompt", "1 lit", "--length", "5").Done();
    }

    [Fact]
    public void A_folder_of_texts_becomes_a_classifier()
    {
        for (int i = 0; i < 60; i++)
            gpugrad.Write($"d/{(i % 2 == 0 ? "good" : "bad")}/{i}.txt", string.Concat(Enumerable.Range(0, 5 + (i % 7)).Select(w => (i + w) % 3 == 0 ? i % 2 == 0 ? "fine " : "poor " : "film ")));
        JsonNode answer = gpugrad.Run("init", "d", "--json").Json();
        Assert.Equal(("texts", "classification", 2, 60), ((string)answer["kind"]!, (string)answer["task"]!, (int)answer["classes"]!, (int)answer["samples"]!));
        JsonNode summary = gpugrad.Run("train", "d.yaml", "--out", "run", "--device", "cpu", "--json", "--set", "train.epochs=60").Json();
        Assert.Equal(1, (double)summary["test_accuracy"]!);
        JsonArray predicted = gpugrad.RunWithInput("film poor film\nfine film\n", "predict", "run", "-", "--json").Json().AsArray();
        Assert.Equal(["bad", "good"], predicted.Select(p => (string?)p!["name"]));
    }

    private void WriteTable(string name) => gpugrad.Write(name, "length,width,kind\n" + string.Concat(Enumerable.Range(0, 200).Select(i => FormattableString.Invariant($"{(i % 2 == 0 ? 2 : 5) + (i % 7 * 0.1)},{1 + (i % 5 * 0.2)},{(i % 2 == 0 ? "rose" : "lily")}\n"))));
}
