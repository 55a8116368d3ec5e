using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Augmenting;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Data.Preview;

/// <summary>Draws pictures of a data set in a grid, with the names of their classes below; each followed by augmented versions of it on request.</summary>
internal static class PictureSheet
{
    private const int Gap = 6, LeastSide = 84, MostSide = 256, MostColumns = 16;

    public static byte[] Draw(SampleSet samples, IReadOnlyList<string>? names, int count, Normalization normalization, Augmentations? augmentation, int versions, ulong seed)
    {
        int[] chosen = Choose(samples, count);
        int classes = samples.Labels is null ? 0 : samples.Labels.Max() + 1;
        int columns = augmentation is not null ? 1 + versions : classes is > 1 and <= MostColumns ? classes : Math.Min(chosen.Length, 12);
        int rows = augmentation is not null ? chosen.Length : (chosen.Length + columns - 1) / columns;
        int height = samples.Shape[1], width = samples.Shape[2], scale = ScaleOf(samples.Shape);
        int cellWidth = (width * scale) + Gap, cellHeight = (height * scale) + Font.Height + 3 + Gap;
        var canvas = new Canvas(Gap + (columns * cellWidth), Gap + (rows * cellHeight));
        var tones = new Tones(samples);
        for (int i = 0; i < chosen.Length; i++)
        {
            (int row, int column) = augmentation is null ? (i / columns, i % columns) : (i, 0);
            (int x, int y) = (Gap + (column * cellWidth), Gap + (row * cellHeight));
            Place(canvas, x, y, scale, samples.Shape, tones, Raw(samples, chosen[i]));
            if (samples.Labels is int[] labels)
                canvas.Text(x, y + (height * scale) + 3, names?[labels[chosen[i]]] ?? $"class {labels[chosen[i]]}", Colour.Ink, width * scale);
            for (int version = 0; augmentation is not null && version < versions; version++)
            {
                x += cellWidth;
                Place(canvas, x, y, scale, samples.Shape, tones, Mixed(i, version));
            }
        }
        return canvas.ToPng();

        // As in a batch of the samples shown.
        double[] Mixed(int i, int version)
        {
            double[] own = Changed(samples, chosen[i], normalization, augmentation, seed, version);
            if (augmentation.Mixing is not { } mixing)
                return own;
            double[] other = Changed(samples, chosen[(i + 1) % chosen.Length], normalization, augmentation, seed, version);
            BatchMix mix = mixing.Draw(seed, version, height, width);
            double share = mix.Share / (double)BatchMix.Whole;
            return [.. own.Select((v, at) => mix.Height > 0 ? mix.Has(at / width % height, at % width) ? other[at] : v : (share * v) + ((1 - share) * other[at]))];
        }
    }

    /// <summary>Draws some samples with a text below each.</summary>
    public static byte[] Draw(SampleSet samples, IReadOnlyList<(int Index, string Text)> chosen)
    {
        (int columns, int scale) = (Math.Min(chosen.Count, MostColumns), ScaleOf(samples.Shape));
        int rows = (chosen.Count + columns - 1) / columns, height = samples.Shape[1] * scale, width = samples.Shape[2] * scale;
        (int cellWidth, int cellHeight) = (width + Gap, height + Font.Height + 3 + Gap);
        var canvas = new Canvas(Gap + (columns * cellWidth), Gap + (rows * cellHeight));
        var tones = new Tones(samples);
        for (int i = 0; i < chosen.Count; i++)
        {
            (int x, int y) = (Gap + (i % columns * cellWidth), Gap + (i / columns * cellHeight));
            Place(canvas, x, y, scale, samples.Shape, tones, Raw(samples, chosen[i].Index));
            canvas.Text(x, y + height + 3, chosen[i].Text, Colour.Ink, width);
        }
        return canvas.ToPng();
    }

    private static int ScaleOf(Shape shape)
    {
        int side = Math.Max(shape[1], shape[2]), scale = Math.Clamp(LeastSide / side, 1, 8);
        return side * scale > MostSide ? 1 : scale;
    }

    // One sample of each class in turn.
    private static int[] Choose(SampleSet samples, int count)
    {
        count = Math.Min(count, samples.Count);
        if (samples.Labels is null)
            return [.. Enumerable.Range(0, count)];
        var seen = new Dictionary<int, int>();
        (int Turn, int Label, int Index)[] order = [.. samples.Labels.Select((label, i) => (seen[label] = seen.GetValueOrDefault(label) + 1, label, i))];
        Array.Sort(order);
        return [.. order.Take(count).Select(o => o.Index)];
    }

    private static double[] Raw(SampleSet samples, int index)
    {
        var values = new double[samples.Shape.Count];
        samples.Read((long)index * values.Length, values);
        return values;
    }

    // What a batch of this sample alone would hold, in raw values.
    private static double[] Changed(SampleSet samples, int index, Normalization normalization, Augmentations augmentation, ulong seed, int step)
    {
        using var memory = new DeviceMemory(new ReferenceDevice());
        SampleSet one = samples.Pick([index]).WithoutAnswers();
        // The only sample of this data set has index 0; the seed distinguishes the samples of the sheet.
        var time = new BatchTime(((ulong)index << 32) | (uint)seed, step);
        var source = new BatchSource("sheet", one, normalization, augmentation with { Mixing = null });
        var graph = new Graph();
        Tensor clock = graph.Persistent("clock", new TensorType(new Shape(ClockLayout.Length), ElementType.Int32));
        Tensor y = source.Fetch(graph, 1, clock).X;
        source.Upload(memory);
        source.Provide(memory, 0, 1, time);
        memory.Write(clock.Placement!.Value.Slot, 0, [(int)time.Seed, (int)(time.Seed >> 32), step, .. new int[ClockLayout.Length - 3]]);
        using Plan plan = Plan.Of(graph, memory, new PlanOptions { Keep = [y] });
        plan.Run();
        double[] values = plan.Read(y);
        int pixels = samples.Shape.Count / samples.Shape[0];
        for (int i = 0; i < values.Length; i++)
            values[i] = (values[i] / normalization.Scale[i / pixels]) + normalization.Centre[i / pixels];
        return values;
    }

    private static void Place(Canvas canvas, int x, int y, int scale, Shape shape, Tones tones, double[] values)
    {
        int height = shape[1], width = shape[2], plane = height * width;
        for (int i = 0; i < plane; i++)
        {
            byte r = tones.Of(values[i]);
            Colour colour = shape[0] == 3 ? new Colour(r, tones.Of(values[plane + i]), tones.Of(values[(2 * plane) + i])) : new Colour(r, r, r);
            canvas.Fill(x + (i % width * scale), y + (i / width * scale), scale, scale, colour);
        }
    }

    /// <summary>Maps raw values to shades: bytes unchanged, other numbers from their smallest to their largest.</summary>
    private sealed class Tones
    {
        private readonly double low;
        private readonly double width = 255;

        public Tones(SampleSet samples)
        {
            if (samples.AreBytes)
                return;
            IReadOnlyList<ChannelStatistics> statistics = ChannelStatistics.Of(samples);
            low = statistics.Min(s => s.Minimum);
            width = Math.Max(1e-30, statistics.Max(s => s.Maximum) - low);
        }

        public byte Of(double value) => (byte)Math.Clamp(Math.Round((value - low) / width * 255), 0, 255);
    }
}
