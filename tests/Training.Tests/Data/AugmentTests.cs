using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Augmenting;

namespace GpuGrad.Training.Tests.Data;

/// <summary>What the comments of <see cref="Augmentation"/> promise, computed here a second time from those comments.</summary>
public sealed class AugmentTests
{
    private const int Samples = 6, Channels = 2, Height = 5, Width = 7, Size = Channels * Height * Width;

    private static readonly byte[] Pixels = [.. Enumerable.Range(0, Samples * Size).Select(i => (byte)(1 + (i * 73 % 255)))];

    private static readonly Augmentation Everything = new()
    {
        FlipHorizontal = true,
        FlipVertical = true,
        Shift = 2,
        Rotate = 30,
        EraseProbability = 0.5,
        EraseArea = 0.3,
        Noise = 0.2,
    };

    public static TheoryData<string> Devices => ["reference", "cpu"];

    [Theory]
    [MemberData(nameof(Devices))]
    public void A_sample_becomes_the_same_wherever_it_stands_in_the_batch(string device)
    {
        double[] alone = Run(device, Everything, [3], seed: 9, step: 17);
        double[] among = Run(device, Everything, [0, 5, 3, 3, 1], seed: 9, step: 17);
        Assert.Equal(alone, among[(2 * Size)..(3 * Size)]);
        Assert.Equal(alone, among[(3 * Size)..(4 * Size)]);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Seed_step_and_sample_each_change_what_comes_out_and_nothing_else_does(string device)
    {
        var seen = new HashSet<string>();
        foreach ((ulong seed, ulong step) in new (ulong, ulong)[] { (1, 0), (2, 0), (1ul << 32, 0), (1, 1), (1, 1ul << 32) })
        {
            string once = string.Join(' ', Run(device, Everything, [2], seed, step));
            Assert.Equal(once, string.Join(' ', Run(device, Everything, [2], seed, step)));
            Assert.True(seen.Add(once), $"seed {seed}, step {step}");
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Mirrors_and_moves_follow_the_words_of_block_0(string device)
    {
        var augmentation = new Augmentation { FlipHorizontal = true, FlipVertical = true, Shift = 3 };
        var kinds = new HashSet<(bool, bool)>();
        for (ulong step = 0; step < 40; step++)
        {
            double[] y = Run(device, augmentation, [4], seed: 77, step);
            (uint a, uint b, uint c, _) = Philox.Bits(0, 4, (uint)step, 4, 77, 0);
            (bool mirrorX, bool mirrorY) = (a >= 1u << 31, (a & (1u << 30)) != 0);
            (int dx, int dy) = ((int)((b * 7ul) >> 32) - 3, (int)((c * 7ul) >> 32) - 3);
            kinds.Add((mirrorX, mirrorY));
            for (int i = 0; i < Size; i++)
            {
                int plane = i / (Height * Width), row = i / Width % Height, column = i % Width;
                int sourceX = (mirrorX ? Width - 1 - column : column) - dx, sourceY = (mirrorY ? Height - 1 - row : row) - dy;
                bool inside = sourceX >= 0 && sourceX < Width && sourceY >= 0 && sourceY < Height;
                Assert.Equal(inside ? Pixels[(4 * Size) + (((plane * Height) + sourceY) * Width) + sourceX] : 0, y[i]);
            }
        }
        Assert.Equal(4, kinds.Count);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void A_rectangle_within_the_picture_is_erased_as_often_as_asked(string device)
    {
        var augmentation = new Augmentation { EraseProbability = 0.3, EraseArea = 0.25 };
        int erased = 0;
        for (ulong step = 0; step < 1000; step++)
        {
            double[] y = Run(device, augmentation, [1], seed: 5, step);
            int[] black = [.. Enumerable.Range(0, Height * Width).Where(i => y[i] == 0)];
            Assert.Equal(black, Enumerable.Range(0, Height * Width).Where(i => y[(Height * Width) + i] == 0));
            if (black.Length == 0)
                continue;
            erased++;
            int height = 1 + black.Max(i => i / Width) - black.Min(i => i / Width), width = 1 + black.Max(i => i % Width) - black.Min(i => i % Width);
            Assert.Equal(black.Length, height * width);
            Assert.True(height <= 3 && width <= 4, "Half a side, rounded.");
        }
        Assert.InRange(erased, 250, 350);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void A_picture_turned_by_180_degrees_is_mirrored_both_ways(string device)
    {
        var augmentation = new Augmentation { Rotate = 180 };
        // A step in which the angle comes out near an end: every pixel then lies within a hundredth of its mirror's place.
        ulong step = 0;
        while (Math.Abs((2 * Philox.Uniform(Philox.Bits(0, 0, (uint)step, 4, 3, 0).D)) - 1) < 0.9997)
            step++;
        double[] y = Run(device, augmentation, [0], seed: 3, step);
        for (int plane = 0; plane < Channels; plane++)
        {
            for (int i = 0; i < Height * Width; i++)
                Assert.Equal(Pixels[(plane * Height * Width) + (Height * Width) - 1 - i], y[(plane * Height * Width) + i], 4.0);
        }
    }

    [Theory]
    [InlineData("reference", Outside.Mean)]
    [InlineData("cpu", Outside.Mean)]
    [InlineData("reference", Outside.Reflect)]
    [InlineData("cpu", Outside.Reflect)]
    public void What_comes_in_from_outside_is_what_was_asked_for(string device, Outside fill)
    {
        // A shift of 9 in a picture of 5 × 7 mirrors it more than once.
        foreach (int shift in new[] { 2, 9 })
        {
            for (ulong step = 0; step < 30; step++)
            {
                double[] y = Run(device, new Augmentation { Shift = shift, FlipHorizontal = true, Fill = fill }, [2], seed: 7, step, centre: 100);
                (uint a, uint b, uint c, _) = Philox.Bits(0, 2, (uint)step, 4, 7, 0);
                (int dx, int dy) = ((int)((b * ((2ul * (uint)shift) + 1)) >> 32) - shift, (int)((c * ((2ul * (uint)shift) + 1)) >> 32) - shift);
                for (int i = 0; i < Size; i++)
                {
                    int plane = i / (Height * Width), row = i / Width % Height, column = i % Width;
                    int x = (a >> 31 != 0 ? Width - 1 - column : column) - dx, v = row - dy;
                    bool inside = x >= 0 && x < Width && v >= 0 && v < Height;
                    // numpy.pad(..., mode='reflect'): 2 1 0 1 2 3 2 1
                    int mx = Enumerable.Range(0, Width).First(p => (p - x) % (2 * (Width - 1)) == 0 || (p + x) % (2 * (Width - 1)) == 0);
                    int my = Enumerable.Range(0, Height).First(p => (p - v) % (2 * (Height - 1)) == 0 || (p + v) % (2 * (Height - 1)) == 0);
                    double pixel = Pixels[(2 * Size) + (((plane * Height) + my) * Width) + mx] - 100;
                    Assert.Equal(inside || fill == Outside.Reflect ? pixel : 0, y[i]);
                }
            }
        }
    }

    [Theory]
    [InlineData("reference", Outside.Black)]
    [InlineData("cpu", Outside.Black)]
    [InlineData("cpu", Outside.Mean)]
    [InlineData("reference", Outside.Reflect)]
    [InlineData("cpu", Outside.Reflect)]
    public void A_rotated_picture_equals_the_hosts_resampling(string device, Outside fill)
    {
        for (ulong step = 0; step < 20; step++)
        {
            double[] y = Run(device, new Augmentation { Rotate = 50, Fill = fill }, [1], seed: 3, step, centre: 100);
            double angle = ((2 * Philox.Uniform(Philox.Bits(0, 1, (uint)step, 4, 3, 0).D)) - 1) * 50 * Math.PI / 180;
            var picture = new ChangingPicture(Channels, Height, Width, [100, 100]);
            for (int i = 0; i < Size; i++)
                picture.Pixels[i] = Pixels[Size + i];
            picture.Resample(PixelMap.Around(Math.Cos(angle), Math.Sin(angle), -Math.Sin(angle), Math.Cos(angle), Height, Width), fill);
            for (int i = 0; i < Size; i++)
                Assert.Equal(picture.Pixels[i] - 100, y[i], 0.001);
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Noise_is_normal_and_of_the_strength_asked_for(string device)
    {
        var augmentation = new Augmentation { Noise = 0.5 };
        double[] z = [.. Enumerable.Range(0, 200).SelectMany(step => Run(device, augmentation, [0], 8, (ulong)step).Select((v, i) => (v - Pixels[i]) / 0.5))];
        Assert.Equal(0, z.Average(), 0.03);
        Assert.Equal(1, z.Average(v => v * v), 0.04);
        Assert.Equal(0, z.Average(v => v * v * v), 0.08);
        Assert.Equal(3, z.Average(v => v * v * v * v), 0.25);
        Assert.InRange(z.Count(v => Math.Abs(v) > 2) / (double)z.Length, 0.04, 0.051);
    }

    [Fact]
    public void The_cpu_gives_the_same_bits_with_any_number_of_threads()
    {
        int[] batch = [.. Enumerable.Range(0, 97).Select(i => i * 5 % Samples)];
        double[] one = Run("cpu", Everything, batch, 1, 2, threads: 1);
        Assert.Equal(one, Run("cpu", Everything, batch, 1, 2, threads: 2));
        Assert.Equal(one, Run("cpu", Everything, batch, 1, 2, threads: 5));
    }

    private static double[] Run(string device, Augmentation augmentation, int[] batch, ulong seed, ulong step, int threads = 1, double centre = 0)
    {
        using var memory = new DeviceMemory(device == "cpu" ? new CpuDevice(threads) : new ReferenceDevice());
        var graph = new Graph();
        Tensor data = graph.Persistent("data", new TensorType(new Shape(Samples, Channels, Height, Width), ElementType.Byte));
        Tensor indices = graph.Persistent("indices", new TensorType(new Shape(batch.Length), ElementType.Int32));
        Tensor scale = graph.Persistent("scale", new TensorType(new Shape(Channels))), shift = graph.Persistent("shift", new TensorType(new Shape(Channels)));
        Tensor rng = graph.Persistent("rng", new TensorType(new Shape(4), ElementType.Int32));
        Tensor y = graph.Add(new AugmentImages(augmentation), data, indices, scale, shift, rng);
        memory.Write(data.Placement!.Value.Slot, 0, Pixels);
        memory.Write(indices.Placement!.Value.Slot, 0, batch);
        memory.Write(scale.Placement!.Value.Slot, 0, [1.0, 1.0]);
        memory.Write(shift.Placement!.Value.Slot, 0, [-centre, -centre]);
        memory.Write(rng.Placement!.Value.Slot, 0, [(int)seed, (int)(seed >> 32), (int)step, (int)(step >> 32)]);
        using Plan plan = Plan.Of(graph, memory, new PlanOptions { Keep = [y] });
        plan.Run();
        double[] values = plan.Read(y);
        memory.Device.Dispose();
        return values;
    }
}
