namespace GpuGrad.Training.Config.Yaml;

/// <summary>Loads a config file as one tree: the config that it extends underneath, <c>--set</c> on top.</summary>
public static class ConfigSource
{
    private const int MostParents = 8;

    /// <param name="path">The YAML file.</param>
    /// <param name="overrides">Overrides <c>a.b.c=value</c>; the value is YAML, <c>null</c> removes the key; list items go by index.</param>
    /// <param name="text">Contents to use instead of the file's; null for the file's.</param>
    public static YamlMapping Load(string path, IEnumerable<string>? overrides = null, string? text = null)
    {
        YamlMapping tree = WithParents(path, 0, text);
        foreach (string change in overrides ?? [])
            tree = Apply(tree, change);
        return tree;
    }

    private static YamlMapping WithParents(string path, int depth, string? text = null)
    {
        YamlMapping tree = depth == 0 ? AsMapping(YamlReader.Read(text ?? YamlReader.ReadText(path), path)) : ReadParent(path);
        if (tree["extends"] is not YamlNode node)
            return tree;
        if (node is not YamlScalar { IsNull: false } parent)
            throw new ConfigException(node.Mark, $"extends is {node.Kind}; expected the path of another config, relative to this one");
        if (depth >= MostParents)
            throw new ConfigException(node.Mark, $"extends more than {MostParents} files deep; does a file extend itself?");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "";
        string file = Path.Combine(folder, parent.Value);
        if (!File.Exists(file))
            throw new ConfigException(node.Mark, $"extends '{parent.Shown}', which does not exist ({file})");
        return Merge(WithParents(file, depth + 1), tree.With("extends", null));
    }

    // An untrusted config may extend any file that its user can read: no content of a file that is not a config gets into a message.
    private static YamlMapping ReadParent(string path)
    {
        const string Remedy = "check it alone with: gpugrad config";
        YamlNode root;
        try
        {
            root = YamlReader.ReadFile(path);
        }
        catch (ConfigException e)
        {
            throw new ConfigException(e.Mark, $"extended, but no config from here on; {Remedy} {path}");
        }
        IReadOnlyCollection<string> known = ConfigRecord.Of(typeof(RunConfig)).Keys;
        if (root is not YamlMapping mapping)
            throw new ConfigException(root.Mark, $"extended, but no config: no keys such as 'data:', 'model:' and 'train:'; {Remedy} {path}");
        return mapping.Entries.FirstOrDefault(e => e.Key.Value != "extends" && !known.Contains(e.Key.Value)).Key is YamlScalar strange
            ? throw new ConfigException(strange.Mark, $"extended, but no config: a key that none has; {Remedy} {path}")
            : mapping;
    }

    /// <summary>Mappings are merged key by key; any other value of the child replaces the parent's; null removes it.</summary>
    private static YamlMapping Merge(YamlMapping parent, YamlMapping child)
    {
        foreach ((YamlScalar key, YamlNode value) in child.Entries)
        {
            YamlNode? merged = value switch
            {
                YamlScalar { IsNull: true } => null,
                YamlMapping own when parent[key.Value] is YamlMapping theirs && !IsChoice(own, theirs) => Merge(theirs, own),
                _ => value,
            };
            parent = parent.With(key.Value, merged);
        }
        return parent;
    }

    // {sgd: …} over {adam: …} is a different choice, not an optimizer with two names.
    private static bool IsChoice(YamlMapping own, YamlMapping theirs) =>
        own.Entries.Count == 1 && theirs.Entries.Count == 1 && own.Entries[0].Key.Value != theirs.Entries[0].Key.Value
        && own.Entries[0].Value is YamlMapping && theirs.Entries[0].Value is YamlMapping;

    // The place of an overridden value: the name of its key, with line and column in its text.
    private static YamlMapping Apply(YamlMapping tree, string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw new ConfigException(new Mark("--set", 1, 1), $"'{text}'; expected KEY.KEY=VALUE, e.g. train.epochs=3");
        string file = $"--set {text[..equals]}";
        var mark = new Mark(file, 1, 1);
        YamlNode value = YamlReader.Read(text[(equals + 1)..], file);
        if (text[(equals + 1)..].Trim().Length == 0)
            value = new YamlScalar("", false, mark);
        return (YamlMapping)Set(tree, text[..equals].Split('.'), 0, value, mark)!;
    }

    private static YamlNode? Set(YamlNode? node, string[] path, int depth, YamlNode value, Mark mark)
    {
        if (depth == path.Length)
            return value is YamlScalar { IsNull: true } ? null : value;
        string key = path[depth];
        switch (node)
        {
            case YamlSequence list:
                if (!int.TryParse(key, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int index) || index >= list.Items.Count)
                    throw new ConfigException(mark, $"'{key}' in '{string.Join('.', path)}'; expected an index from 0 to {list.Items.Count - 1}");
                var items = list.Items.ToList();
                YamlNode? item = Set(items[index], path, depth + 1, value, mark);
                if (item is null)
                    items.RemoveAt(index);
                else
                    items[index] = item;
                return list with { Items = items };
            case YamlMapping mapping:
                return mapping.With(key, Set(mapping[key], path, depth + 1, value, mark));
            case YamlScalar { IsNull: false } only when depth > 0 && KeyPlaces.ShorthandOf(path[..depth]) is string shorthand && shorthand != key:
                // 'dense: 8' becomes {dense: {units: 8, …}}.
                return new YamlMapping([new(new YamlScalar(shorthand, false, only.Mark), only)], only.Mark).With(key, Set(null, path, depth + 1, value, mark));
            case YamlScalar { IsNull: false } name when depth > 0:
                // 'relu' becomes {relu: {…}} when one of its settings is named.
                var choice = new YamlMapping([new(name, new YamlMapping([], mark))], mark);
                return name.Value == key ? choice.With(key, Set(choice[key], path, depth + 1, value, mark)) : new YamlMapping([], mark).With(key, Set(null, path, depth + 1, value, mark));
            default:
                return new YamlMapping([], mark).With(key, Set(null, path, depth + 1, value, mark));
        }
    }

    private static YamlMapping AsMapping(YamlNode node) =>
        node as YamlMapping ?? throw new ConfigException(node.Mark, $"the file holds {node.Kind}; expected keys such as 'data:', 'model:' and 'train:'");
}
