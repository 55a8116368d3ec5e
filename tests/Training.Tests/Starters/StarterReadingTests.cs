using GpuGrad.Training.Data;
using GpuGrad.Training.Starters;

namespace GpuGrad.Training.Tests.Starters;

/// <summary>Tables in other languages, encodings and notations, with comments and slips.</summary>
public sealed class StarterReadingTests : StarterFolder
{
    [Fact]
    public void Names_that_yaml_would_read_otherwise_are_quoted_and_twins_go_by_number()
    {
        Starter starter = Table("t.csv", "No,\"a: b\",# c,\"d \"\"e\"\"\",yes,twin,twin,,y", 60, i => Text($"{i % 7 * 0.5},{i % 11 * 0.5},{i % 13 * 0.1},{i % 17 * 0.1},{i % 5 * 0.3},{i % 3 * 0.7},{i % 19 * 0.1},{i % 23 * 0.1},{i % 2}"));
        foreach (string line in new[] { "\"No\": number", "\"a: b\": number", "\"# c\": number", "\"d \\\"e\\\"\": number", "\"yes\": number", " 5: number", " 6: number", " 7: number" })
            Assert.Contains(line, starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Fact]
    public void Numbers_and_dates_of_another_language_are_found_out()
    {
        Starter starter = Table("t.csv", "\uFEFFwann;wert;y", 60, i => Text($"{1 + (i % 28)}.{1 + (i % 12)}.2024;1.{100 + i},5;{"ab"[i % 2]}"));
        Assert.Contains("culture: de", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("wert: number", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("wann: date", starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Theory]
    [InlineData("# measured in May\n# by hand\nx,y\n", "comment: \"#\"", 2)]
    [InlineData("#x,y\n", null, 2)]
    [InlineData("sep=;\nx;y\n", null, 2)]
    public void Lines_before_the_names_are_no_rows(string head, string? says, int columns)
    {
        char separator = head.Contains(';', StringComparison.Ordinal) ? ';' : ',';
        folder.Write("t.csv", head + string.Concat(Enumerable.Range(0, 60).Select(i => Text($"{i % 7}.5{separator}{"ab"[i % 2]}\n"))));
        Starter starter = Of("t.csv");
        Assert.Equal((2, columns, 60L), (starter.Classes, starter.Columns.Count, starter.Samples));
        Assert.Equal(says is not null, starter.Yaml.Contains("comment:", StringComparison.Ordinal));
        Assert.Contains(says ?? "label:", starter.Yaml, StringComparison.Ordinal);
        TrainingData data = Trains(starter);
        Assert.Equal(60, data.Train.Count + data.Test!.Count + data.Validation!.Count);
    }

    [Fact]
    public void Numbers_with_signs_around_them_are_not_called_names()
    {
        Starter starter = Table("t.csv", "price,,x,y", 60, i => Text($"\"${1000 + (i * 13):N0}\",{i},{i % 7},{"ab"[i % 2]}"));
        Assert.Contains(("ignored", "price: numbers with signs or units, such as '$1,000': write plain numbers to use them"), starter.Findings);
        Assert.Contains(("ignored", "column 1, which has no name: numbered rows: an identifier"), starter.Findings);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2")]
    public void Decimals_after_a_comma_are_no_thousands_because_some_of_them_could_be(string whole)
    {
        folder.Write("sizes.csv", "size;kind\n" + string.Concat(Enumerable.Range(0, 120).Select(i => Text($"{(whole.Length > 0 && i % 2 == 0 ? "2" : Text($"{i % 3},{(i * 37 % 899) + 100}"))};{"abc"[i % 3]}\n"))));
        Starter starter = Of("sizes.csv");
        Assert.Contains("culture: de", starter.Yaml, StringComparison.Ordinal);
        Assert.Equal("number", starter.Columns[0].Type);
        Assert.All(ChannelStatistics.Of(Trains(starter).Train), s => Assert.InRange(s.Maximum, 0, 10));
    }

    [Fact]
    public void Dates_that_can_be_read_in_two_ways_are_announced()
    {
        Starter starter = Table("t.csv", "when,x,y", 80, i => Text($"{1 + (i % 12):00}/{1 + (i * 5 % 12):00}/2023,{i % 9},{"xy"[i % 2]}"));
        Assert.Contains(("note", "each date of 'when' can be read in two ways and is read with the month first: 'culture: en-GB' in the config reads it the other way"), starter.Findings);
        Starter clear = Table("t.csv", "when,x,y", 80, i => Text($"{1 + (i % 28):00}/{1 + (i * 5 % 12):00}/2023,{i % 9},{"xy"[i % 2]}"));
        Assert.Contains("culture: en-GB", clear.Yaml, StringComparison.Ordinal);
        Assert.DoesNotContain(clear.Findings, f => f.Text.Contains("two ways", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("inf")]
    [InlineData("#DIV/0!")]
    public void A_slip_among_numbers_is_a_missing_value_and_not_the_end_of_its_column(string slip)
    {
        Starter starter = Table("t.csv", "x,z,y", 120, i => Text($"{(i == 50 ? slip : Text($"{i * 0.37:F2}"))},{(i == 7 ? "NULL" : Text($"{i % 9}"))},{"ab"[i % 2]}"));
        Assert.Equal(["number", "number", "target"], starter.Columns.Select(c => c.Type));
        Assert.Contains(("missing", $"'{slip}' among numbers is read as missing ('missing-values' in the config)"), starter.Findings);
        Assert.Contains("0 … 44.03; 1 missing", starter.Yaml, StringComparison.Ordinal);
        Trains(starter);
    }

    [Fact]
    public void Numbers_written_otherwise_are_no_slips()
    {
        Starter starter = Table("t.csv", "x,z,y", 120, i => Text($"{(i == 50 ? "$5" : Text($"{i * 0.37:F2}"))},{i % 9},{"ab"[i % 2]}"));
        Assert.DoesNotContain(starter.Findings, f => f.Label == "missing");
        Assert.Equal("ignore", starter.Columns[0].Type);
    }

    [Fact]
    public void A_table_that_is_not_utf_8_is_read_as_latin_1()
    {
        folder.Write("t.csv", System.Text.Encoding.Latin1.GetBytes("ville,x,y\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"{"Orléans,Nîmes,Sète".Split(',')[i % 3]},{i % 7},{"ab"[i % 2]}\n"))));
        Starter starter = Of("t.csv");
        Assert.Contains("encoding: latin1", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("ville: category", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains("Orléans", starter.Yaml, StringComparison.Ordinal);
        Assert.Contains(starter.Findings, f => f.Label == "text");
        Trains(starter);
    }
}
