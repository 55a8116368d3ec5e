using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;

namespace GpuGrad.Cli.Verbs;

[Verb("config", HelpText = "Check a config and print it with everything it extends and overrides merged in.")]
public sealed class ConfigPrintVerb : ConfigVerb
{
    public override int Run(Output output)
    {
        LoadedConfig loaded = Load();
        foreach (string remark in ModelCheck.Check(loaded.Config) is Network network ? SettingsWithoutEffect.Remarks(loaded.Config, network) : [])
            Output.Note(remark);
        foreach (string line in YamlWriter.Write(loaded.Tree).TrimEnd().Split('\n'))
            output.Line(line);
        output.Json(ToJson(loaded.Tree));
        return ExitCode.Done;
    }

    private static JsonNode ToJson(YamlNode node) => node switch
    {
        YamlMapping mapping => new JsonObject(mapping.Entries.Select(e => KeyValuePair.Create(e.Key.Value, (JsonNode?)ToJson(e.Value)))),
        YamlSequence sequence => new JsonArray([.. sequence.Items.Select(ToJson)]),
        YamlScalar { Quoted: false, Value: "true" or "false" } scalar => JsonValue.Create(scalar.Value == "true"),
        YamlScalar { Quoted: false } scalar when long.TryParse(scalar.Value, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out long whole) => JsonValue.Create(whole),
        // A seed may need all 64 bits.
        YamlScalar { Quoted: false } scalar when ulong.TryParse(scalar.Value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out ulong natural) => JsonValue.Create(natural),
        YamlScalar { Quoted: false } scalar when double.TryParse(scalar.Value, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) => JsonValue.Create(number),
        YamlScalar scalar => JsonValue.Create(scalar.Value),
        _ => throw new InvalidOperationException($"{node.GetType().Name} has no JSON."),
    };
}
