using System.Globalization;
using System.Text;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Tests.Data;

public sealed class CsvTests
{
    public static TheoryData<string, string> BadTables => new()
    {
        { "", "no rows" },
        { "\n\n\n", "no rows" },
        { "\uFEFF", "no rows" },
        { "a,b,label\n", "no rows below the names" },
        { "a,b,label\n1,2\n", "f:2:1: 2 columns; expected 3" },
        { "a,b,label\n1,2,x,y\n", "f:2:1: 4 columns; expected 3" },
        { "a,b,label\n1,2,x\n1,2\n", "f:3:1: 2 columns" },
        { "a,b,label\n,2,x\n", "f:2:1: nothing in column 'a'" },
        { "a,b,label\n1,,x\n", "f:2:3: nothing in column 'b'" },
        { "a,b,label\n1,  ,x\n", "f:2:3: nothing in column 'b'" },
        { "a,b,label\n1,2,\n", "f:2:5: nothing in column 'label'" },
        { "a,b,label\n1,\"\",x\n", "nothing in column 'b'" },
        { "a,b,label\n1,NA,x\n", "f:2:3: 'NA' in column 'b'" },
        { "a,b,label\n1,?,x\n", "'?' in column 'b'" },
        { "a,b,label\n1,NaN,x\n", "'NaN' in column 'b'" },
        { "a,b,label\n1,Infinity,x\n", "'Infinity' in column 'b'" },
        { "a,b,label\n1,1e39,x\n", "'1e39' in column 'b'" },
        { "a,b,label\n1,0x10,x\n", "'0x10' in column 'b'" },
        { "a,b,label\n3\0,4,x\n", "f:2:1: '3?' in column 'a'" },
        { "a,b,label\n3,4\0\0,x\n", "f:2:3: '4??' in column 'b'" },
        { "a,b,label\n3,4,1\0\n", "f:2:5: '1?' with a control character (U+0000) in column 'label'" },
        { "a,b,label\n1,2,0\n1,2,?\n", "f:3:5: '?', a missing class, in column 'label'" },
        { "a,b,label\n1,2,NaN\n", "f:2:5: 'NaN', a missing class" },
        { "a,label,b\n1,n/a,2\n", "f:2:3: 'n/a', a missing class" },
        { "a,b,label\n1,2,\" \"\n", "nothing in column 'label'" },
        { "a,b,label\n1,2,Infinity\n", "'Infinity' in column 'label'" },
        { "a,b,label\n1,2,1e40\n", "'1e40' in column 'label'" },
        { "0,1,2\n5.1,3.5,0\n4.9,3,1\n", "f:1:1: a first row ('0', '1', '2') that may be names or a sample; expected 'header: true' or 'header: false'" },
        { "2019,2020,2021,2022\n5,3,9,0\n4,3,2,1\n", "that may be names or a sample" },
        { "2019,2020,kind\n5,3,0\n4,3,1\n", "that may be names or a sample" },
        { "2019,2020,kind\n5,3,a\n4,3,b\n5,3,a\n4,3,b\n", "that may be names or a sample" },
        { "a,b,label\n1,1_000,x\n", "'1_000'" },
        { "a,b,label\n1,\"1,000\",x\n", "'1,000' in column 'b'; expected a finite number with a decimal point" },
        { "a;b;label\n1;0,5;x\n", "'0,5' in column 'b'; expected a finite number with a decimal point" },
        { "a,b,label\n1,(2),x\n", "'(2)'" },
        { "a,b,label\n1,2-,x\n", "'2-'" },
        { "a,b,label\n1,$2,x\n", "'$2'" },
        { "a,b,label\n1,٣,x\n", "'٣'" },
        { "a,b,label\n1,2,1.5\n", "'1.5' in column 'label'; expected the name or whole number of a class" },
        { "a,b,label\n1,2,\"x\ny\"\n", "the name or number of a class" },
        { "a,b,label\n1,2,x\u0001\n", "'x?' with a control character (U+0001) in column 'label'; expected the name or number of a class without one" },
        { "a,b,label\n1,\"2,x\n3,4,y\n", "quote" },
        { "a,b,label\n1,2\"3,x\n", "quote" },
        { "a,b,label\n1,\"2\"3,x\n", "quote" },
        { "a\n1\n", "none of them a feature" },
        { "1\n2\n", "none of them a feature" },
    };

    [Theory]
    [MemberData(nameof(BadTables))]
    public void A_bad_table_is_refused_with_its_line(string text, string says)
    {
        string message = Hostile.Refusal(Encoding.UTF8.GetBytes(text), b => FormatSample.Csv(b), text);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.Matches(@"^f:\d+:\d+: ", message);
    }

    [Fact]
    public void Invalid_UTF_8_is_refused()
    {
        Hostile.Refusal([.. "a,label\n1,\xC3\xA4\n"u8, 0xFF, 0xFE, .. ",x\n"u8], b => FormatSample.Csv(b));
        Hostile.Refusal([.. "a,label\n1,"u8, 0xC3, 0x28, .. "\n"u8], b => FormatSample.Csv(b));
    }

    [Fact]
    public void A_record_without_end_does_not_fill_the_memory()
    {
        byte[] endless = [.. "a,label\n\""u8, .. Enumerable.Repeat((byte)'x', 40 << 20)];
        Hostile.Refusal(endless, b => FormatSample.Csv(b), "an endless record", memory: 64 << 20);
    }

    [Theory]
    [InlineData("a,b,label\n1,2,x\n3,4,y\n")]
    [InlineData("a,b,label\r\n1,2,x\r\n3,4,y")]
    [InlineData("\uFEFFa,b,label\n1,2,x\n\n3,4,y\n\n")]
    [InlineData("a\tb\tlabel\n1\t2\tx\n3\t4\ty\n")]
    [InlineData("a;b;label\n1;2;x\n3;4;y\n")]
    [InlineData("\"a\",\"b\",\"label\"\n\"1\",\" 2 \",\"x\"\n\"3\",+4.0e0,\"y\"\n")]
    [InlineData("1,2,x\n3,4,y\n")]
    [InlineData("label,a,b\nx,1,2\ny,3,4\n")]
    public void Separators_line_ends_quotes_and_names_come_in_many_forms(string text)
    {
        CsvTable table = FormatSample.Csv(Encoding.UTF8.GetBytes(text));
        Assert.Equal([1, 2, 3, 4], Numbers(table));
        Assert.Equal(["x", "y"], table.SortedClasses());
        Assert.Equal([0, 1], table.LabelsIn(table.SortedClasses()));
    }

    [Fact]
    public void Names_are_read_or_not_as_stated()
    {
        CsvTable table = FormatSample.Csv([.. "2019,2020,label\n1,2,x\n"u8], new CsvOptions { Header = true });
        Assert.Equal(["2019", "2020"], table.Layout.Features);
        Assert.Throws<GpuGradException>(() => FormatSample.Csv([.. "a,b,label\n1,2,x\n"u8], new CsvOptions { Header = false }));
    }

    [Theory]
    [InlineData("species", new[] { "p", "q" }, new double[] { 1, 2 })]
    [InlineData("1", new[] { "p", "q" }, new double[] { 1, 2 })]
    [InlineData("-1", new[] { "p", "species" }, new double[] { 1, 0 })]
    public void The_label_is_chosen_by_name_or_number(string label, string[] features, double[] values)
    {
        byte[] file = [.. "p,species,q\n1,cat,2\n"u8];
        CsvTable table = FormatSample.Csv(file, new CsvOptions { Label = label });
        Assert.Equal(features, table.Layout.Features);
        Assert.Equal(values, Numbers(table));
    }

    [Theory]
    [InlineData("colour", "no column 'colour'; expected one of 'p', 'species', 'q'")]
    [InlineData("3", "no column '3'")]
    [InlineData("-4", "no column '-4'")]
    [InlineData("", "no column ''")]
    public void A_label_that_is_not_there_is_named(string label, string says) =>
        Assert.Contains(says, Hostile.Refusal([.. "p,species,q\n1,cat,2\n"u8], b => FormatSample.Csv(b, new CsvOptions { Label = label })), StringComparison.Ordinal);

    [Fact]
    public void Targets_make_a_regression_and_ignored_columns_are_not_read()
    {
        CsvTable table = FormatSample.Csv([.. "id,a,b,c,d\nx,1,2,3,4\ny,5,6,7,8\n"u8], new CsvOptions { Targets = ["d", "b"], Ignore = ["id"] });
        Assert.Equal(["a", "c"], table.Layout.Features);
        Assert.Equal([1, 3, 5, 7], Numbers(table));
        Assert.Equal(["d", "b"], table.Layout.Targets.Select(t => table.Layout.Columns[t].Name));
        Assert.Equal([4, 2, 8, 6], table.Targets!);
        Assert.Null(table.Labels);
        Assert.Contains("two roles", Hostile.Refusal([.. "a,b\n1,2\n"u8], b => FormatSample.Csv(b, new CsvOptions { Targets = ["a"], Ignore = ["a"] })), StringComparison.Ordinal);
        Assert.Contains("2 columns called 'a'", Hostile.Refusal([.. "a,a,b\n1,2,3\n"u8], b => FormatSample.Csv(b, new CsvOptions { Label = "a" })), StringComparison.Ordinal);
    }

    [Fact]
    public void Classes_that_are_numbers_are_sorted_by_value_and_others_by_character()
    {
        Assert.Equal(["-1", "2", "10"], FormatSample.Csv([.. "1,10\n1,2\n1,-1\n"u8]).SortedClasses());
        Assert.Equal(["10", "2", "B", "a", "ä"], FormatSample.Csv(Encoding.UTF8.GetBytes("1,ä\n1,a\n1,B\n1,2\n1,10\n")).SortedClasses());
    }

    [Theory]
    [InlineData("1,+1\n2,1\n3,-1\n4,-1\n", new[] { "-1", "1" }, new[] { 1, 1, 0, 0 })]
    [InlineData("1,1\n2,1.0\n3,01\n4,1e0\n5,0\n6,-0\n", new[] { "0", "1" }, new[] { 1, 1, 1, 1, 0, 0 })]
    [InlineData("1,9007199254740993\n2,9007199254740992.0\n", new[] { "9007199254740992", "9007199254740993" }, new[] { 1, 0 })]
    [InlineData("1,1a\n2,01\n3,none\n", new[] { "01", "1a", "none" }, new[] { 1, 0, 2 })]
    public void Classes_that_are_whole_numbers_are_compared_by_value(string text, string[] classes, int[] labels)
    {
        CsvTable table = FormatSample.Csv(Encoding.UTF8.GetBytes(text));
        Assert.Equal(classes, table.SortedClasses());
        Assert.Equal(labels, table.LabelsIn(table.SortedClasses()));
    }

    [Fact]
    public void One_number_written_in_two_ways_among_names_is_refused()
    {
        CsvTable table = FormatSample.Csv([.. "7,01\n8,1\n9,a\n"u8]);
        string message = Assert.Throws<GpuGradException>(() => table.SortedClasses()).Message;
        Assert.Equal("f:2:3: the class '1' beside '01', the same number, among classes that are names; expected one way to write it", message);
    }

    [Theory]
    [InlineData("0.5,1.5,label\n1,2,x\n", new[] { "0.5", "1.5" })]
    [InlineData("1,b,label\n1,2,x\n", new[] { "1", "b" })]
    public void A_row_with_a_name_that_is_looked_for_holds_names(string text, string[] features) =>
        Assert.Equal(features, FormatSample.Csv(Encoding.UTF8.GetBytes(text)).Layout.Features);

    [Fact]
    public void A_note_says_that_a_first_row_of_numbers_is_a_sample_unless_the_config_does()
    {
        byte[] file = [.. "5,3,0\n4,3,1\n"u8];
        Assert.Contains("the first row is numbers and is read as a sample", Assert.Single(FormatSample.Csv(file).Notes), StringComparison.Ordinal);
        Assert.Empty(FormatSample.Csv(file, new CsvOptions { Header = false }).Notes);
        Assert.Empty(FormatSample.Csv([.. "5,3,x\n4,3,y\n"u8]).Notes);
        Assert.Equal(2, FormatSample.Csv([.. "0,1,2\n5,3,9\n"u8], new CsvOptions { Header = false }).Rows);
    }

    [Fact]
    public void A_class_that_the_training_data_lacks_is_refused_with_its_place()
    {
        CsvTable test = FormatSample.Csv([.. "1,a\n2,b\n3,c\n"u8]);
        GpuGradException e = Assert.Throws<GpuGradException>(() => test.LabelsIn(["a", "b"]));
        Assert.Equal("f:3:3: the class 'c'; expected one of those of the training data: 'a', 'b'", e.Message);
    }

    [Fact]
    public void Utf_16_is_known_by_its_byte_order_mark() =>
        Assert.Equal([1, 2], Numbers(FormatSample.Csv([0xFF, 0xFE, .. Encoding.Unicode.GetBytes("a,b,label\n1,2,x\n")])));

    [Theory]
    [InlineData(",", ".")]
    [InlineData(".", "'")]
    public void The_machines_language_changes_nothing(string point, string thousands)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (culture.NumberFormat.NumberDecimalSeparator, culture.NumberFormat.NumberGroupSeparator) = (point, thousands);
            culture.NumberFormat.NegativeSign = "−";
            CultureInfo.CurrentCulture = culture;
            CsvTable table = FormatSample.Csv([.. "a,b,label\n0.001,-1.5e3,I\n1.000,2,i\n"u8]);
            Assert.Equal([0.001, -1500, 1, 2], Numbers(table));
            Assert.Equal(["I", "i"], table.SortedClasses());
            Assert.Contains("f:3:1:", Hostile.Refusal([.. "a,label\n1,x\n0,,x\n"u8], b => FormatSample.Csv(b)), StringComparison.Ordinal);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static double[] Numbers(CsvTable table) => table.Doubles ?? Array.ConvertAll(table.Values!, v => (double)v);
}
