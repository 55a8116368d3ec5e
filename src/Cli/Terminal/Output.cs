using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using GpuGrad.Training.Pictures;
using Spectre.Console;

namespace GpuGrad.Cli.Terminal;

/// <summary>Output of a verb: text for people, or a single JSON value with <c>--json</c>.</summary>
public sealed class Output(bool json)
{
    // JSON has no numbers that are not finite: they become the strings "NaN", "Infinity" and "-Infinity", as in metrics.jsonl.
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private static Action<string>? rankErrors;
    private static Action<string>? holder;

    private bool answered;

    public bool IsJson => json;

    /// <summary>Whether standard output is a terminal that can redraw.</summary>
    public static bool IsLive => !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;

    /// <summary>Prints a line; not with <c>--json</c>.</summary>
    public void Line(string text = "")
    {
        if (!json)
            Console.Out.WriteLine(Printable.Line(text));
    }

    /// <summary>Writes a page and prints its path.</summary>
    public void Draw(HtmlPage page, string path)
    {
        page.Save(path);
        Line($"drawn in {path}");
    }

    /// <summary>Prints a piece of a continuing text at once; not with <c>--json</c>.</summary>
    public void Piece(string text)
    {
        if (json)
            return;
        Console.Out.Write(string.Join('\n', text.Split('\n').Select(Printable.Line)));
        Console.Out.Flush();
    }

    /// <summary>From now on prints only this rank's errors.</summary>
    public static void Mute(int rank)
    {
        TextWriter errors = Console.Error;
        rankErrors = (text => errors.WriteLine(Printable.Line($"rank {rank}: {text}")));
        Console.SetOut(TextWriter.Null);
        Console.SetError(TextWriter.Null);
    }

    /// <summary>Prints an error on standard error.</summary>
    public static void Error(string text) => (rankErrors ?? Note)(text);

    /// <summary>Prints a note on standard error, outside the result.</summary>
    public static void Note(string text)
    {
        if (Volatile.Read(ref holder) is { } hold)
            hold(text);
        else
            Console.Error.WriteLine(Printable.Line(text));
    }

    /// <summary>Redirects notes until the returned object is disposed; they may come from any thread.</summary>
    public static IDisposable HoldNotes(Action<string> hold)
    {
        Volatile.Write(ref holder, hold);
        return new Held();
    }

    private sealed class Held : IDisposable
    {
        public void Dispose() => Volatile.Write(ref holder, null);
    }

    /// <summary>Prints the result as JSON; only with <c>--json</c>.</summary>
    public void Json(JsonNode value)
    {
        if (!json)
            return;
        answered = true;
        Console.Out.WriteLine(value.ToJsonString(Indented));
    }

    /// <summary>Prints an error as JSON in place of a result; nothing if there was a result.</summary>
    public void Fail(JsonNode error)
    {
        if (!answered)
            Json(error);
    }

    /// <summary>Prints a table.</summary>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows, params ReadOnlySpan<int> rightAligned)
    {
        if (json)
            return;
        var right = rightAligned.ToArray();
        List<string[]> all = [.. rows.Prepend(columns).Select(r => r.Select(Printable.Line).ToArray())];
        int[] widths = [.. Enumerable.Range(0, columns.Count).Select(c => all.Max(r => r[c].Length))];
        for (int i = 0; i < all.Count; i++)
        {
            Console.Out.WriteLine(string.Join("  ", all[i].Select((cell, c) => right.Contains(c) ? cell.PadLeft(widths[c]) : cell.PadRight(widths[c]))).TrimEnd());
            if (i == 0)
                Console.Out.WriteLine(string.Join("  ", widths.Select(w => new string('─', w))));
        }
    }
}
