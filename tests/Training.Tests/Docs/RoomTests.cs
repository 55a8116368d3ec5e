namespace GpuGrad.Training.Tests.Docs;

/// <summary>What keeps the sources habitable: short files, and a page in each folder of many.</summary>
public sealed class RoomTests
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

    private static IEnumerable<string> Sources() => Directory.EnumerateFiles(Path.Combine(DocumentFile.Root(), "src"), "*.cs", SearchOption.AllDirectories);
}
