using System.Reflection;
using CommandLine;
using GpuGrad.Cli.Verbs;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Cli;

/// <summary>One-line errors for command lines that CommandLineParser refuses, with the nearest known name.</summary>
internal static class UsageError
{
    public static GpuGradException Of(ParserResult<object> result, IEnumerable<Type> verbs)
    {
        string[] names = [.. verbs.Select(v => v.GetCustomAttribute<VerbAttribute>()!.Name)];
        Type? verb = verbs.FirstOrDefault(v => v == result.TypeInfo.Current);
        string help = verb is null ? "gpugrad --help" : $"gpugrad {verb.GetCustomAttribute<VerbAttribute>()!.Name} --help";
        return new GpuGradException(Fault.Config, $"{Text(result.Errors.First(), names, verb)}; see '{help}'");
    }

    /// <summary>More arguments than the verb takes.</summary>
    public static GpuGradException Surplus(IEnumerable<string> words) =>
        new(Fault.Config, $"'{words.First()}' is an extra argument; options begin with --, see 'gpugrad --help'");

    /// <summary>An option without its value; CommandLineParser ignores it in the last position.</summary>
    public static GpuGradException? WithoutValue(Verb verb, IReadOnlyList<string> words)
    {
        string[] valued = [.. OptionsOf(verb.GetType()).Where(o => o.Property.PropertyType != typeof(bool)).Select(o => "--" + o.Option.LongName)];
        for (int i = 0; i < words.Count && words[i] != "--"; i++)
        {
            if (valued.Contains(words[i]) && (i + 1 == words.Count || words[i + 1].StartsWith("--", StringComparison.Ordinal)))
                return new GpuGradException(Fault.Config, $"{words[i]} has no value");
        }
        return null;
    }

    /// <summary>An empty argument, as an unset shell variable leaves it; no file, option or name is empty.</summary>
    public static GpuGradException? Empty(IReadOnlyList<string> words)
    {
        for (int i = 1; i < words.Count && words[i] != "--"; i++)
        {
            bool option = words[i - 1].StartsWith("--", StringComparison.Ordinal);
            if (words[i].Length == 0)
                return new GpuGradException(Fault.Config, $"{(option ? words[i - 1] : $"word {i} after gpugrad")} is empty; expected a name, or leave {(option ? "the option" : "it")} out");
        }
        return null;
    }

    /// <summary>A number outside an option's range (<see cref="RangeAttribute"/>).</summary>
    public static GpuGradException? OutOfRange(Verb verb)
    {
        foreach ((PropertyInfo property, OptionAttribute option) in OptionsOf(verb.GetType()))
        {
            object? value = property.GetValue(verb);
            RangeAttribute range = property.GetCustomAttribute<RangeAttribute>() ?? new RangeAttribute(0);
            if (value is int or double && !range.Takes(Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture)))
                return new GpuGradException(Fault.Config, FormattableString.Invariant($"--{option.LongName} {value}; expected {range.Expected(whole: value is int)}"));
        }
        return null;
    }

    private static string Text(Error error, IEnumerable<string> verbs, Type? verb) => error switch
    {
        NoVerbSelectedError => "no verb; " + Suggestion.For("", verbs),
        BadVerbSelectedError bad => $"unknown verb '{bad.Token}'; {Suggestion.For(bad.Token, verbs)}",
        UnknownOptionError unknown => $"unknown option '{(unknown.Token.Length == 1 ? "-" : "--")}{unknown.Token}'; {Suggestion.For(unknown.Token, Options(verb))}",
        MissingRequiredOptionError { NameInfo.LongName: "" } or SequenceOutOfRangeError { NameInfo.LongName: "" } => $"{MissingValue(verb)} is missing",
        MissingRequiredOptionError missing => $"--{missing.NameInfo.LongName} is missing",
        MissingValueOptionError missing => $"--{missing.NameInfo.LongName} has no value",
        BadFormatConversionError { NameInfo.LongName: var name } => $"--{name} has a value of the wrong kind",
        RepeatedOptionError repeated => $"--{repeated.NameInfo.LongName} is given twice",
        NamedError named => $"--{named.NameInfo.LongName} is wrong ({error.Tag})",
        TokenError token => $"'{token.Token}' is wrong ({error.Tag})",
        _ => $"the command line is wrong ({error.Tag})",
    };

    private static IEnumerable<string> Options(Type? verb) => verb is null ? [] : OptionsOf(verb).Select(o => o.Option.LongName);

    private static IEnumerable<(PropertyInfo Property, OptionAttribute Option)> OptionsOf(Type verb) =>
        verb.GetProperties().Select(p => (p, p.GetCustomAttribute<OptionAttribute>())).Where(p => p.Item2 is not null)!;

    // CommandLineParser does not say which argument is missing, so all required ones are named.
    private static string MissingValue(Type? verb) => string.Join(" or ", (verb?.GetProperties() ?? [])
        .Select(p => p.GetCustomAttribute<ValueAttribute>()).OfType<ValueAttribute>().Where(v => v.Required).OrderBy(v => v.Index).Select(v => v.MetaName));
}
