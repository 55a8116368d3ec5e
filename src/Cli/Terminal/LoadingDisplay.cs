using System.Diagnostics;
using Spectre.Console;

namespace GpuGrad.Cli.Terminal;

/// <summary>Progress of fetching and reading: a moving line on a terminal, a line every few seconds elsewhere.</summary>
/// <param name="waits">Whether it shows nothing before <see cref="Begin"/>, so that its line does not get among others that are still to come.</param>
public sealed class LoadingDisplay(bool waits = false) : IDisposable
{
    private readonly Stopwatch sinceLine = Stopwatch.StartNew();
    private string shown = "";
    private volatile bool begun = !waits;

    /// <summary>Starts to show progress, if it was created to wait.</summary>
    public void Begin() => begun = true;

    public void Show(string what, double? share)
    {
        if (!begun)
            return;
        bool isNew = what != shown && sinceLine.Elapsed.TotalSeconds > 0.5;
        if (!isNew && sinceLine.Elapsed.TotalSeconds < (Output.IsLive ? 0.1 : 5))
            return;
        sinceLine.Restart();
        shown = what;
        string text = Printable.Line(share is double s ? Format.Invariant($"{what} {s * 100,3:F0} %") : what);
        if (Output.IsLive)
            AnsiConsole.Write("\r" + text.PadRight(Math.Max(0, AnsiConsole.Profile.Width - 1)));
        else
            Output.Note(text);
    }

    /// <summary>Clears the line.</summary>
    public void Dispose()
    {
        if (Output.IsLive && shown.Length > 0)
            AnsiConsole.Write("\r" + new string(' ', Math.Max(0, AnsiConsole.Profile.Width - 1)) + "\r");
        (begun, shown) = (false, "");
    }
}
