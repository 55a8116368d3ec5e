namespace GpuGrad.Training.Config.Yaml;

/// <summary>Suggests the known name nearest to a misspelt one.</summary>
public static class Suggestion
{
    /// <summary>A clause such as <c>; did you mean 'momentum'?</c>, or all names if none is near.</summary>
    public static string For(string word, IEnumerable<string> names)
    {
        string[] known = [.. names];
        if (Nearest(word, known) is string nearest)
            return $"did you mean '{nearest}'?";
        return known.Length == 0 ? "nothing can be set here" : "known are " + string.Join(", ", known);
    }

    /// <summary>The name that a word may be a misspelling of; null if none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> names)
    {
        string? nearest = names.OrderBy(n => Distance(word, n)).FirstOrDefault();
        return nearest is not null && Distance(word, nearest) <= Math.Max(1, Math.Min(word.Length, nearest.Length) / 2) ? nearest : null;
    }

    /// <summary>Edit distance: insertions, deletions, replacements and swaps of neighbours.</summary>
    public static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (int j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = d[i - 1, j - 1] + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                d[i, j] = Math.Min(replace, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}
