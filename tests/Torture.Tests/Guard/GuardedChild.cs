using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using GpuGrad.Kernels.Plans;
using Microsoft.Win32.SafeHandles;

namespace GpuGrad.Torture.Tests.Guard;

/// <summary>
/// The program of these tests when they start themselves: runs cases in guard mode, and leaves word of each, and of each op, in a file
/// that outlives a process that dies of it.
/// </summary>
internal static class GuardedChild
{
    /// <summary>Bytes of the file: one write is all or nothing.</summary>
    public const int TrailBytes = 4096;

    /// <summary>The first argument of such a process; any other is the test runner's.</summary>
    public const string Word = "guarded";

#pragma warning disable CA2255 // A module initializer is the only place that runs before the generated main program.
    [ModuleInitializer]
#pragma warning restore CA2255
    public static void RunCases()
    {
        if (Environment.GetCommandLineArgs() is [_, Word, string trail, string kind, string first, string end, string step])
            Environment.Exit(Run(trail, kind, first, end, step));
    }

    // The file, a kind of cases, the first, behind the last, and from one to the next.
    private static int Run(string trail, string kind, string first, string end, string step)
    {
        using SafeFileHandle file = File.OpenHandle(trail, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        for (int number = Whole(first); number < Math.Min(Whole(end), GuardedCases.Count(kind)); number += Whole(step))
        {
            string what = "";
            Leave(file, number, "drawing", what);
            Plan.Entering = node => Leave(file, number, node.ToString(), what);
            try
            {
                foreach (string problem in GuardedCases.Run(kind, number, d => Leave(file, number, "", what = d)))
                    Say(number, problem, what);
            }
            catch (Exception e) when (e is InvalidOperationException or GpuGradException)
            {
                Say(number, e.Message, what);
            }
        }
        Leave(file, Whole(end), "done", "");
        return 0;
    }

    private static void Say(int number, string problem, string what) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"case {number}: {problem.ReplaceLineEndings(" ")}: {what.ReplaceLineEndings(" ")}"));

    private static void Leave(SafeFileHandle file, int number, string node, string what)
    {
        byte[] text = new byte[TrailBytes];
        string line = string.Create(CultureInfo.InvariantCulture, $"{number}\n{node}\n{what}");
        Encoding.UTF8.GetBytes(line.AsSpan(0, Math.Min(line.Length, TrailBytes / 4)), text);
        RandomAccess.Write(file, text, 0);
    }

    private static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
