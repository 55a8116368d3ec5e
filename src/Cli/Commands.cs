using CommandLine;
using CommandLine.Text;
using GpuGrad.Cli.Terminal;
using GpuGrad.Cli.Verbs;

namespace GpuGrad.Cli;

/// <summary>Runs a command line. Every error becomes one line and an exit code.</summary>
public static class Commands
{
    public static int Run(string[] args)
    {
        RankedTraining.NoTerminal();
        StandardStreams.Open();
        var output = new Output(args.TakeWhile(a => a != "--").Contains("--json"));
        string[] sets = Arguments.TakeSets(args, out string[] rest);
        using var parser = new Parser(settings =>
        {
            settings.HelpWriter = null;
            settings.CaseInsensitiveEnumValues = true;
            settings.MaximumDisplayWidth = 100;
            settings.EnableDashDash = true;
        });
        ParserResult<object> result = parser.ParseArguments(rest, VerbList.For(rest));
        if (result.Value is not Verb verb)
            return result.Errors.IsHelp() || result.Errors.IsVersion() ? Help(result) : Errors.Report(UsageError.Of(result, VerbList.All), output);
        verb.Words = rest;
        if (Wrong(verb, rest, sets) is GpuGradException wrong)
            return Errors.Report(wrong, output);
        try
        {
            return verb.Run(output);
        }
        catch (Exception e)
        {
            return Errors.Report(e, output);
        }
    }

    private static GpuGradException? Wrong(Verb verb, string[] words, string[] sets)
    {
        if (verb.Surplus.Any())
            return UsageError.Surplus(verb.Surplus);
        if ((UsageError.WithoutValue(verb, words) ?? UsageError.Empty(words) ?? UsageError.OutOfRange(verb)) is GpuGradException wrong)
            return wrong;
        if (verb is ITakesOverrides config)
            config.Set = [.. config.Set, .. sets];
        else if (sets.Length > 0)
            return new GpuGradException(Fault.Config, "--set works only with verbs that take a CONFIG");
        return null;
    }

    private static int Help(ParserResult<object> result)
    {
        HelpText help = HelpText.AutoBuild(result, h =>
        {
            h.Heading = $"GpuGrad {typeof(Verb).Assembly.GetName().Version?.ToString(3)}: a YAML file in, a trained network out";
            h.Copyright = "";
            h.AdditionalNewLineAfterOption = false;
            return h;
        });
        Console.Out.WriteLine(help);
        return ExitCode.Done;
    }
}
