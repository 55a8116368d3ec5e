using System.Reflection;
using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Verbs;

namespace GpuGrad.Cli.Tests;

/// <summary><c>--json</c>: one JSON value on standard output, whatever the numbers are and whatever goes wrong.</summary>
public sealed class JsonTests : IDisposable
{
    private const string Overflowing = """
        data: {shape: [3], classes: 2, batch: 4}
        model: [{dense: {units: 5, init: {constant: 1e31}}}, {dense: {units: 4, init: {constant: 1e31}}}, {dense: 2}]
        device: cpu
        """;

    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Theory]
    [InlineData("explain", "x^0.5", "--at", "x=0")]
    [InlineData("explain", "sqrt(x*y)", "--at", "x=0,y=3")]
    [InlineData("step", "test.yaml")]
    [InlineData("summary", "test.yaml")]
    [InlineData("landscape", "test.yaml", "--points", "3")]
    public void What_is_not_finite_is_a_text(params string[] arguments)
    {
        gpugrad.Write("test.yaml", Overflowing);
        Answer answer = gpugrad.Run([.. arguments, "--json"]);
        Assert.Equal(ExitCode.Done, answer.Code);
        JsonNode.Parse(answer.Output);
    }

    [Theory]
    [InlineData(ExitCode.Usage, "", null, "train")]
    [InlineData(ExitCode.Usage, "", null, "trian", "test.yaml")]
    [InlineData(ExitCode.Usage, "", null, "train", "test.yaml", "--owt", "x")]
    [InlineData(ExitCode.Usage, "", null, "train", "test.yaml", "one", "too-many")]
    [InlineData(ExitCode.Usage, "", null, "train", "test.yaml", "--out")]
    [InlineData(ExitCode.Usage, "", null, "devices", "--set", "a=1")]
    [InlineData(ExitCode.Usage, "nowhere.yaml", null, "config", "nowhere.yaml")]
    [InlineData(ExitCode.Usage, "test.yaml", 3, "summary", "test.yaml", "--set", "data.batch=5")]
    [InlineData(ExitCode.Data, "nowhere", null, "eval", "nowhere")]
    [InlineData(ExitCode.Usage, "nowhere", null, "resume", "nowhere")]
    [InlineData(ExitCode.Data, "broken.csv", null, "train", "csv.yaml", "--out", "run")]
    [InlineData(ExitCode.NonFinite, "", null, "bench", "over.yaml", "--brief", "--seconds", "0.1")]
    [InlineData(ExitCode.Memory, "", null, "summary", "over.yaml", "--set", "data.batch=2147483647")]
    [InlineData(ExitCode.Device, "", null, "train", "csv.yaml", "--device", "cuda:99")]
    public void An_error_is_an_object_with_its_code_message_and_place(int code, string file, int? line, params string[] arguments)
    {
        gpugrad.Write("test.yaml", Overflowing.Replace("device:", "devise:", StringComparison.Ordinal));
        gpugrad.Write("over.yaml", Overflowing);
        gpugrad.Write("csv.yaml", "data: {dataset: {csv: broken.csv}, batch: 4}\nmodel: [{dense: 2}]\ndevice: cpu\n");
        gpugrad.Write("broken.csv", "a,b,label\n1,2,x\n3\n");
        Answer answer = gpugrad.Run([.. arguments, "--json"]);
        JsonObject error = JsonNode.Parse(answer.Output)!["error"]!.AsObject();
        Assert.Equal(["code", "message", "file", "line", "column"], error.Select(e => e.Key));
        Assert.Equal(code, (int)error["code"]!);
        Assert.Equal(answer.Refused(code), (string?)error["message"]);
        Assert.Equal(file, Path.GetFileName((string?)error["file"] ?? ""));
        if (line is not null)
            Assert.Equal(line, (int?)error["line"]);
    }

    [Fact]
    public void Every_verb_gives_an_object_for_an_option_that_it_does_not_know()
    {
        string[] verbs = [.. typeof(Verb).Assembly.GetTypes().Select(t => t.GetCustomAttribute<VerbAttribute>()?.Name).OfType<string>()];
        Assert.Contains("train", verbs);
        foreach (string verb in verbs)
        {
            Answer answer = gpugrad.Run(verb, "--nonsense", "--json");
            Assert.Equal(answer.Refused(ExitCode.Usage), (string?)JsonNode.Parse(answer.Output)!["error"]!["message"]);
        }
    }

    [Fact]
    public void A_wrong_environment_variable_is_one_line()
    {
        gpugrad.Write("test.yaml", Overflowing);
        gpugrad.Variables["GPUGRAD_SIMD"] = "999";
        Assert.StartsWith("GPUGRAD_SIMD=999: expected 128, 256 or 512", gpugrad.Run("step", "test.yaml").Refused(ExitCode.Usage), StringComparison.Ordinal);
    }

    [Fact]
    public void An_expression_that_is_wrong_is_an_object_too()
    {
        JsonNode error = JsonNode.Parse(gpugrad.Run("explain", "x +", "--at", "x=1", "--json").Output)!["error"]!;
        Assert.Equal(ExitCode.Usage, (int)error["code"]!);
    }

    [Theory]
    [InlineData("data.label=\"\\e]0;owned\\a\"")]
    [InlineData("name=\"a\\rb\\nc\\u202e\"")]
    public void Text_from_a_config_reaches_a_terminal_without_control_characters(string set)
    {
        gpugrad.Write("test.yaml", Overflowing);
        foreach (string verb in new[] { "config", "train" })
        {
            Answer answer = gpugrad.Run(verb, "test.yaml", "--set", set);
            Assert.DoesNotContain(answer.Output + answer.Errors, c => (char.IsControl(c) && c != '\n') || c == '\u202e');
            Assert.True(answer.Errors.Count(c => c == '\n') <= 1, answer.Errors);
        }
    }

    [Fact]
    public void A_file_that_is_extended_but_no_config_is_not_quoted()
    {
        foreach ((string name, string content) in new[] { ("keys", "secret: 1\n"), ("lines", "secret\nsecret\n"), ("broken", "a: 'secret\n"), ("twice", "secret: 1\nsecret: 2\n"), ("alias", "name: *secret\n") })
        {
            gpugrad.Write(name, content);
            gpugrad.Write("test.yaml", $"extends: {name}\n");
            Answer answer = gpugrad.Run("config", "test.yaml", "--json");
            answer.Refused(ExitCode.Usage);
            Assert.DoesNotContain("secret", answer.Output + answer.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_message_quotes_sixty_characters_of_a_file_at_most()
    {
        string text = new('q', 5000);
        foreach (string content in new[] { text, $"{text}: 1", $"loss: {text}", $"device: cpu\n{text}: 1\n{text}: 2", $"seed: {text}", $"model: [{text}]", $"model: [{{dense: {text}}}]", $"data: {{dataset: {text}}}" })
        {
            gpugrad.Write("test.yaml", content);
            Assert.DoesNotContain(text[..61], gpugrad.Run("config", "test.yaml").Refused(ExitCode.Usage), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_message_quotes_sixty_characters_of_a_weights_file_at_most()
    {
        string text = new('q', 5000);
        gpugrad.Write("test.yaml", Overflowing);
        foreach (string header in new[] { $"{{\"{text}\":{{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}}}", $"{{\"a\":{{\"dtype\":\"{text}\",\"shape\":[2],\"data_offsets\":[0,8]}}}}", $"{{\"__metadata__\":{{\"{text}\":1}}}}" })
        {
            byte[] json = System.Text.Encoding.UTF8.GetBytes(header);
            File.WriteAllBytes(gpugrad["foreign.safetensors"], [.. BitConverter.GetBytes((long)json.Length), .. json, .. new byte[8]]);
            Answer answer = gpugrad.Run("step", "test.yaml", "--weights", "foreign.safetensors");
            Assert.DoesNotContain(text[..62], answer.Refused(ExitCode.Data), StringComparison.Ordinal);
        }
    }
}
