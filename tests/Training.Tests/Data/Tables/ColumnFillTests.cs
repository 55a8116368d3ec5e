using GpuGrad.Training.Data;

namespace GpuGrad.Training.Tests.Data.Tables;

/// <summary>Gaps in a column are filled as the config says, and what the config cannot mean is refused.</summary>
public sealed class ColumnFillTests : TypedTables
{
    [Theory]
    [InlineData("number: {missing: mean}", new double[] { 1, 3, 8, 4 })]
    [InlineData("number: {missing: median}", new double[] { 1, 3, 8, 3 })]
    [InlineData("number: {missing: constant, fill: -1}", new double[] { 1, 3, 8, -1 })]
    [InlineData("number: {missing: most-frequent}", new double[] { 1, 3, 8, 1 })]
    public void Missing_numbers_are_filled_as_asked(string column, double[] expected)
    {
        TrainingData data = Train("x,y\n1,a\n3,b\n8,a\n,b\n", $"columns: {{x: {{{column}}}}}");
        Assert.Equal(expected, Enumerable.Range(0, 4).Select(i => data.Train[i]));
    }

    [Theory]
    [InlineData("missing: most-frequent", new double[] { 1, 0, 0 })]
    [InlineData("missing: constant, fill: q", new double[] { 0, 1, 0 })]
    [InlineData("missing: constant, fill: new", new double[] { 0, 0, 1, 0 })]
    [InlineData("missing: indicator", new double[] { 0, 0, 0, 1 })]
    public void Missing_categories_are_filled_as_asked(string keys, double[] expected) =>
        Assert.Equal(expected, Row(Train("x,y\np,a\np,b\nq,a\n,b\n", $"columns: {{x: {{category: {{{keys}}}}}}}").Train, 3));

    [Theory]
    [InlineData("{x: {number: {missing: refuse}}}", Fault.Data, "train.csv:3:1: nothing in column 'x'; expected a value")]
    [InlineData("{x: {category: {missing: mean}}}", Fault.Config, "missing: mean for a category")]
    [InlineData("{x: {number: {fill: 3}}}", Fault.Config, "'fill' without 'missing: constant'")]
    [InlineData("{x: {number: {missing: constant}}}", Fault.Config, "'missing: constant' without 'fill'")]
    [InlineData("{x: text}", Fault.Config, "free text cannot be learned from yet")]
    [InlineData("{x: words}", Fault.Config, "no column type is called 'words'")]
    [InlineData("{z: number}", Fault.Data, "no column 'z'")]
    [InlineData("{y: ignore}", Fault.Data, "a column with two roles")]
    [InlineData("[x]", Fault.Config, "columns is a list; expected a mapping")]
    public void What_cannot_be_meant_by_columns_is_refused(string columns, Fault fault, string says) =>
        Assert.Contains(says, Refusal("x,y\n1,a\n,b\n3,a\n", $"columns: {columns}", fault), StringComparison.Ordinal);

    [Fact]
    public void A_column_without_any_value_is_refused_with_its_first_place() =>
        Assert.Contains("train.csv:2:3: '?' in column 'b', as in every row; expected values", Refusal("a,b,y\n1,?,p\n2,,q\n", ""), StringComparison.Ordinal);
}
