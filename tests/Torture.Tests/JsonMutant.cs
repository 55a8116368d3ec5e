using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GpuGrad.Torture.Tests;

/// <summary>
/// JSON with a few values changed by structure, as somebody would who knows the format: other types, numbers beyond every range, keys gone
/// or doubled, lists emptied or grown, depth. JSON and YAML that stand in a text are changed within it.
/// </summary>
internal sealed class JsonMutant(Random random)
{
    // Stands in a tree for text that no tree can hold.
    private const string Raw = "@raw@";

    private static readonly string[] Values =
    [
        "-1", "0", "1", "2", "255", "0.5", "-0.0", "2147483647", "2147483648", "-2147483649", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "1e400", "-1e400", "1e308", "-1e308", "1e-400", "123456789012345678901234567890", "null", "true", "false", "[]", "{}", "[null]", "[[]]", "{\"a\":null}", "\"\"", "\"x\"", "\"NaN\"",
        "\"Infinity\"", "\"\\ud800\"", "\"\\u0000\"", "\"\\u001b[2J\"", "\"../../../etc/passwd\"", "\"/dev/zero\"", "\"<script>alert(1)</script>\"", "NaN", "Infinity", "[-1]", "[0,0]", "[2147483647,2147483647]", "[1e400]",
    ];

    private static readonly string[] YamlValues = ["-1", "0", "1", "2", "3", "255", "1e400", "9007199254740993", ".nan", "null", "[]", "{}", "x", "\"\"", "true"];

    private string? raw;

    public string Of(string json)
    {
        string mutant = json;
        for (int changes = random.Next(1, 3); changes > 0; changes--)
        {
            try
            {
                mutant = Changed(mutant);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
            {
                return mutant; // it is no longer JSON, or no longer a tree
            }
        }
        return mutant;
    }

    private string Changed(string json)
    {
        JsonNode root = JsonNode.Parse(json)!;
        List<JsonNode> inner = [];
        Collect(root, inner);
        if (inner.Count == 0 || random.Next(40) == 0)
            return Pick(Values);
        raw = null;
        switch (inner[random.Next(inner.Count)])
        {
            case JsonObject { Count: > 0 } map:
                Change(map);
                break;
            case JsonArray list:
                Change(list);
                break;
        }
        string text = root.ToJsonString();
        return raw is null ? text : text.Replace($"\"{Raw}\"", raw, StringComparison.Ordinal);
    }

    private void Change(JsonObject map)
    {
        string key = map.ElementAt(random.Next(map.Count)).Key;
        JsonNode? old = map[key];
        switch (random.Next(8))
        {
            case 0:
                map.Remove(key);
                break;
            case 1:
                map["unknown"] = 1;
                break;
            case 2:
                string name = JsonSerializer.Serialize(key);
                Put(map, key, $"{old?.ToJsonString() ?? "null"},{name}:{Pick(Values)}");
                break;
            case 3 or 4 when old is JsonValue value && value.TryGetValue(out string? text):
                map[key] = Within(text);
                break;
            default:
                Put(map, key, Value(old));
                break;
        }
    }

    private void Change(JsonArray list)
    {
        int at = list.Count == 0 ? 0 : random.Next(list.Count);
        switch (list.Count == 0 ? 3 : random.Next(5))
        {
            case 0:
                list.RemoveAt(at);
                break;
            case 1:
                for (int i = random.Next(1, 200); i > 0; i--)
                    list.Add(list[at]?.DeepClone());
                break;
            case 2:
                list.Clear();
                break;
            case 3:
                raw = Value(null);
                list.Insert(at, Raw);
                break;
            default:
                raw = Value(list[at]);
                list[at] = Raw;
                break;
        }
    }

    private void Put(JsonObject map, string key, string text)
    {
        raw = text;
        map[key] = Raw;
    }

    private string Value(JsonNode? old) => random.Next(20) switch
    {
        0 => new string('[', 2000) + new string(']', 2000),
        1 => $"\"{new string('x', 100_000)}\"",
        2 => $"[{old?.ToJsonString() ?? "null"}]",
        3 => $"{{\"a\":{old?.ToJsonString() ?? "null"}}}",
        4 => $"[{string.Join(",", Enumerable.Repeat(old?.ToJsonString() ?? "1", 2000))}]",
        5 or 6 when old is JsonValue v && v.TryGetValue(out double number) => (number * random.Next(-3, 4)).ToString("R", CultureInfo.InvariantCulture),
        _ => Pick(Values),
    };

    // JSON in a text, else lines of YAML, else any text.
    private string Within(string text)
    {
        if (text.Length > 0 && text[0] is '[' or '{' && random.Next(3) > 0)
        {
            JsonNode? node = JsonNode.Parse(text);
            return node is JsonArray or JsonObject && random.Next(2) == 0 ? new JsonMutant(random).Changed(text) : Pick(Values);
        }
        List<string> lines = [.. text.Split('\n')];
        int at = random.Next(lines.Count);
        switch (random.Next(4))
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                lines.Insert(at, lines[random.Next(lines.Count)]);
                break;
            case 2 when lines[at].LastIndexOf(": ", StringComparison.Ordinal) is >= 0 and int colon:
                lines[at] = $"{lines[at][..colon]}: {Pick(YamlValues)}";
                break;
            default:
                lines[at] = new string(' ', random.Next(9)) + Pick(YamlValues);
                break;
        }
        return string.Join('\n', lines);
    }

    private string Pick(string[] from) => from[random.Next(from.Length)];

    private static void Collect(JsonNode node, List<JsonNode> into)
    {
        if (node is not (JsonObject or JsonArray))
            return;
        into.Add(node);
        IEnumerable<JsonNode?> inner = node is JsonObject map ? map.Select(e => e.Value) : (JsonArray)node;
        foreach (JsonNode? each in inner.Take(200))
        {
            if (each is not null)
                Collect(each, into);
        }
    }
}
