namespace GpuGrad.Cli;

/// <summary>Adds to CommandLineParser a repeatable option that takes one value each time.</summary>
internal static class Arguments
{
    /// <summary>Removes every <c>--set KEY=VALUE</c> from the arguments and returns them.</summary>
    public static string[] TakeSets(string[] args, out string[] rest)
    {
        const string Option = "--set";
        var sets = new List<string>();
        var others = new List<string>();
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] == Option && i + 1 < args.Length)
                sets.Add(args[++i]);
            else if (args[i].StartsWith(Option + "=", StringComparison.Ordinal))
                sets.Add(args[i][(Option.Length + 1)..]);
            else
                others.Add(args[i]);
        }
        rest = Expression([.. others]);
        return [.. sets];
    }

    // No option has a single hyphen: '-x^2' is an expression for 'explain', and is moved to where the parser takes it for a value.
    private static string[] Expression(string[] args)
    {
        int at = args is ["explain", ..] ? Array.FindIndex(args, 1, a => a.Length > 1 && a[0] == '-' && a[1] != '-') : -1;
        bool isValue = at > 1 && args[at - 1].StartsWith("--", StringComparison.Ordinal) && !args[at - 1].Contains('=', StringComparison.Ordinal);
        return at < 0 || isValue || args.Contains("--") ? args : [.. args[..at], .. args[(at + 1)..], "--", args[at]];
    }
}
