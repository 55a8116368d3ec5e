using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>The type of a column is found in its values; a language says how numbers and dates are written.</summary>
public sealed class ColumnTypeTests : TypedTables
{
    [Theory]
    [InlineData("x,y\n1,a\n2,b\n3,a\n", ColumnType.Number)]
    [InlineData("x,y\n01,a\n2.50,b\n-3e2,a\n", ColumnType.Number)]
    [InlineData("x,y\n?,a\n2,b\n,a\n", ColumnType.Number)]
    [InlineData("x,y\n'1',a\n'2',b\n'3',a\n", ColumnType.Number)]
    [InlineData("x,y\nyes,a\nno,b\nyes,a\n", ColumnType.Boolean)]
    [InlineData("x,y\nTRUE,a\n,b\nFALSE,a\n", ColumnType.Boolean)]
    [InlineData("x,y\nyes,a\nfalse,b\nyes,a\n", ColumnType.Category)]
    [InlineData("x,y\nmale,a\nfemale,b\nmale,a\n", ColumnType.Category)]
    [InlineData("x,y\n10-20,a\n20-30,b\n10-20,a\n", ColumnType.Category)]
    [InlineData("x,y\n11th,a\n9th,b\nx1,a\n", ColumnType.Category)]
    [InlineData("x,y\n2024-01-31,a\n2024-02-29,b\n,a\n", ColumnType.Date)]
    [InlineData("x,y\n31.01.2024 7:05,a\n1.2.2024 17:05,b\n2.2.2024 0:00,a\n", ColumnType.Date)]
    [InlineData("x,y\n2024-01-31T10:00:00Z,a\n2024-01-31T10:00:00+02:00,b\n2024-01-31T10:00:00.123,a\n", ColumnType.Date)]
    [InlineData("x,y\n1949-01,a\n1949-02,b\n1949-03,a\n", ColumnType.Date)]
    [InlineData("x,y\n2024-01-31,a\nsoon,b\n2024-02-01,a\n", ColumnType.Category)]
    public void A_column_is_what_its_values_look_like(string table, ColumnType type) => Assert.Equal(type, Assert.Single(Fits(Train(table, "label: y"))).Type);

    [Fact]
    public void Numbers_and_texts_that_occur_again_and_again_are_categories_and_a_slip_among_numbers_is_refused()
    {
        string dependents = string.Concat(Enumerable.Range(0, 40).Select(i => $"{(i % 4 == 3 ? "3+" : i % 4)},{(i % 3 == 0 ? "a" : "b")}\n"));
        ColumnFit fit = Assert.Single(Fits(Train("x,y\n" + dependents, "label: y")));
        Assert.Equal(["0", "1", "2", "3+"], fit.Categories!);
        string measured = string.Concat(Enumerable.Range(0, 40).Select(i => $"{(i == 17 ? "12.3o" : $"{i}.5")},{(i % 3 == 0 ? "a" : "b")}\n"));
        Assert.Contains("train.csv:19:1: '12.3o' in column 'x'; expected a finite number as in other rows; 'missing-values'", Refusal("x,y\n" + measured, "label: y"), StringComparison.Ordinal);
        Assert.Equal(ColumnType.Number, Assert.Single(Fits(Train("x,y\n" + measured, "label: y, missing-values: [12.3o]"))).Type);
    }

    [Theory]
    [InlineData("1.234,5", "de", 1234.5)]
    [InlineData("-0,25", "de", -0.25)]
    [InlineData("1 234,5", "fr", 1234.5)]
    [InlineData("1\u202F234,5", "fr", 1234.5)]
    [InlineData("1'234.5", "de-CH", 1234.5)]
    [InlineData("1,234.5", "en", 1234.5)]
    [InlineData("1,5e3", "de", 1500)]
    public void A_culture_determines_the_notation_of_numbers(string cell, string culture, double value)
    {
        TrainingData data = Train($"x;y\n{cell};a\n7;b\n", $"label: y, culture: {culture}");
        Assert.Equal([value, 7], new[] { data.Train[0], data.Train[1] });
    }

    [Theory]
    [InlineData("1.5", "de")]
    [InlineData("1,5", "en")]
    [InlineData("1.23.456", "de")]
    [InlineData("12 34", "fr")]
    [InlineData("0,100", "en")]
    [InlineData("0.100", "de")]
    public void A_number_of_another_language_is_refused_rather_than_misread(string cell, string culture) =>
        Assert.Contains($"'{cell}' in column 'x'; expected a finite number", Refusal($"x;y\n7;a\n{cell};b\n", $"label: y, culture: {culture}"), StringComparison.Ordinal);

    [Fact]
    public void Dates_of_a_language_or_a_format_are_read_by_it()
    {
        Assert.Equal([3, 4], Parts("3/4/2024", "culture: en-GB, columns: {x: {date: [day, month]}}"));
        Assert.Equal([4, 3], Parts("3/4/2024", "culture: en, columns: {x: {date: [day, month]}}"));
        Assert.Equal([4, 3], Parts("20240304", "columns: {x: {date: {format: yyyyMMdd, parts: [day, month]}}}"));
        Assert.Contains("'3/4/2024' in column 'x'; expected a date such as", Refusal("x,y\n3/4/2024,a\n1/4/2024,b\n", "columns: {x: date}"), StringComparison.Ordinal);

        double[] Parts(string cell, string keys) => Row(Train($"x,y\n{cell},a\n{cell},b\n", keys).Train, 0);
    }

    [Theory]
    [InlineData("03/04/2024", "05/06/2024", "dates that can be read in two ways, such as '03/04/2024': 'culture: en-GB' has the day first, 'culture: en' the month")]
    [InlineData("03/04/2024 10:00", "25/06/2024 11:30", "dates with the day first, such as '03/04/2024 10:00': 'culture: en-GB' reads them")]
    [InlineData("3-4-24", "5-16-24", "dates with the month first, such as '3-4-24': 'culture: en' reads them")]
    public void Ambiguous_dates_are_reported_and_settled_by_a_culture(string first, string second, string says)
    {
        string table = $"x,z,y\n{first},1,a\n{second},2,b\n{first},3,a\n{second},4,b\n";
        Assert.Contains(Train(table, "label: y").Notes, n => n.Contains($"column 'x' holds {says}", StringComparison.Ordinal));
        Assert.Equal([says], TableProfile.Of(folder.Write("t.csv", table)).Columns[0].Suspicions);
        TrainingData settled = Train(table, $"label: y, culture: {(says.Contains("month first", StringComparison.Ordinal) ? "en" : "en-GB")}");
        Assert.Equal(ColumnType.Date, Fits(settled)[0].Type);
        Assert.Empty(settled.Notes);
    }

    [Fact]
    public void Texts_of_which_hardly_any_occurs_twice_are_left_out_and_named()
    {
        string rows = string.Concat(Enumerable.Range(0, 60).Select(i => $"person {i},{i % 7},{(i % 2 == 0 ? "a" : "b")}\n"));
        TrainingData data = Train("who,x,y\n" + rows, "");
        Assert.Equal(["x"], Names(data));
        Assert.Contains("column 'who' is left out: 60 different texts in 60 rows", Assert.Single(data.Notes), StringComparison.Ordinal);
        Assert.Equal(62, Train("who,x,y\n" + rows, "columns: {who: category}").Train.Shape.Count);
    }

    [Fact]
    public void A_first_row_of_texts_that_occur_again_is_a_sample()
    {
        string rows = string.Concat(Enumerable.Range(0, 30).Select(i => $"{"xyz"[i % 3]},{"bn"[i % 2]},{"pe"[i / 3 % 2]}\n"));
        TrainingData mushrooms = Train(rows, "");
        Assert.Equal(30, mushrooms.Train.Count);
        Assert.Equal(["column 0 = x", "column 0 = y", "column 0 = z", "column 0 = another", "column 1 = b", "column 1 = n", "column 1 = another"], Names(mushrooms));
        Assert.Equal(30, Train("cap,smell,kind\n" + rows, "").Train.Count);
        Assert.Equal(30, Train("x,b,kind\n" + rows, "label: kind").Train.Count);
    }
}
