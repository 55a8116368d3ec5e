using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Diagnostics.Circuits;

namespace GpuGrad.Cli;

/// <summary>Turns an exception into a line for the user (with <c>--json</c> also an object on standard output) and an exit code.</summary>
internal static partial class Errors
{
    private const int MostStackLines = 60;

    public static int Report(Exception e, Output output)
    {
        // Unwrap: a wrong environment variable surfaces in a type initializer, a task's exception where the task is awaited.
        while (e is TypeInitializationException or AggregateException { InnerExceptions.Count: 1 } && e.InnerException is not null)
            e = e.InnerException;
        (int code, string message) = e switch
        {
            GpuGradException known => (ExitCode.Of(known.Fault), known.Message),
            OutOfMemoryException or InsufficientMemoryException => (ExitCode.Memory, "out of memory; use a smaller batch or a smaller model."),
            IOException or UnauthorizedAccessException => (ExitCode.Data, e.Message.ReplaceLineEndings(" ")),
            OperationCanceledException => (ExitCode.Unexpected, "stopped."),
            _ => (ExitCode.Unexpected, $"unexpected {e.GetType()}: {e.Message.ReplaceLineEndings(" ")}"),
        };
        output.Fail(ToJson(e, code, message));
        // An expression is shown with a marker below the position.
        foreach (string line in e is ExpressionException ? $"gpugrad: {message}".Split('\n') : [$"gpugrad: {message}"])
            Output.Error(line);
        // A bug report needs the stack.
        if (code == ExitCode.Unexpected && e is not (GpuGradException or OperationCanceledException))
        {
            // Endless recursion has a hundred thousand lines.
            foreach (string line in e.ToString().ReplaceLineEndings("\n").Split('\n').Take(MostStackLines))
                Output.Note(line);
        }
        return code;
    }

    private static JsonObject ToJson(Exception e, int code, string message)
    {
        (string? file, int? line, int? column) = e is ConfigException { Mark: var mark } ? (mark.File, mark.Line, mark.Column) : PlaceIn(message);
        return new JsonObject { ["error"] = new JsonObject { ["code"] = code, ["message"] = message, ["file"] = file, ["line"] = line, ["column"] = column } };
    }

    // Messages start with their place: "file: …", "file:line:column: …", or "file:number: …" with a line in text files, a byte in others.
    private static (string? File, int? Line, int? Column) PlaceIn(string message)
    {
        Match match = Place.Match(message);
        string file = match.Groups["file"].Value;
        int? line = Number(match.Groups["line"]), column = Number(match.Groups["column"]);
        bool counted = column is not null || (line is not null && Path.GetExtension(file) is ".csv" or ".tsv" or ".txt" or ".jsonl" or ".yaml" or ".yml");
        if (counted)
            return (file, line, column);
        return match.Success && (Path.Exists(file) || Environment.GetCommandLineArgs().Contains(file)) ? (file, null, null) : (null, null, null);
    }

    private static int? Number(Group group) => int.TryParse(group.ValueSpan, CultureInfo.InvariantCulture, out int number) ? number : null;

    [GeneratedRegex(@"^(?<file>\S.*?)(?::(?<line>[0-9]{1,9})(?::(?<column>[0-9]{1,9}))?)?: ")]
    private static partial Regex Place { get; }
}
