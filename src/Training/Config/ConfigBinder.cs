using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Config;

/// <summary>
/// Fills config records from YAML nodes, strictly: every key must name a property, every value must have the property's
/// type and pass its check, every required property must be there. Each refusal is one line with file, line and column.
/// </summary>
public static class ConfigBinder
{
    public static T Bind<T>(YamlNode node, string what) => (T)Bind(typeof(T), node, what);

    private static object Bind(Type type, YamlNode node, string what)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (ScalarBinder.TryBind(type, node, what, out object? scalar))
            return scalar;
        if (ListItem(type) is Type item)
            return BindList(item, node, what);
        if (MapItem(type) is Type valued)
            return BindMap(valued, node, what);
        if (Implements(type, typeof(IConfigValue<>)))
            return BindValue(type, node, what);
        if (Implements(type, typeof(IChoice<>)) && type.IsAbstract)
            return BindChoice(type, node);
        ConfigRecord record = ConfigRecord.Of(type);
        object target = Activator.CreateInstance(type)!;
        record.SetSource(target, node.Mark);
        return BindRecord(record, target, node, what);
    }

    private static Array BindList(Type item, YamlNode node, string what)
    {
        if (node is not YamlSequence list)
            throw new ConfigException(node.Mark, $"{what} is {node.Kind}; expected a list");
        var array = Array.CreateInstance(item, list.Items.Count);
        for (int i = 0; i < list.Items.Count; i++)
            array.SetValue(Bind(item, list.Items[i], $"an item of {what}"), i);
        return array;
    }

    private static object BindMap(Type item, YamlNode node, string what)
    {
        if (node is not YamlMapping map)
            throw new ConfigException(node.Mark, $"{what} is {node.Kind}; expected a mapping");
        var bound = (System.Collections.IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), item))!;
        foreach ((YamlScalar key, YamlNode value) in map.Entries)
            bound.Add(key.Value, Bind(item, value, key.Value));
        return bound;
    }

    private static object BindValue(Type type, YamlNode node, string what)
    {
        try
        {
            MethodInfo read = type.GetMethod(nameof(IConfigValue<Unused>.Read), BindingFlags.Static | BindingFlags.Public, [typeof(YamlNode)])!;
            object? value = read.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [node], CultureInfo.InvariantCulture);
            return value ?? throw new ConfigException(node.Mark, $"{what} is {node.Kind}; expected {ChoiceTable.Static<string>(type, nameof(IConfigValue<Unused>.Expected))}");
        }
        catch (ConfigValueException e)
        {
            throw new ConfigException(node.Mark, $"{what} is {e.Message}");
        }
    }

    private static object BindChoice(Type type, YamlNode node)
    {
        ChoiceTable table = ChoiceTable.Of(type);
        (YamlScalar name, YamlNode? settings) = node switch
        {
            YamlScalar { IsNull: false } scalar => (scalar, null),
            YamlMapping { Entries: [var only] } => (only.Key, only.Value),
            YamlMapping { Entries.Count: > 1 } many => throw SecondName(table, many.Entries[0].Key, many.Entries[1].Key),
            _ => throw new ConfigException(node.Mark, $"{node.Kind} as {(table.What[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an" : "a")} {table.What}; expected a name, or a name with settings"),
        };
        Choice choice = table.Choices.FirstOrDefault(c => c.Name == name.Value)
            ?? throw new ConfigException(name.Mark, $"no {table.What} is called '{name.Shown}'; {Suggestion.For(name.Value, table.Choices.Select(c => c.Name))}");
        object target = choice.Create?.Invoke() ?? Activator.CreateInstance(choice.Type)!;
        ConfigRecord record = ConfigRecord.Of(choice.Type, choice.KeyNames);
        record.SetSource(target, name.Mark);
        return BindRecord(record, target, settings ?? new YamlMapping([], name.Mark), choice.Name);
    }

    // Usually a setting at the level of the name that it belongs to.
    private static ConfigException SecondName(ChoiceTable table, YamlScalar name, YamlScalar second)
    {
        bool setting = table.Choices.FirstOrDefault(c => c.Name == name.Value) is { } choice && ConfigRecord.Of(choice.Type, choice.KeyNames).Keys.Contains(second.Value);
        return new ConfigException(second.Mark, setting
            ? $"'{second.Shown}' is a setting of '{name.Shown}'; expected it below that: {name.Shown}: {{{second.Shown}: …}}"
            : $"a second name, '{second.Shown}'; expected one {table.What}: '{name.Shown}' with its settings indented below it");
    }

    private static object BindRecord(ConfigRecord record, object target, YamlNode node, string what)
    {
        if (node is not YamlMapping && node is not YamlScalar { IsNull: true })
            node = record.Shorthand is { } only
                ? new YamlMapping([new(new YamlScalar(only, false, node.Mark), node)], node.Mark)
                : throw new ConfigException(node.Mark, $"{what} is {node.Kind}; expected {(record.Keys.Count == 0 ? "no settings" : "a mapping with " + string.Join(", ", record.Keys))}");
        var missing = record.Required.ToHashSet();
        foreach ((YamlScalar key, YamlNode value) in (node as YamlMapping)?.Entries ?? [])
        {
            if (!record.TryFind(key.Value, out PropertyInfo? property))
                throw new ConfigException(key.Mark, $"{what} has no '{key.Shown}'; {(KeyPlaces.Of(target.GetType(), key.Value) is string place ? $"expected {place}" : Suggestion.For(key.Value, record.Keys))}");
            if (value is YamlScalar { IsNull: true })
                continue;
            Set(target, property, key.Value, value);
            missing.Remove(key.Value);
        }
        if (missing.Count > 0)
            throw new ConfigException(node.Mark, $"{what} lacks '{missing.First()}'; expected {string.Join(" and ", missing.Select(m => $"'{m}'"))}");
        return target;
    }

    private static void Set(object target, PropertyInfo property, string key, YamlNode value)
    {
        if (value is not YamlSequence && property.GetCustomAttribute<OneOrMoreAttribute>() is not null)
            value = new YamlSequence([value], value.Mark);
        object bound = Bind(property.PropertyType, value, key);
        try
        {
            property.SetMethod!.Invoke(target, BindingFlags.DoNotWrapExceptions, null, [bound], CultureInfo.InvariantCulture);
        }
        catch (ConfigValueException e)
        {
            throw new ConfigException(value.Mark, $"{key} is {e.Message}");
        }
    }

    internal static Type? ListItem(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>Meaning of a mapping's keys, if they are the user's own names.</summary>
    internal static Type? MapItem(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>) ? type.GetGenericArguments()[1] : null;

    internal static bool Implements(Type type, Type open) =>
        type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == open);

    // Only the names of interface members are taken from this.
    private abstract record Unused : IConfigValue<Unused>
    {
        public static string Expected => "";

        public static Unused? Read(YamlNode node) => null;
    }
}

/// <summary>The properties of a config record, by key.</summary>
internal sealed class ConfigRecord
{
    private static readonly ConcurrentDictionary<(Type, IReadOnlyDictionary<string, string>?), ConfigRecord> Known = [];

    private readonly Dictionary<string, PropertyInfo> properties = new(StringComparer.Ordinal);
    private readonly PropertyInfo? source;

    private ConfigRecord(Type type, IReadOnlyDictionary<string, string>? names)
    {
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public).OrderBy(Depth))
        {
            if (property.Name == nameof(ILocated.Source) && property.PropertyType == typeof(Mark?))
                source = property;
            if (property.SetMethod is null || property.GetCustomAttribute<NotConfigAttribute>() is not null)
                continue;
            if (names is not null && !names.ContainsKey(property.Name) && property.DeclaringType == type)
                continue;
            string key = names?.GetValueOrDefault(property.Name) ?? Naming.Kebab(property.Name);
            properties[key] = property;
            if (property.GetCustomAttribute<ShorthandAttribute>() is not null)
                Shorthand = key;
            if (property.GetCustomAttribute<RequiredMemberAttribute>() is not null)
                Required.Add(key);
        }
    }

    public string? Shorthand { get; }

    public List<string> Required { get; } = [];

    public IReadOnlyCollection<string> Keys => properties.Keys;

    public IReadOnlyDictionary<string, PropertyInfo> Properties => properties;

    public static ConfigRecord Of(Type type, IReadOnlyDictionary<string, string>? names = null) =>
        Known.GetOrAdd((type, names), key => new ConfigRecord(key.Item1, key.Item2));

    public bool TryFind(string key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out PropertyInfo? property) => properties.TryGetValue(key, out property);

    public void SetSource(object target, Mark mark) => source?.SetValue(target, mark);

    // A record's own keys come before those shared by all of its kind.
    private static int Depth(PropertyInfo property)
    {
        int depth = 0;
        for (Type? t = property.ReflectedType; t is not null && t != property.DeclaringType; t = t.BaseType)
            depth++;
        return depth;
    }
}

/// <summary>The choices of an <see cref="IChoice{TSelf}"/>.</summary>
internal sealed record ChoiceTable(string What, IReadOnlyList<Choice> Choices)
{
    private static readonly ConcurrentDictionary<Type, ChoiceTable> Known = [];

    public static ChoiceTable Of(Type type) => Known.GetOrAdd(type, t => new ChoiceTable(Static<string>(t, "What"), Static<IReadOnlyList<Choice>>(t, "Choices")));

    public static T Static<T>(Type type, string name) =>
        (T)type.GetProperty(name, BindingFlags.Static | BindingFlags.Public)!.GetValue(null)!;
}

/// <summary>A config record that knows its place in the file, for errors found later (shapes that do not fit).</summary>
public interface ILocated
{
    Mark? Source { get; }
}

/// <summary>Converts names to keys, which are in kebab case.</summary>
public static class Naming
{
    public static string Kebab(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 && (char.IsLower(name[i - 1]) || char.IsDigit(name[i - 1])) ? "-" + char.ToLowerInvariant(c) : char.ToLowerInvariant(c).ToString()));
}
