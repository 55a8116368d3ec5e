using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Tests.Config;

public sealed class ConfigSchemaTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    [Fact]
    public void The_published_schema_is_that_of_the_records()
    {
        string path = Path.Combine(Root(), "docs", "gpugrad.schema.json");
        Assert.True(
            File.ReadAllText(path).ReplaceLineEndings("\n").TrimEnd() == ConfigSchema.Generate().ToJsonString(Indented).ReplaceLineEndings("\n"),
            "docs/gpugrad.schema.json is old; write it anew with: ./gpugrad schema > docs/gpugrad.schema.json");
    }

    [Theory]
    [InlineData("layer", "conv")]
    [InlineData("layer", "leaky-relu")]
    [InlineData("optimizer", "lion")]
    [InlineData("schedule", "one-cycle")]
    [InlineData("loss", "squared-hinge")]
    [InlineData("dataset", "fashion-mnist")]
    public void Every_choice_of_a_catalog_is_in_the_schema(string kind, string name)
    {
        JsonNode definition = ConfigSchema.Generate()["$defs"]![kind]!;
        Assert.Contains(definition["anyOf"]!.AsArray(), o => o!["properties"]?[name] is not null);
        Assert.Contains(name, definition["anyOf"]![0]!["enum"]!.AsArray().Select(n => n!.GetValue<string>()));
    }

    private static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
