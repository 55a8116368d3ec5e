namespace GpuGrad.Training.Config;

/// <summary>Marks the key whose value may be given alone: <c>dense: 120</c> for <c>dense: {units: 120}</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ShorthandAttribute : Attribute;

/// <summary>Marks a list that may be given as a single item: <c>log: csv</c> for <c>log: [csv]</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OneOrMoreAttribute : Attribute;

/// <summary>Describes a default that depends on other settings; for the config reference.</summary>
/// <param name="text">Description, such as "the window's size".</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DefaultTextAttribute(string text) : Attribute
{
    public string Text { get; } = text;
}

/// <summary>Marks a property that is not a key but set by the program.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NotConfigAttribute : Attribute;

/// <summary>One of the alternatives for a choice: a layer, an optimizer, a data set.</summary>
/// <param name="Name">Its name in YAML.</param>
/// <param name="Type">The config record that holds its settings.</param>
/// <param name="Summary">One line for help and the JSON Schema.</param>
public sealed record Choice(string Name, Type Type, string Summary)
{
    /// <summary>A record whose settings are the defaults; by default its parameterless constructor.</summary>
    public Func<object>? Create { get; init; }

    /// <summary>Whether the name alone is not enough.</summary>
    public bool NeedsSettings => ConfigRecord.Of(Type, KeyNames).Required.Count > 0;

    /// <summary>Keys under which a property is known for this choice, e.g. <c>slope</c> for the parameter of leaky-relu.</summary>
    public IReadOnlyDictionary<string, string>? KeyNames { get; init; }
}

/// <summary>
/// A config record that is one of several: <c>relu</c>, or <c>conv: {filters: 6, kernel: 5}</c>. Each choice is a record
/// derived from <typeparamref name="TSelf"/>.
/// </summary>
public interface IChoice<TSelf> where TSelf : IChoice<TSelf>
{
    /// <summary>Name of the choice, for messages: "layer", "optimizer".</summary>
    static abstract string What { get; }

    static abstract IReadOnlyList<Choice> Choices { get; }
}

/// <summary>A config value with its own syntax, e.g. <c>3</c> or <c>[3, 5]</c>.</summary>
public interface IConfigValue<TSelf> where TSelf : IConfigValue<TSelf>
{
    /// <summary>The expected values, for messages.</summary>
    static abstract string Expected { get; }

    /// <summary>Reads the value, or returns null if the node has another form.</summary>
    static abstract TSelf? Read(Yaml.YamlNode node);
}
