using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Tests.Docs;
using Json.Schema;

namespace GpuGrad.Training.Tests.Config;

/// <summary>The published schema as an editor understands it, by JsonSchema.Net: what the program reads it accepts, what it refuses for keys, choices and types it refuses too.</summary>
public sealed partial class SchemaOracleTests
{
    private static readonly Lazy<JsonSchema> Schema = new(() => JsonSchema.FromText(File.ReadAllText(Path.Combine(DocumentFile.Root(), "docs", "gpugrad.schema.json"))));

    public static TheoryData<string> Files =>
    [
        .. Directory.GetFiles(Path.Combine(DocumentFile.Root(), "configs"), "*.yaml").Concat(Directory.GetFiles(Path.Combine(DocumentFile.Root(), "bench", "configs"), "*.yaml"))
            .Concat(Directory.GetFiles(Path.Combine(DocumentFile.Root(), "docs"), "*.md")).Select(f => Path.GetRelativePath(DocumentFile.Root(), f)).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void What_is_shipped_and_shown_is_accepted(string file)
    {
        string text = File.ReadAllText(Path.Combine(DocumentFile.Root(), file)).ReplaceLineEndings("\n");
        string[] configs = file.EndsWith(".yaml", StringComparison.Ordinal) ? [text] : [.. Blocks().Matches(text).Select(m => m.Groups[1].Value)];
        // A sweep has a format of its own.
        foreach (string yaml in configs.Where(c => !c.StartsWith("space:", StringComparison.Ordinal) && !c.Contains("\nspace:", StringComparison.Ordinal)))
        {
            EvaluationResults results = Evaluate(yaml);
            Assert.True(results.IsValid, $"{file}: {Reason(results)}\n{yaml}");
        }
    }

    [Theory]
    [InlineData("sede: 1")]
    [InlineData("seed: 1.5")]
    [InlineData("seed: [1]")]
    [InlineData("train: {epochs: two}")]
    [InlineData("train: {epochs: \"2\"}")]
    [InlineData("train: {optimizer: {sgd: {lr: .nan}}}")]
    [InlineData("train: {optimizer: {sgd: {lr: 0.1, momentun: 0.9}}}")]
    [InlineData("train: {optimizer: {sdg: {lr: 0.1}}}")]
    [InlineData("train: {optimizer: [sgd]}")]
    [InlineData("train: {optimizer: {sgd: {lr: 0.1}, adam: {lr: 0.1}}}")]
    [InlineData("model: [{dense: {units: 5, bias: yes}}]")]
    [InlineData("model: [{dense: {bias: true}}]")]
    [InlineData("model: [{dens: {units: 5}}]")]
    [InlineData("model: [{leaky-relu: {slop: 0.1}}]")]
    [InlineData("model: [{residual: [{dens: 3}]}]")]
    [InlineData("model: relu")]
    [InlineData("data: {dataset: {digits: {trian: 5}}}")]
    [InlineData("data: 5")]
    public void What_the_reader_refuses_for_its_keys_choices_and_types_is_refused(string yaml)
    {
        Assert.Throws<ConfigException>(() => ConfigBinder.Bind<RunConfig>(YamlReader.Read(Whole(yaml), "test.yaml"), "the config"));
        Assert.False(Evaluate(yaml).IsValid);
    }

    // The other sections, where a reader wants them.
    private static string Whole(string yaml) => string.Concat(
        yaml, "\n",
        yaml.StartsWith("data:", StringComparison.Ordinal) ? "" : "data: {dataset: digits, batch: 4}\n",
        yaml.StartsWith("model:", StringComparison.Ordinal) ? "" : "model: [flatten, {dense: 10}]\n");

    private static EvaluationResults Evaluate(string yaml)
    {
        using JsonDocument document = JsonDocument.Parse(Json(YamlReader.Read(yaml, "test.yaml"))?.ToJsonString() ?? "null");
        return Schema.Value.Evaluate(document.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
    }

    private static string Reason(EvaluationResults results) =>
        string.Join("; ", (results.Details ?? []).Where(d => d.Errors is not null).Take(5).Select(d => $"{d.InstanceLocation}: {string.Join(", ", d.Errors!.Values)}"));

    // As YAML 1.2's core schema reads plain scalars.
    private static JsonNode? Json(YamlNode node) => node switch
    {
        // In a config that extends another null takes a key of that away; the schema, which describes what is there, has no word for it.
        YamlMapping mapping => new JsonObject(mapping.Entries.Where(e => !IsNull(e.Value)).Select(e => KeyValuePair.Create(e.Key.Value, Json(e.Value)))),
        YamlSequence list => new JsonArray([.. list.Items.Select(Json)]),
        YamlScalar when IsNull(node) => null,
        YamlScalar { Quoted: false, Value: "true" } => true,
        YamlScalar { Quoted: false, Value: "false" } => false,
        YamlScalar { Quoted: false } plain when Number().IsMatch(plain.Value) && double.TryParse(plain.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) => value,
        YamlScalar text => text.Value,
        _ => throw new InvalidOperationException($"{node.GetType()}"),
    };

    private static bool IsNull(YamlNode node) => node is YamlScalar { Quoted: false, Value: "" or "~" or "null" };

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex Number();

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();
}
