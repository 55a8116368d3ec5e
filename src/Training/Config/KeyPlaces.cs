using System.Reflection;

namespace GpuGrad.Training.Config;

/// <summary>Finds the right section of a misplaced key: <c>train.epochs</c> for <c>epochs</c>.</summary>
internal static class KeyPlaces
{
    private const int Deepest = 3;

    /// <summary>The key with its sections; null if no section has it, or the record is not one of them.</summary>
    public static string? Of(Type record, string key)
    {
        List<(Type Record, string Path)> sections = [.. Sections(typeof(RunConfig), "", Deepest)];
        if (sections.All(s => s.Record != record))
            return null;
        foreach ((Type section, string path) in sections)
        {
            if (ConfigRecord.Of(section).Keys.Contains(key))
                return path + key;
        }
        // A small section has no place for a layer's or a loss's settings: one of its own keys was meant.
        if (!HoldsChoice(record))
            return null;
        return sections.SelectMany(s => Choices(s.Record, s.Path)).Where(c => c.Keys.Contains(key)).Select(c => $"{c.Path}.NAME.{key}, e.g. {c.Path}.{c.Name}.{key}").FirstOrDefault();
    }

    /// <summary>The setting that a value given alone sets, <c>units</c> for <c>dense: 8</c>; null if there is none.</summary>
    /// <param name="path">The keys leading to the value.</param>
    public static string? ShorthandOf(IReadOnlyList<string> path)
    {
        string section = string.Join('.', path) + ".";
        ConfigRecord? record = Sections(typeof(RunConfig), "", Deepest).Where(s => s.Item2 == section).Select(s => ConfigRecord.Of(s.Item1)).FirstOrDefault()
            ?? Chosen.SelectMany(t => ChoiceTable.Of(t).Choices).Where(c => c.Name == path[^1]).Select(c => ConfigRecord.Of(c.Type, c.KeyNames)).FirstOrDefault();
        return record?.Shorthand;
    }

    private static readonly Type[] Chosen =
    [
        typeof(Layers.LayerConfig), typeof(Optimizers.OptimizerConfig), typeof(Schedules.ScheduleConfig), typeof(Losses.LossConfig), typeof(Data.DatasetConfig),
        typeof(Initializers.InitConfig), typeof(Data.Augmenting.AugmentConfig),
    ];

    // Sections of settings, which lists and choices are not.
    private static IEnumerable<(Type, string)> Sections(Type type, string path, int depth)
    {
        yield return (type, path);
        foreach ((string key, PropertyInfo property) in ConfigRecord.Of(type).Properties)
        {
            Type inner = property.PropertyType;
            if (depth == 0 || inner.IsAbstract || !inner.IsClass || inner == typeof(string) || ConfigBinder.Implements(inner, typeof(IConfigValue<>)))
                continue;
            foreach ((Type, string) section in Sections(inner, $"{path}{key}.", depth - 1))
                yield return section;
        }
    }

    private static bool HoldsChoice(Type section) =>
        ConfigRecord.Of(section).Properties.Values.Any(p => p.PropertyType.IsAbstract && ConfigBinder.Implements(p.PropertyType, typeof(IChoice<>)));

    private static IEnumerable<(string Path, string Name, IReadOnlyCollection<string> Keys)> Choices(Type section, string path) =>
        from entry in ConfigRecord.Of(section).Properties
        let type = entry.Value.PropertyType
        where type.IsAbstract && ConfigBinder.Implements(type, typeof(IChoice<>)) && type != typeof(Data.DatasetConfig)
        from choice in ChoiceTable.Of(type).Choices
        select (path + entry.Key, choice.Name, ConfigRecord.Of(choice.Type, choice.KeyNames).Keys);
}
