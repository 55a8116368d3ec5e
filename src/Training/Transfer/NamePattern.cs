using System.IO.Enumeration;
using System.Text.RegularExpressions;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Transfer;

/// <summary>Patterns for names of layers and parameters, in which <c>*</c> matches any characters.</summary>
internal static class NamePattern
{
    private const int Listing = 8;

    /// <summary>Whether a pattern is the path of a parameter's layer or of an enclosing one, or matches the parameter's name.</summary>
    public static bool Names(string pattern, Parameter parameter) =>
        pattern == parameter.Layer || parameter.Name.StartsWith(pattern + ".", StringComparison.Ordinal) || FileSystemName.MatchesSimpleExpression(pattern, parameter.Name, ignoreCase: false);

    /// <summary>Renames by a pair of patterns, in which corresponding stars match the same text; null if the name does not match.</summary>
    public static string? Renamed(string name, string from, string to)
    {
        Match match = Regex.Match(name, $@"\A{Regex.Escape(from).Replace(@"\*", "(.*?)", StringComparison.Ordinal)}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.Singleline);
        if (!match.Success)
            return null;
        int star = 0;
        return string.Concat(to.Select(c => c == '*' ? match.Groups[++star].Value : c.ToString()));
    }

    /// <summary>The first names, for messages.</summary>
    public static string Listed(Network network)
    {
        string[] names = [.. network.Parameters.Where(p => p.Trained).Select(p => p.Name)];
        return string.Join(", ", names.Take(Listing)) + (names.Length > Listing ? " …" : "");
    }
}
