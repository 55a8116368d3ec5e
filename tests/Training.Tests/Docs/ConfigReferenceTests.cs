using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>
/// <c>docs/config.md</c> is made from the config records and their comments, so that it is never old. With
/// <c>GPUGRAD_WRITE_DOCS=1</c> the test writes it.
/// </summary>
public sealed partial class ConfigReferenceTests
{
    private readonly XDocument comments = XDocument.Load(Path.ChangeExtension(typeof(RunConfig).Assembly.Location, ".xml"));
    private readonly StringBuilder text = new();
    private readonly Queue<Type> open = new();
    private readonly HashSet<Type> seen = [];

    [Fact]
    public void The_config_reference_is_that_of_the_records() => DocumentFile.Check("config.md", Write());

    private string Write()
    {
        text.Append("""
            # Config reference

            Generated from the config records by the tests; `GPUGRAD_WRITE_DOCS=1 ./test Training` regenerates it. For editors there is
            [a JSON Schema](gpugrad.schema.json): put `# yaml-language-server: $schema=PATH/docs/gpugrad.schema.json` on the first line.

            A config is strict: an unknown key, a key given twice, a value of another type or out of range is an error with file, line
            and column. `extends: other.yaml` takes over another config; `--set a.b.c=value` overrides (`null` removes a key). Where a
            choice is expected, give its name alone (`relu`) or with settings (`dropout: {rate: 0.3}`); settings marked *shorthand*
            may be the value itself (`dropout: 0.3`).

            A setting that changes nothing is

            - refused where it can only be a mistake: nesterov without momentum, `clip` without a limit, `shape` or `classes` beside a data set
              that has others, `test` beside a test set;
            - reported once when the run begins, with its place, where it may mislead: softmax ahead of a loss that has its own, a warm-up or a
              first change of the rate that the run does not reach, a factor of 1, early stopping that waits longer than the run, a penalty
              or a group of nothing, `accumulate` beyond an epoch, `drop-last` of the only batch, `limit` beyond the data set,
              `normalize: unit` of an embedding's ids, `diagnostics.every` beyond the run, `threads` of another device than cpu;
            - ignored where it means "none" (`dropout: 0`, `ema: 0`, `label-smoothing: 0`, `warmup: 0`), or changes nothing
              without harm: `drop-last` where batches divide evenly, `batch` beyond the data set, equal `class-weights`, `log-every` and
              `checkpoint.every` beyond the run (every epoch's end is logged and saved).


            """.ReplaceLineEndings("\n"));
        Open(typeof(RunConfig));
        while (open.TryDequeue(out Type? type))
            Section(type);
        return text.ToString();
    }

    private void Section(Type type)
    {
        bool choice = type.IsAbstract && ConfigBinder.Implements(type, typeof(IChoice<>));
        text.Append(CultureInfo.InvariantCulture, $"## {Title(type)}\n\n{Summary(type)}\n\n");
        if (!choice)
        {
            Keys(ConfigRecord.Of(type), Activator.CreateInstance(type)!);
            return;
        }
        foreach (Choice option in ChoiceTable.Of(type).Choices)
        {
            text.Append(CultureInfo.InvariantCulture, $"### `{option.Name}`\n\n{option.Summary}\n\n");
            if (ConfigExamples.Of(type, option) is string example)
                text.Append(CultureInfo.InvariantCulture, $"Example: `{ConfigExamples.InConfig(type, example)}`\n\n");
            Keys(ConfigRecord.Of(option.Type, option.KeyNames), option.Create?.Invoke() ?? Activator.CreateInstance(option.Type)!);
        }
    }

    private void Keys(ConfigRecord record, object defaults)
    {
        if (record.Properties.Count == 0)
            return;
        text.Append("| key | value | default | |\n|---|---|---|---|\n");
        foreach ((string key, PropertyInfo property) in record.Properties)
        {
            bool required = record.Required.Contains(key);
            string marks = (key == record.Shorthand ? "*shorthand*. " : "") + Summary(property);
            text.Append(CultureInfo.InvariantCulture, $"| `{key}` | {Kind(property.PropertyType)} | {(required ? "**required**" : Default(property, property.GetValue(defaults)))} | {marks} |\n");
        }
        text.Append('\n');
    }

    private string Kind(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
            return string.Join(", ", Enum.GetNames(type).Select(n => $"`{Naming.Kebab(n)}`"));
        if (ConfigBinder.ListItem(type) is Type item)
            return $"list of {Kind(item)}";
        if (ConfigBinder.MapItem(type) is Type valued)
            return $"mapping from names to {Kind(valued)}";
        if (ConfigBinder.Implements(type, typeof(IConfigValue<>)))
            return ChoiceTable.Static<string>(type, "Expected");
        if (type == typeof(string))
            return "text";
        if (type == typeof(bool))
            return "true, false";
        if (type == typeof(double))
            return "number";
        if (type.IsPrimitive)
            return "whole number";
        Open(type);
        return $"[{Title(type)}](#{Title(type).Replace(' ', '-')})";
    }

    // Never blank: where a default depends on something, the property says on what.
    private string Default(PropertyInfo property, object? value)
    {
        if (property.GetCustomAttribute<DefaultTextAttribute>() is { } depends)
            return depends.Text;
        switch (value)
        {
            case null or "" or System.Collections.ICollection { Count: 0 }:
                return "none";
            case bool b:
                return b ? "true" : "false";
            case Enum e:
                return $"`{Naming.Kebab(e.ToString())}`";
            case string text:
                return text;
            case IFormattable number:
                return number.ToString(null, CultureInfo.InvariantCulture);
        }
        Type type = property.PropertyType;
        if (ConfigBinder.Implements(type, typeof(IConfigValue<>)))
            return value.ToString()!;
        return type.IsAbstract ? $"`{ChoiceTable.Of(type).Choices.First(c => c.Type == value.GetType()).Name}`" : $"[its defaults](#{Title(type).Replace(' ', '-')})";
    }

    private void Open(Type type)
    {
        if (seen.Add(type))
            open.Enqueue(type);
    }

    private static string Title(Type type) => type == typeof(RunConfig) ? "the config" : Naming.Kebab(type.Name.Replace("Config", "", StringComparison.Ordinal)).Replace('-', ' ');

    private string Summary(Type type) => Comment($"T:{type.FullName}");

    private string Summary(PropertyInfo property) => Comment($"P:{property.DeclaringType!.FullName}.{property.Name}");

    private string Comment(string id)
    {
        XElement? summary = comments.Descendants("member").FirstOrDefault(m => (string?)m.Attribute("name") == id)?.Element("summary");
        if (summary is null)
            return "";
        string plain = string.Concat(summary.Nodes().Select(n => n switch
        {
            XElement { Name.LocalName: "see" } see => $"`{KeyOf((string?)see.Attribute("cref") ?? "")}`",
            XElement element => $"`{element.Value}`",
            XText literal => literal.Value,
            _ => "",
        }));
        return Spaces().Replace(plain, " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }

    // Readers of the reference know keys, not the program's names.
    private static string KeyOf(string reference)
    {
        string name = reference.Split('.')[^1];
        Assert.True(reference.StartsWith("P:", StringComparison.Ordinal) && name is not ("All" or "Choices" or "Source"), $"a comment in the reference names {reference}, which is not a key of a config");
        return Naming.Kebab(name);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
