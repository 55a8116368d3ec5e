using System.Globalization;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>Where people write 0,001 and 1.000, and call a file's i something else, the files are the same bytes.</summary>
public sealed class CultureTests : IDisposable
{
    private readonly CultureInfo before = CultureInfo.CurrentCulture;
    private readonly TestFolder folder = new();

    public static TheoryData<string> Cultures => ["de-DE", "tr-TR", "fr-FR", "ar-SA"];

    public void Dispose()
    {
        CultureInfo.CurrentCulture = before;
        folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cultures))]
    public void Files_written_anywhere_are_the_same_bytes(string culture)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        byte[][] expected = Written("here");
        CultureInfo.CurrentCulture = CultureOf(culture);
        Assert.Equal("-1,5", (-1.5).ToString(CultureInfo.CurrentCulture).Replace(CultureInfo.CurrentCulture.NumberFormat.NegativeSign, "-", StringComparison.Ordinal));
        Assert.Equal(expected, Written("there"));
    }

    [Theory]
    [MemberData(nameof(Cultures))]
    public void Names_differences_and_messages_are_the_same_everywhere(string culture)
    {
        CultureInfo.CurrentCulture = CultureOf(culture);
        Assert.Equal("step-01234567.ckpt", Path.GetFileName(new CheckpointFolder(folder.Path).PathOf(1234567, best: false)));
        Assert.Equal("RUN-ID-i-I", RunFolder.Slug("RUN ID i I"));
        using RunFolder run = RunFolder.Create("x", folder.Path, new DateTime(2026, 11, 22, 12, 5, 9, DateTimeKind.Utc));
        Assert.EndsWith("2026-11-22_120509_x", run.Path);
        Assert.Equal("a: 0.1 -> 0,1", ConfigDiff.Between(YamlReader.Read("a: 0.1", "a"), YamlReader.Read("a: 0,1", "a")).Single().ToString());
        Assert.Empty(ConfigDiff.Between(YamlReader.Read("a: 1000", "a"), YamlReader.Read("a: 1e3", "a")));
        File.WriteAllBytes(folder["cut"], new byte[10]);
        Assert.StartsWith($"{folder["cut"]}:10: the file ends here; a checkpoint has at least 56 bytes", Assert.Throws<DamagedFileException>(() => CheckpointFile.Open(folder["cut"])).Message);
    }

    [Fact]
    public void The_culture_that_was_asked_for_is_the_one_that_the_tests_run_under()
    {
        string? asked = Environment.GetEnvironmentVariable("GPUGRAD_TEST_CULTURE");
        Assert.SkipWhen(asked is null, "./test --culture de_DE");
        Assert.Equal(asked, CultureInfo.InstalledUICulture.Name);
        Assert.NotEqual(CultureInfo.InvariantCulture.NumberFormat.NumberDecimalSeparator, new CultureInfo(asked).NumberFormat.NumberDecimalSeparator);
    }

    private byte[][] Written(string name)
    {
        var state = new RunState { Seconds = 1234.5678, KeptBest = -1e-7, Step = 1234567, StoppingBest = double.NegativeInfinity };
        CheckpointFile.Write(folder[name + 1], Samples.At(7) with { State = state });
        using (MetricsLog log = MetricsLog.Open(folder[name + 2], 0))
            log.Append(("step", 1234567), ("loss", -1234.5678), ("rate", 1e-7), ("nan", double.NaN));
        SafetensorsWriter.Write(folder[name + 3], [TensorToWrite.Of("title I", [1000], new float[1000])]);
        using CheckpointFile read = CheckpointFile.Open(folder[name + 1]);
        Assert.Equal(Samples.Text(state), Samples.Text(read.Content.State));
        using SafetensorsFile weights = SafetensorsFile.Open(folder[name + 3]);
        Assert.Equal(1000, weights["title I"]!.Length);
        return [.. Enumerable.Range(1, 3).Select(i => File.ReadAllBytes(folder[name + i]))];
    }

    // Where the program is built without the machine's cultures, what matters of them is made by hand.
    private static CultureInfo CultureOf(string name)
    {
        var culture = (CultureInfo)Named(name).Clone();
        culture.NumberFormat.NumberDecimalSeparator = ",";
        culture.NumberFormat.NumberGroupSeparator = ".";
        culture.NumberFormat.NegativeSign = "\u2212";
        culture.DateTimeFormat.DateSeparator = ".";
        culture.DateTimeFormat.TimeSeparator = ".";
        return culture;
    }

    private static CultureInfo Named(string name)
    {
        try
        {
            return new CultureInfo(name);
        }
        catch (CultureNotFoundException)
        {
            return CultureInfo.InvariantCulture;
        }
    }
}
