using System.Text.RegularExpressions;

namespace GpuGrad.Training.Tests.Health.Table;

/// <summary>A network of <c>networks.yaml</c>.</summary>
/// <param name="Expected">The alarm that a run of it must raise, or <c>good</c>.</param>
/// <param name="Name">What it is.</param>
/// <param name="Yaml">Its config.</param>
internal sealed record TableNetwork(string Expected, string Name, string Yaml)
{
    public bool IsGood => Expected == "good";
}

/// <summary>Networks and data sets, about half of them good and half broken in a known way.</summary>
internal static partial class AlarmTable
{
    public static IReadOnlyList<TableNetwork> All { get; } = Read();

    [GeneratedRegex("^---\r?$", RegexOptions.Multiline)]
    private static partial Regex Separator();

    private static List<TableNetwork> Read()
    {
        using Stream stream = typeof(AlarmTable).Assembly.GetManifestResourceStream("networks.yaml")!;
        using var reader = new StreamReader(stream);
        var table = new List<TableNetwork>();
        foreach (string document in Separator().Split(reader.ReadToEnd()).Skip(1))
        {
            string[] heading = document.TrimStart().Split('\n')[0].TrimStart('#').Split(':', 2, StringSplitOptions.TrimEntries);
            table.Add(new TableNetwork(heading[0], heading[1], document.TrimStart()));
        }
        return table;
    }
}
