using System.Globalization;
using System.Runtime.CompilerServices;

namespace GpuGrad.Tests.Support;

/// <summary>
/// Tests with two lengths: the short one in every run of the suite, the long one with <c>./test --torture</c>. What they counted is left
/// in <c>artifacts/torture</c>, a file a test, which <c>./test</c> prints.
/// </summary>
public static class Effort
{
    /// <summary>Whether the long forms are asked for.</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable(Switches.Torture) == "1";

    /// <summary>How often: in every run of the suite, and in the long form.</summary>
    public static int Count(int inShort, int inLong) => IsLong ? inLong : inShort;

    /// <summary>Notes what was seen, in one line.</summary>
    public static void Report(string test, string counts)
    {
        string folder = Path.Combine(Root, "artifacts", "torture");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, test + ".txt"), $"{test}: {counts}\n");
    }

    /// <summary>The same with numbers in it, written as everywhere.</summary>
    public static void Report(string test, FormattableString counts) => Report(test, counts.ToString(CultureInfo.InvariantCulture));

    /// <summary>Folder of the checkout.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    private static string Here([CallerFilePath] string path = "") => path;
}
