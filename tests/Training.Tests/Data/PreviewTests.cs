using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Preview;
using SkiaSharp;

namespace GpuGrad.Training.Tests.Data;

public sealed class PreviewTests
{
    [Theory]
    [InlineData("digits: {train: 200, test: 0}", true)]
    [InlineData("random: {shape: [3, 32, 32], train: 50, test: 0}", true)]
    [InlineData("random: {shape: [1, 1, 1], train: 50, test: 0}", true)]
    [InlineData("random: {shape: [2, 300, 20], train: 12, test: 0}", true)]
    [InlineData("spirals: {classes: 40}", true)]
    [InlineData("sine: {}", true)]
    [InlineData("linear: {}", false)]
    [InlineData("random: {shape: [17]}", false)]
    public void Pictures_and_points_are_drawn_and_rows_of_numbers_are_not(string source, bool drawn)
    {
        byte[]? png = DataPreview.Sheet(Load.Training($"{{dataset: {{{source}}}}}"), 30);
        Assert.Equal(drawn, png is not null);
        if (png is not null)
            Assert.Contains(Read(png).Pixels, p => p < 100);
    }

    [Fact]
    public void Each_class_has_its_column_and_each_picture_its_pixels()
    {
        TrainingData data = Load.Training("{dataset: {digits: {train: 300, test: 0, distortion: 0}}}");
        Picture sheet = Read(DataPreview.Sheet(data, 20)!);
        Assert.Equal((6 + (10 * 90), 6 + (2 * (84 + 10 + 6))), (sheet.Width, sheet.Height));
        for (int digit = 0; digit < 10; digit++)
        {
            int first = Array.IndexOf(data.Train.Labels!, digit);
            for (int i = 0; i < 784; i++)
            {
                int x = 6 + (digit * 90) + (i % 28 * 3) + 1, y = 6 + (i / 28 * 3) + 1;
                Assert.Equal(data.Train.Bytes![(first * 784) + i], sheet.Pixels[((y * sheet.Width) + x) * 3]);
            }
        }
    }

    [Fact]
    public void Changed_versions_stand_beside_the_picture_and_are_what_training_sees()
    {
        TrainingData data = Load.Training("{dataset: {digits: {train: 20, test: 0}}, augment: [{flip: horizontal}]}");
        Picture sheet = Read(DataPreview.AugmentedSheet(data, count: 3, versions: 8)!);
        Assert.Equal(6 + (9 * 90), sheet.Width);
        int[] mirrored = [.. Enumerable.Range(1, 8).Where(v => Cell(0).SequenceEqual(Cell(v).Chunk(28).SelectMany(row => row.Reverse())))];
        int[] same = [.. Enumerable.Range(1, 8).Where(v => Cell(0).SequenceEqual(Cell(v)))];
        Assert.Equal(8, mirrored.Length + same.Length);
        Assert.NotEmpty(mirrored);

        byte[] Cell(int column) => [.. Enumerable.Range(0, 784).Select(i => sheet.Pixels[((((6 + (i / 28 * 3)) * sheet.Width) + 6 + (column * 90) + (i % 28 * 3)) * 3) + 1])];
    }

    [Fact]
    public void Letters_are_all_different_and_stay_in_their_place()
    {
        var seen = new HashSet<string>();
        for (char letter = ' '; letter <= '~'; letter++)
        {
            string dots = string.Concat(Enumerable.Range(0, 35).Select(i => Font.IsSet(letter, i % 5, i / 5) ? '#' : '.'));
            Assert.True(seen.Add(dots), $"'{letter}' looks like another letter.");
        }
        var canvas = new Canvas(20, 9);
        canvas.Text(1, 1, "a very long name", Colour.Ink, 18);
        Assert.DoesNotContain(Enumerable.Range(0, 9), y => Read(canvas.ToPng()).Pixels[((y * 20) + 19) * 3] != 255);
    }

    [Fact]
    public void Real_valued_pictures_are_shown_from_their_smallest_to_their_largest_value()
    {
        var samples = new SampleSet { Shape = new Shape(1, 1, 2), Count = 1, Reals = [-3, 5] };
        var data = new DataSet { Shape = new DataShape(samples.Shape, 0, 1), Train = samples with { Targets = [0], TargetSize = 1 }, Origin = "", Fingerprint = "" };
        Picture sheet = Read(DataPreview.Sheet(TrainingData.Prepare(Load.Config("{dataset: xor}"), data, 1))!);
        Assert.Equal((0, 255), (sheet.Pixels[((6 * sheet.Width) + 6) * 3], sheet.Pixels[((6 * sheet.Width) + 6 + 8) * 3]));
    }

    private static Picture Read(byte[] png)
    {
        using SKBitmap bitmap = SKBitmap.Decode(png, new SKImageInfo(SKBitmap.DecodeBounds(png).Width, SKBitmap.DecodeBounds(png).Height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        return new Picture(bitmap.Width, bitmap.Height, 3, [.. bitmap.Bytes.Where((_, i) => i % 4 != 3)]);
    }
}
