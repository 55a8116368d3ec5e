namespace GpuGrad.Training.Config.Yaml;

/// <summary>A node of a config file with its place. Anchors, aliases and tags do not occur: the reader refuses them.</summary>
public abstract record YamlNode(Mark Mark)
{
    /// <summary>Kind of the node, for messages.</summary>
    public abstract string Kind { get; }
}

/// <summary>A plain or quoted value. A quoted one is text whatever it looks like.</summary>
public sealed record YamlScalar(string Value, bool Quoted, Mark Mark) : YamlNode(Mark)
{
    private const int MostShown = 60;

    public override string Kind => IsNull ? "nothing" : $"'{Shown}'";

    /// <summary>The value for a message, shortened to what is needed to find the place.</summary>
    public string Shown => Value.Length <= MostShown ? Value : Value[..MostShown] + "…";

    public bool IsNull => !Quoted && Value is "" or "null" or "~";
}

public sealed record YamlSequence(IReadOnlyList<YamlNode> Items, Mark Mark) : YamlNode(Mark)
{
    public override string Kind => "a list";
}

/// <summary>Keys with values, in the order of the file. Keys are unique.</summary>
public sealed record YamlMapping(IReadOnlyList<KeyValuePair<YamlScalar, YamlNode>> Entries, Mark Mark) : YamlNode(Mark)
{
    public override string Kind => "a mapping";

    public YamlNode? this[string key] => Entries.FirstOrDefault(e => e.Key.Value == key).Value;

    /// <summary>A copy with a key set to a value; null removes it.</summary>
    public YamlMapping With(string key, YamlNode? value)
    {
        var entries = Entries.ToList();
        int at = entries.FindIndex(e => e.Key.Value == key);
        if (value is null)
        {
            if (at >= 0)
                entries.RemoveAt(at);
        }
        else if (at >= 0)
        {
            entries[at] = new(entries[at].Key, value);
        }
        else
        {
            entries.Add(new(new YamlScalar(key, false, value.Mark), value));
        }
        return this with { Entries = entries };
    }
}
