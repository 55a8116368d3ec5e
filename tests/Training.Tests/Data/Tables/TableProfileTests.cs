using System.Globalization;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>A look at a table says what its columns hold, as training would take them, and which of them look odd.</summary>
public sealed class TableProfileTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Each_column_has_its_type_gaps_and_figures()
    {
        TableProfile table = Profile("n,c,b,d,t\n1,x,yes,2024-01-01,\n?,y,no,2024-01-03,\n4,x,,2024-01-02 12:00,\n", rows: 0);
        Assert.Equal((3, true), (table.Rows, table.Named));
        Assert.Equal([ColumnType.Number, ColumnType.Category, ColumnType.Boolean, ColumnType.Date, null], table.Columns.Select(c => c.Type));
        Assert.Equal([1, 0, 1, 0, 3], table.Columns.Select(c => c.Missing));
        Assert.Equal([2, 2, 2, 3, 0], table.Columns.Select(c => c.Distinct));
        Assert.Equal((1.0, 4.0, 2.5, 1.5), (table.Columns[0].Minimum!.Value, table.Columns[0].Maximum!.Value, table.Columns[0].Mean!.Value, table.Columns[0].Deviation!.Value));
        Assert.Equal([KeyValuePair.Create("x", 2), KeyValuePair.Create("y", 1)], table.Columns[1].Frequent);
        Assert.Equal(2 * 86400, table.Columns[3].Maximum - table.Columns[3].Minimum);
        Assert.Equal(["no value in any row"], table.Columns[4].Suspicions);
    }

    [Fact]
    public void Identifiers_constants_names_twins_and_leaks_are_named()
    {
        TableProfile table = Profile("id,name,same,kind,twin,alive,x,lives,fare,cents", 200, i =>
            $"{i + 100},person {i},7,{"pqr"[i % 3]},{"PQR"[i % 3]},{(i % 7 < 3 ? "so" : "not")},{i % 50},{(i % 7 < 3 ? 1 : 0)},{i * 0.37},{i * 37}", "lives");
        Assert.Equal(["numbered rows: an identifier"], Of("id"));
        Assert.Equal(["a different text in every row: a name or free text"], Of("name"));
        Assert.Equal(["the same in every row"], Of("same"));
        Assert.Equal(["says the same as 'twin'"], Of("kind"));
        Assert.Equal(["says the same as 'kind'"], Of("twin"));
        Assert.Equal(["gives 'lives' away: each of its values has one answer"], Of("alive"));
        Assert.Empty(Of("x"));
        Assert.Empty(Of("lives"));
        Assert.Equal(["id", "name", "same", "alive"], table.Columns.Where(c => c.IsBetterIgnored).Select(c => c.Name));
        TableProfile regression = Profile("x,fare,cents", 50, i => $"{i % 9},{i * i * 0.37},{i * i * 37}", "fare");
        Assert.Equal(["gives 'fare' away: the one is the other times a factor"], regression.Columns[2].Suspicions);
        Assert.Empty(regression.Columns[0].Suspicions);

        IReadOnlyList<string> Of(string column) => table.Columns[table.Find(column)!.Value].Suspicions;
    }

    [Fact]
    public void What_training_would_refuse_is_a_suspicion_here()
    {
        TableProfile table = Profile("a,b,c", 40, i => $"{(i == 17 ? "12.3o" : $"{i}.5")},\"{i},5\",{(i % 3 == 0 ? i : "")}");
        Assert.Equal(["1 of 40 values are not numbers"], table.Columns[0].Suspicions);
        Assert.Contains("may be numbers in another notation; set 'culture'", table.Columns[1].Suspicions);
        Assert.Equal(["missing in 65 % of the rows"], table.Columns[2].Suspicions);
        Assert.Equal(ColumnType.Number, Profile("a;b", 40, i => $"{i},5;1", culture: "de").Columns[0].Type);
    }

    [Fact]
    public void A_table_without_names_has_columns_by_number_and_its_first_row_counts()
    {
        TableProfile table = Profile("", 30, i => $"{"xyz"[i % 3]},{"bn"[i % 2]}");
        Assert.Equal((30, false), (table.Rows, table.Named));
        Assert.Equal(["column 0", "column 1"], table.Columns.Select(c => c.Name));
        Assert.Equal(1, table.Find("-1"));
        Assert.Null(table.Find("2"));
    }

    [Theory]
    [InlineData("", "an empty file")]
    [InlineData("\n", "no rows")]
    [InlineData("a,b\n", "no rows below the names")]
    [InlineData("a,b\n1,2\n3\n", ":3:1: 1 columns; expected 2")]
    [InlineData("a,b\n1,\"2\n", "quote")]
    public void A_broken_table_is_refused_in_one_line(string text, string says)
    {
        string path = folder.Write("t.csv", text);
        Assert.Contains(says, Hostile.AssertOneLine(Assert.ThrowsAny<Exception>(() => TableProfile.Of(path)), text), StringComparison.Ordinal);
    }

    [Fact]
    public void Different_values_are_counted_up_to_a_bound()
    {
        ColumnProfile column = Profile("a", 20_500, i => i.ToString(CultureInfo.InvariantCulture)).Columns[0];
        Assert.Equal((20_000, true), (column.Distinct, column.DistinctIsLeast));
    }

    private TableProfile Profile(string names, int rows, Func<int, string>? row = null, string? target = null, string? culture = null)
    {
        string text = (names.Length == 0 ? "" : names.TrimEnd('\n') + "\n") + string.Concat(Enumerable.Range(0, rows).Select(i => row!(i) + "\n"));
        return TableProfile.Of(folder.Write("t.csv", text), new CsvConfig { Path = "t.csv", Culture = culture }, target);
    }
}
