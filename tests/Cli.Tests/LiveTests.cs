using System.Diagnostics;
using System.Text.RegularExpressions;
using GpuGrad.Cli.Terminal;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Health;
using Spectre.Console;

namespace GpuGrad.Cli.Tests;

/// <summary><c>--live</c>: what the screen shows, and what it leaves on the terminal.</summary>
public sealed class LiveTests : IDisposable
{
    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void The_screen_has_the_loss_as_a_curve_the_gradients_as_bars_and_the_alarms()
    {
        var screen = new LiveScreen("net [1] on cpu") { Progress = "epoch 1/2" };
        for (int step = 1; step <= 5_000; step++)
            screen.Step(step, 100.0 / step);
        screen.Layers([("0.weight", 1), ("2.weight", 1e-4), ("4.weight", double.NaN)]);
        screen.Add(new Alarm("G001", 7, "0", "the gradient is 0", "because", "another rate"));
        screen.Say("a note");
        string[] lines = Written(screen, 80, 24);
        Assert.InRange(lines.Length, 20, 24);
        Assert.All(lines, l => Assert.InRange(l.Length, 0, 80));
        Assert.Equal("net [1] on cpu", lines[0]);
        // From top left to bottom right: the values span more than a decade, so the axis is logarithmic.
        string[] chart = [.. lines.Where(l => l.Any(IsDots))];
        Assert.True(Array.FindIndex(chart[0].ToCharArray(), IsDots) < 14, chart[0]);
        Assert.True(Array.FindLastIndex(chart[^1].ToCharArray(), IsDots) > 70, chart[^1]);
        Assert.StartsWith("0.02", chart[^1].TrimStart(), StringComparison.Ordinal);
        int[] bars = [.. lines.Where(l => l.Contains(".weight", StringComparison.Ordinal)).Select(l => l.Count(c => c == '█'))];
        Assert.Equal([45, 22, 0], bars);
        Assert.Contains(lines, l => l.StartsWith("! G001 ", StringComparison.Ordinal) && l.Contains("step 7", StringComparison.Ordinal));
        Assert.Equal("a note", lines[^1]);
    }

    [Theory]
    [InlineData(20, 6)]
    [InlineData(40, 10)]
    [InlineData(200, 60)]
    public void It_fits_into_any_terminal(int width, int height)
    {
        var screen = new LiveScreen("a network with a name that is longer than most terminals are wide");
        screen.Step(1, double.NaN);
        screen.Layers([.. Enumerable.Range(0, 100).Select(i => ($"{i}.weight", 1.0 + i))]);
        for (int i = 0; i < 30; i++)
            screen.Say("a remark that is longer than most terminals are wide, and then some more of it");
        string[] lines = Written(screen, width, height);
        Assert.All(lines, l => Assert.InRange(l.Length, 0, width));
        Assert.InRange(lines.Length, 1, Math.Max(height, 12));
    }

    [Fact]
    public void At_a_terminal_the_run_fills_another_screen_and_leaves_its_epochs_on_this_one()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "no script (Debian: bsdutils)");
        gpugrad.Write("net.yaml", "data: {dataset: {spirals: {train: 300, test: 60}}, batch: 32}\nmodel: [{dense: 16}, tanh, {dense: 3}]\ntrain: {epochs: 3, optimizer: {adam: {lr: 0.01}}}\n");
        gpugrad.Variables["TERM"] = "xterm-256color";
        string text = UnderTerminal("train", "net.yaml", "--live", "--device", "cpu", "--out", "run");
        int opened = text.IndexOf("\u001b[?1049h", StringComparison.Ordinal), closed = text.IndexOf("\u001b[?1049l", StringComparison.Ordinal);
        Assert.True(opened >= 0 && closed > opened, text);
        Assert.Contains("━ step", text[opened..closed], StringComparison.Ordinal);
        Assert.Contains("gradient RMS", text[opened..closed], StringComparison.Ordinal);
        string after = text[closed..];
        Assert.Equal(3, Regex.Count(after, @"[\r\n] +[123] +[0-9.]+ "));
        Assert.Contains("weights in run", after, StringComparison.Ordinal);
        Assert.True(File.Exists(gpugrad["run/weights.safetensors"]));
        // The same bits as without a screen.
        gpugrad.Run("train", "net.yaml", "--device", "cpu", "--out", "calm").Done();
        Assert.Equal(File.ReadAllText(gpugrad["calm/metrics.jsonl"]), File.ReadAllText(gpugrad["run/metrics.jsonl"]));
    }

    [Fact]
    public void In_a_pipe_it_says_so_and_prints_lines()
    {
        gpugrad.Write("net.yaml", "data: {dataset: {spirals: {train: 60, test: 20}}, batch: 32}\nmodel: [{dense: 3}]\ntrain: {epochs: 1}\n");
        Answer answer = gpugrad.Run("train", "net.yaml", "--live", "--device", "cpu", "--out", "run").Done();
        Assert.Contains("--live: standard output is not a terminal", answer.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", answer.Output, StringComparison.Ordinal);
        Assert.Contains("weights in run", answer.Output, StringComparison.Ordinal);
    }

    private static bool IsDots(char c) => c is > '\u2800' and <= '\u28FF';

    private static string[] Written(LiveScreen screen, int width, int height)
    {
        var writer = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(writer) });
        console.Profile.Width = width;
        console.Write(screen.Render(width, height));
        return [.. writer.ToString().TrimEnd('\n').Split('\n').Select(l => l.TrimEnd('\r'))];
    }

    // A pseudo-terminal of 100 columns and 30 rows.
    private string UnderTerminal(params string[] arguments)
    {
        using Process process = gpugrad.StartUnder(["/bin/bash", "-c", "exec script -qefc \"stty cols 100 rows 30; exec $(printf '%q ' \"$@\")\" /dev/null", "bash"], arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Patience.UntilEndOf(process);
        Assert.True(process.ExitCode == 0, output.Result);
        return output.Result;
    }
}
