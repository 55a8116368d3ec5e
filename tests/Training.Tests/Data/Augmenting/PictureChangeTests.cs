using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Augmenting;

namespace GpuGrad.Training.Tests.Data.Augmenting;

/// <summary>
/// Changes of pictures on the host against numbers from PyTorch 1.13 (grid_sample, interpolate, conv2d and torchvision's formulas in float64) and
/// Python's colorsys, of the picture [3, 5, 6] whose number i is 1 + 73·i mod 255.
/// </summary>
public sealed class PictureChangeTests
{
    private const int Height = 5, Width = 6, Stride = 4;

    private static readonly Dictionary<string, double[]> Golden = new()
    {
        ["brightness 1.4"] = [1.4, 53.2, 105, 156.8, 208.6, 255, 255, 7, 58.8, 110.6, 162.4, 214.2, 255, 255, 12.6, 64.4, 116.2, 168, 219.8, 255, 255, 18.2, 70],
        ["contrast 0.5"] = [58.9806, 77.4806, 95.9806, 114.4806, 132.9806, 151.4806, 169.9806, 60.9806, 79.4806, 97.9806, 116.4806, 134.9806, 153.4806, 171.9806, 62.9806, 81.4806, 99.9806, 118.4806, 136.9806, 155.4806, 173.9806, 64.9806, 83.4806],
        ["saturation 1.7"] = [0, 0, 9.7793, 151.5613, 188.5639, 225.5665, 255, 0, 8.0638, 45.0664, 102.418, 192.7742, 229.7768, 255, 0, 12.2741, 49.2767, 86.2793, 228.0613, 255, 255, 0, 16.2743],
        ["hue 0.15"] = [1, 38, 75, 157, 194, 231, 139, 5, 42, 79, 221, 123, 160, 197, 9, 151, 188, 225, 67, 104, 141, 13, 155],
        ["sharpness 1.6"] = [1, 38, 63, 112, 161, 221.4, 223, 5, 42, 79, 116, 165, 190, 255, 9, 46, 83, 120, 157, 229.4, 255, 13, 50],
        ["posterize 3"] = [0, 32, 64, 96, 128, 160, 192, 0, 32, 64, 96, 128, 160, 224, 0, 32, 64, 96, 128, 192, 224, 0, 32],
        ["solarize 100"] = [1, 38, 75, 143, 106, 69, 32, 5, 42, 79, 139, 102, 65, 28, 9, 46, 83, 135, 98, 61, 24, 13, 50],
        ["autocontrast"] = [0, 42.5, 85, 127.5, 170, 212.5, 255, 4.5946, 41.3514, 83.8514, 126.3514, 168.8514, 211.3514, 253.8514, 3.4459, 41.3514, 83.8514, 126.3514, 168.8514, 211.3514, 253.8514, 3.4459, 45.9459],
        ["equalize"] = [0, 229, 210, 155, 67, 251, 110, 71, 168, 229, 252, 252, 229, 21, 214, 87, 234, 49, 133, 187, 46, 40, 15, 226, 123, 255, 4, 67, 145, 190],
        ["rotate 20 black"] = [83.7995, 108.7329, 53.9746, 61.4425, 179.3345, 120.7999, 18.8723, 93.9537, 165.7489, 10.5899, 117.0249, 142.8885, 142.9593, 113.0737, 58.0552, 104.8023, 16.0775, 98.9746, 106.4425, 105.3462, 165.7999, 19.6361, 138.9537],
        ["rotate 20 reflect"] = [85.8004, 173.2701, 53.9746, 61.4425, 179.3345, 120.7999, 93.007, 93.9537, 165.7489, 27.0556, 117.0249, 142.8885, 142.9593, 113.0737, 64.7646, 130.8004, 75.7087, 98.9746, 106.4425, 105.3462, 165.7999, 126.8204, 138.9537],
        ["shear 0.2"] = [0.6, 110.8, 60.4, 112, 149, 149.6, 150.2, 34.2, 114.8, 63.2, 101.4, 153, 153.6, 190.6, 38.2, 27.6, 53.8, 105.4, 157, 194, 194.6, 42.2, 79.2],
        ["translate"] = [133.3263, 51.6737, 207.3263, 37.0906, 162.6737, 63.3263, 100.3263, 18.6737, 174.3263, 211.3263, 129.6737, 78.0906, 67.3263, 192.9094, 141.3263, 178.3263, 96.6737, 45.0906, 82.0906, 159.9094, 108.3263, 145.3263, 63.6737],
        ["crop 1 2 3 4"] = [75, 130, 131.3667, 3, 185.5, 44.9667, 186, 113.5, 55.1667, 196.2, 123.7, 195.6667, 109.8, 113.8, 166.1667, 120, 47.5, 150.8667, 48, 103, 89.9667, 231, 158.5],
    };

    private static readonly Dictionary<string, Action<ChangingPicture>> Changes = new()
    {
        ["brightness 1.4"] = p => Colors.Brightness(p, 1.4),
        ["contrast 0.5"] = p => Colors.Contrast(p, 0.5),
        ["saturation 1.7"] = p => Colors.Saturation(p, 1.7),
        ["hue 0.15"] = p => Colors.Hue(p, 0.15),
        ["sharpness 1.6"] = p => Colors.Sharpness(p, 1.6),
        ["posterize 3"] = p => Colors.Posterize(p, 3),
        ["solarize 100"] = p => Colors.Solarize(p, 100),
        ["rotate 20 black"] = p => Strong().Change(p, 5, 1),
        ["rotate 20 reflect"] = p => (Strong() with { Fill = Outside.Reflect }).Change(p, 5, 1),
        ["shear 0.2"] = p => Strong().Change(p, 1, 1),
        ["translate"] = p => (Strong() with { Fill = Outside.Reflect }).Change(p, 3, 1),
        ["crop 1 2 3 4"] = p => p.Resample(PixelMap.OfRectangle(1, 2, 3, 4, Height, Width), Outside.Black, (1, 2, 3, 5)),
    };

    public static TheoryData<string> Names => [.. Changes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_change_gives_the_numbers_of_PyTorch(string name)
    {
        ChangingPicture picture = Picture();
        Changes[name](picture);
        AssertClose(Golden[name], [.. Enumerable.Range(0, Golden[name].Length).Select(i => picture.Pixels[i * Stride])]);
    }

    [Fact]
    public void Contrast_is_stretched_as_torchvision_does()
    {
        ChangingPicture picture = Picture();
        foreach (ref float v in picture.Pixels.Slice(Height * Width, Height * Width))
            v = (v / 2) + 20;
        Colors.AutoContrast(picture);
        AssertClose(Golden["autocontrast"], [.. Enumerable.Range(0, Golden["autocontrast"].Length).Select(i => picture.Pixels[i * Stride])]);
    }

    [Fact]
    public void A_histogram_is_made_even_as_torchvision_does()
    {
        var picture = new ChangingPicture(1, 40, 50, [0]);
        for (int i = 0; i < 2000; i++)
            picture.Pixels[i] = (i * i * 7 % 97) + (i % 13 * 4);
        Colors.Equalize(picture);
        AssertClose(Golden["equalize"], [.. Enumerable.Range(0, 30).Select(i => picture.Pixels[i * 67])]);
    }

    [Fact]
    public void A_gray_picture_is_its_own_gray()
    {
        var picture = new ChangingPicture(1, 1, 4, [0]);
        new float[] { 10, 20, 30, 100 }.CopyTo(picture.Pixels);
        Colors.Contrast(picture, 0.5);
        Assert.Equal([25, 30, 35, 70], picture.Pixels.ToArray());
    }

    [Theory]
    [InlineData(Outside.Black)]
    [InlineData(Outside.Reflect)]
    public void A_mask_moves_with_its_picture_and_keeps_its_classes(Outside fill)
    {
        const int Side = 32;
        PictureChanges[] all = [new(Crop: new ResizedCropConfig()), new(RandAugment: new RandAugmentConfig { NumOps = 1, Magnitude = 20, Fill = fill })];
        int unknown = 0;
        for (int n = 0; n < 200; n++)
        {
            // A bright rectangle of class 1 on black, of class 0: where a bilinear pixel is bright, the nearest one's class is 1.
            var picture = new ChangingPicture(1, Side, Side, [0]) { Mask = new byte[Side * Side] };
            for (int i = 0; i < Side * Side; i++)
                (picture.Pixels[i], picture.Mask[i]) = i / Side is > 8 and < 22 && i % Side is > 5 and < 20 ? (200f, (byte)1) : (0f, (byte)0);
            PictureChanges changes = all[n % 2];
            changes.Apply(picture, 7, n, 3);
            for (int i = 0; i < Side * Side && (n % 2 == 0 || IsMotion(n)); i++)
            {
                unknown += picture.Mask[i] == SampleSet.Ignored ? 1 : 0;
                Assert.False(picture.Pixels[i] > 150 && picture.Mask[i] != 1, $"{n}: {i}");
                Assert.False(picture.Pixels[i] < 50 && picture.Mask[i] == 1, $"{n}: {i}");
            }
        }
        Assert.Equal(fill == Outside.Reflect, unknown == 0);

        // The kinds of RandAugment that only move.
        static bool IsMotion(int n)
        {
            (uint a, uint b, _, _) = Philox.Bits(0, 3, (uint)n, (uint)Purpose.Change, 7, 0);
            return new RandomStream(((ulong)b << 32) | a, Purpose.Change).NextInt(14) is >= 0 and <= 5;
        }
    }

    [Fact]
    public void A_random_crop_has_the_requested_areas_and_ratios_and_is_inside_the_picture()
    {
        var crop = new ResizedCropConfig { Scale = [0.25, 0.75], Ratio = [0.5, 2] };
        var random = new RandomStream(1, Purpose.Explore);
        var parts = Enumerable.Range(0, 2000).Select(_ => crop.Draw(random, 200, 300)).ToArray();
        Assert.All(parts, p =>
        {
            Assert.True(p.Top >= 0 && p.Left >= 0 && p.Top + p.Height <= 200 && p.Left + p.Width <= 300, $"{p}");
            Assert.InRange(p.Height * p.Width / 60000.0, 0.24, 0.76);
            Assert.InRange(p.Width / (double)p.Height, 0.49, 2.05);
        });
        Assert.InRange(parts.Average(p => p.Height * p.Width / 60000.0), 0.42, 0.52);
        // Where none fits, the largest in the middle whose ratio is allowed.
        Assert.Equal((0, 45, 10, 10), new ResizedCropConfig { Scale = [1, 1], Ratio = [1, 1] }.Draw(random, 10, 100));
    }

    [Fact]
    public void A_change_depends_on_seed_batch_and_sample()
    {
        var changes = new PictureChanges(new ResizedCropConfig(), new ColorJitterConfig { Hue = 0.2 }, new RandAugmentConfig());
        string Of(ulong seed, long batch, int sample)
        {
            ChangingPicture picture = Picture();
            changes.Apply(picture, seed, batch, sample);
            return string.Join(' ', picture.Pixels.ToArray());
        }
        (ulong, long, int)[] times = [(1, 0, 0), (2, 0, 0), (1ul << 32, 0, 0), (1, 1, 0), (1, 1L << 32, 0), (1, 0, 1)];
        Assert.Equal(times.Length, times.Select(t => Of(t.Item1, t.Item2, t.Item3)).Distinct().Count());
        Assert.Equal(Of(3, 4, 5), Of(3, 4, 5));
    }

    private static RandAugmentConfig Strong() => new() { Magnitude = 20 };

    private static ChangingPicture Picture()
    {
        var picture = new ChangingPicture(3, Height, Width, [0, 0, 0]);
        for (int i = 0; i < picture.Pixels.Length; i++)
            picture.Pixels[i] = 1 + (i * 73 % 255);
        return picture;
    }

    // The golden numbers have four places.
    private static void AssertClose(double[] expected, double[] actual)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 0.001);
    }
}
