using System.Text.RegularExpressions;

namespace GpuGrad.Training.Tests.Docs;

/// <summary>What keeps the sources habitable: short files, a page in each folder of many, a name for each type.</summary>
public sealed partial class RoomTests
{
    private const int MostLines = 300, MostFiles = 10;

    [Fact]
    public void No_source_file_is_longer_than_300_lines() =>
        Assert.DoesNotContain(Sources(), f => File.ReadLines(f).Count() > MostLines);

    [Fact]
    public void A_folder_of_more_than_ten_files_says_what_lives_there()
    {
        foreach (IGrouping<string, string> folder in Sources().GroupBy(f => Path.GetDirectoryName(f)!).Where(g => g.Count() > MostFiles))
        {
            string page = Path.Combine(folder.Key, "README.md");
            Assert.True(File.Exists(page), $"{folder.Key} has {folder.Count()} files and no README.md");
            Assert.True(File.ReadLines(page).Count() >= 3, $"{page} says nothing");
        }
    }

    [Fact]
    public void No_two_types_have_one_name()
    {
        string[] names = [.. Sources().SelectMany(File.ReadLines).Select(l => Declaration().Match(l)).Where(m => m.Success && !m.Value.Contains(" partial ", StringComparison.Ordinal)).Select(m => m.Groups["name"].Value)];
        Assert.True(names.Length > 1000, $"only {names.Length} types were found");
        Assert.Empty(names.GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key));
    }

    [GeneratedRegex(@"^(public|internal)[a-z ]* (class|struct|record|interface|enum) (?<name>[A-Z]\w*(<[\w, ]+>)?)")]
    private static partial Regex Declaration();

    private static IEnumerable<string> Sources() => Directory.EnumerateFiles(Path.Combine(DocumentFile.Root(), "src"), "*.cs", SearchOption.AllDirectories);
}
