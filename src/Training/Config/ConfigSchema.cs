using System.Reflection;
using System.Text.Json.Nodes;

namespace GpuGrad.Training.Config;

/// <summary>
/// Generates the JSON Schema of a config, for editors that complete and check YAML. It uses the same records and rules
/// as the binder, so the two cannot disagree about keys, choices and required keys.
/// </summary>
public static class ConfigSchema
{
    /// <summary>The schema of <see cref="RunConfig"/>.</summary>
    public static JsonObject Generate()
    {
        var definitions = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        JsonObject root = RecordSchema(ConfigRecord.Of(typeof(RunConfig)), definitions);
        root["properties"]!["extends"] = new JsonObject { ["type"] = "string", ["description"] = "Another config, relative to this one, whose settings this one changes." };
        // Keys of an extended config need not be repeated.
        root.Remove("required");
        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "GpuGrad experiment",
            ["type"] = "object",
            ["properties"] = root["properties"]!.DeepClone(),
            ["additionalProperties"] = false,
            ["$defs"] = new JsonObject(definitions.Select(d => KeyValuePair.Create(d.Key, (JsonNode?)d.Value))),
        };
    }

    private static JsonNode SchemaOf(Type type, SortedDictionary<string, JsonNode> definitions)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
            return new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") }; // plain 1 and true are text where text is expected
        if (type == typeof(bool))
            return new JsonObject { ["type"] = "boolean" };
        if (type == typeof(double))
            return new JsonObject { ["type"] = "number" };
        if (type == typeof(int) || type == typeof(long) || type == typeof(ulong))
            return new JsonObject { ["type"] = "integer" };
        if (type.IsEnum)
            return new JsonObject { ["enum"] = new JsonArray([.. Enum.GetNames(type).Select(n => JsonValue.Create(Naming.Kebab(n)))]) };
        if (ConfigBinder.ListItem(type) is Type item)
            return new JsonObject { ["type"] = "array", ["items"] = SchemaOf(item, definitions) };
        if (ConfigBinder.MapItem(type) is Type valued)
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = SchemaOf(valued, definitions) };
        if (ConfigBinder.Implements(type, typeof(IConfigValue<>)))
            return new JsonObject { ["description"] = ChoiceTable.Static<string>(type, "Expected") };
        return Reference(type, definitions);
    }

    private static JsonObject Reference(Type type, SortedDictionary<string, JsonNode> definitions)
    {
        string name = Naming.Kebab(type.Name.Replace("Config", "", StringComparison.Ordinal));
        if (!definitions.ContainsKey(name))
        {
            definitions[name] = new JsonObject(); // breaks the cycle of layers within layers
            definitions[name] = type.IsAbstract ? ChoiceSchema(ChoiceTable.Of(type), definitions) : WithShorthand(ConfigRecord.Of(type), definitions);
        }
        return new JsonObject { ["$ref"] = $"#/$defs/{name}" };
    }

    private static JsonObject ChoiceSchema(ChoiceTable table, SortedDictionary<string, JsonNode> definitions)
    {
        var options = new JsonArray(new JsonObject { ["enum"] = new JsonArray([.. table.Choices.Select(c => JsonValue.Create(c.Name))]) });
        foreach (Choice choice in table.Choices)
        {
            JsonObject settings = WithShorthand(ConfigRecord.Of(choice.Type, choice.KeyNames), definitions);
            settings["description"] = choice.Summary;
            options.Add(new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { [choice.Name] = settings },
                ["required"] = new JsonArray(choice.Name),
                ["additionalProperties"] = false,
            });
        }
        return new JsonObject { ["description"] = $"One {table.What}: its name, or its name with settings.", ["anyOf"] = options };
    }

    private static JsonObject WithShorthand(ConfigRecord record, SortedDictionary<string, JsonNode> definitions)
    {
        JsonObject full = RecordSchema(record, definitions);
        if (record.Shorthand is not string key)
            return new JsonObject { ["anyOf"] = new JsonArray(full, new JsonObject { ["type"] = "null" }) };
        return new JsonObject { ["anyOf"] = new JsonArray(full, full["properties"]![key]!.DeepClone(), new JsonObject { ["type"] = "null" }) };
    }

    private static JsonObject RecordSchema(ConfigRecord record, SortedDictionary<string, JsonNode> definitions)
    {
        var properties = new JsonObject();
        foreach ((string key, PropertyInfo property) in record.Properties)
        {
            JsonNode schema = SchemaOf(property.PropertyType, definitions);
            bool alone = property.GetCustomAttribute<OneOrMoreAttribute>() is not null;
            properties[key] = alone ? new JsonObject { ["anyOf"] = new JsonArray(schema, schema["items"]!.DeepClone()) } : schema;
        }
        var result = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (record.Required.Count > 0)
            result["required"] = new JsonArray([.. record.Required.Order(StringComparer.Ordinal).Select(r => JsonValue.Create(r))]);
        return result;
    }
}
