using System.Globalization;
using System.Numerics;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>A setting that differs between two configs; null in a config that lacks it.</summary>
public sealed record ConfigDifference(string Key, string? Before, string? Now)
{
    private const int MostKey = 120;

    public override string ToString() => $"{OneLine.Of(Key, MostKey)}: {Before ?? "(none)"} -> {Now ?? "(none)"}";
}

/// <summary>Differences between two configs, key by key. <c>0.1</c> equals <c>1e-1</c>, and a missing key equals <c>null</c>.</summary>
public static class ConfigDiff
{
    private const int MostListed = 20;
    private const int MostText = 60;
    private const string Epochs = "train.epochs";
    private const string OnDead = "diagnostics.on-dead"; // it changes weights

    // Sections whose keys all have defaults: a missing section equals an empty one.
    private static readonly string[] Sections = ["train", "checkpoint", "target", "diagnostics"];

    private static readonly string[] HarmlessSections = ["checkpoint.", "target.", "diagnostics."];

    // Settings that do not change the weights. The folder is only the place of the data; the fingerprint tells whether the data are the same.
    private static readonly string[] Harmless = ["name", "folder", "threads", "train.log-every"];

    public static IReadOnlyList<ConfigDifference> Between(YamlNode before, YamlNode now)
    {
        var found = new List<ConfigDifference>();
        Compare("", before, now, found);
        return found;
    }

    /// <summary>Differences between a resumed run and its checkpoint; the data as a whole count as one setting.</summary>
    public static IReadOnlyList<ConfigDifference> Since(Checkpoint checkpoint, YamlNode config, string dataFingerprint)
    {
        var found = Between(YamlReader.Read(checkpoint.Config, "the checkpoint's config"), config).ToList();
        if (checkpoint.DataFingerprint != dataFingerprint)
            found.Add(new ConfigDifference("(samples of the data set)", checkpoint.DataFingerprint, dataFingerprint));
        return found;
    }

    /// <summary>Whether a run may be resumed with such a change: more epochs, other logging, saving, threads, targets.</summary>
    public static bool IsHarmless(ConfigDifference difference) =>
        Harmless.Contains(difference.Key)
        || (difference.Key != OnDead && HarmlessSections.Any(s => difference.Key.StartsWith(s, StringComparison.Ordinal)))
        || (difference.Key == Epochs && NumberOf(difference.Now) >= NumberOf(difference.Before));

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: there are differences; lists them.</exception>
    public static void RequireNone(IReadOnlyList<ConfigDifference> differences)
    {
        if (differences.Count == 0)
            return;
        string list = string.Join("; ", differences.Take(MostListed));
        string more = differences.Count > MostListed ? string.Create(CultureInfo.InvariantCulture, $"; and {differences.Count - MostListed} more") : "";
        throw new GpuGradException(Fault.Config, $"The run was started with other settings: {list}{more}. Undo the change, or continue anyway with --allow-changes.");
    }

    private static void Compare(string key, YamlNode? before, YamlNode? now, List<ConfigDifference> found)
    {
        switch (before, now)
        {
            case (null, YamlMapping b) when Sections.Contains(key):
                Compare(key, b with { Entries = [] }, b, found);
                break;
            case (YamlMapping a, null) when Sections.Contains(key):
                Compare(key, a, a with { Entries = [] }, found);
                break;
            case (YamlMapping a, YamlMapping b):
                foreach (string name in a.Entries.Concat(b.Entries).Select(e => e.Key.Value).Distinct())
                    Compare(key.Length == 0 ? name : $"{key}.{name}", a[name], b[name], found);
                break;
            case (YamlSequence a, YamlSequence b):
                for (int i = 0; i < Math.Max(a.Items.Count, b.Items.Count); i++)
                    Compare(string.Create(CultureInfo.InvariantCulture, $"{key}[{i}]"), a.Items.ElementAtOrDefault(i), b.Items.ElementAtOrDefault(i), found);
                break;
            case (YamlScalar a, YamlScalar b) when Same(a, b):
                break;
            default:
                if (!IsNothing(before) || !IsNothing(now))
                    found.Add(new ConfigDifference(key, Text(before), Text(now)));
                break;
        }
    }

    private static int NumberOf(string? epochs) =>
        int.TryParse(epochs, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : new TrainConfig().Epochs;

    private static bool IsNothing(YamlNode? node) => node is null or YamlScalar { IsNull: true };

    private static bool Same(YamlScalar a, YamlScalar b)
    {
        if (a.IsNull || b.IsNull)
            return a.IsNull && b.IsNull;
        if (a.Value == b.Value)
            return true;
        if (a.Quoted || b.Quoted)
            return false;
        // Whole numbers exactly: two seeds may be one double.
        if (BigInteger.TryParse(a.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger m)
            && BigInteger.TryParse(b.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger n))
        {
            return m == n;
        }
        return double.TryParse(a.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double x)
            && double.TryParse(b.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double y) && x == y;
    }

    private static string? Text(YamlNode? node)
    {
        if (IsNothing(node))
            return null;
        string text = node is YamlScalar scalar ? scalar.Value : YamlWriter.Write(node!).ReplaceLineEndings(" ").Trim();
        return text.Length <= MostText ? text : text[..MostText] + "…";
    }
}
