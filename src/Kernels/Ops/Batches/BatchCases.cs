using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Ops.Batches;

internal static class BatchCases
{
    // Each change alone, then together, including one that moves a picture out or erases it entirely.
    private static readonly Augmentation[] Augmentations =
    [
        new() { FlipHorizontal = true },
        new() { FlipVertical = true, FlipHorizontal = true },
        new() { Shift = 2 },
        new() { Shift = 40 },
        new() { Rotate = 25 },
        new() { Rotate = 180, FlipHorizontal = true, Shift = 1 },
        new() { EraseProbability = 0.7 },
        new() { EraseProbability = 1, EraseArea = 1 },
        new() { Noise = 0.3 },
        new() { Shift = 2, Fill = Outside.Reflect, FlipHorizontal = true },
        new() { Shift = 40, Fill = Outside.Reflect },
        new() { Rotate = 60, Shift = 1, Fill = Outside.Reflect },
        new() { Rotate = 60, Fill = Outside.Mean },
        new() { Shift = 3, Fill = Outside.Mean, FlipVertical = true, EraseProbability = 0.5 },
        new() { FlipHorizontal = true, Shift = 3, Rotate = 10, EraseProbability = 0.5, EraseArea = 0.3, Noise = 0.1 },
    ];

    private static readonly int[] Classes = [1, 2, 10, 257];

    private static readonly int[] Widths = [9, 1, 33, 64, 5, 257];

    public static OpFamily Family { get; } = new("batches", (random, i) =>
    {
        int sizes = i + (i / 15) + 1; // each of the 15 ops meets all sizes
        int samples = 1 + (sizes % 7), n = 1 + (sizes % 5);
        CaseInput indices = CaseInput.Integers(random, new Shape(n), samples);
        var image = new Shape(samples, 1 + (sizes % 3), 1 + (sizes % 6), Widths[i / 15 % Widths.Length]);
        CaseInput[] bytes = Images(random, CaseInput.Integers(random, image, 256, ElementType.Byte), indices);
        CaseInput[] reals = Images(random, CaseInput.Normal(random, image), indices);
        var row = new Shape(samples, Widths[i / 15 % Widths.Length]);
        return (i % 15) switch
        {
            10 => new OpCase("mix", new MixBatch(i % 30 == 10), [CaseInput.Normal(random, new Shape(n, image[1], image[2], image[3])), Mix(random, i, image)]) { Differentiable = false },
            11 => i % 30 == 11
                ? new OpCase("mix labels", new MixLabels(), [CaseInput.Integers(random, new Shape(1 + (i % 33)), 10), Mix(random, i, image)]) { Differentiable = false }
                : new OpCase("mix rows", new MixBatch(false), [CaseInput.Normal(random, new Shape(n, row[1])), Mix(random, i, image)]) { Differentiable = false },
            0 => new OpCase("gather labels", new GatherRows(), [CaseInput.Integers(random, new Shape(samples), 10), indices]) { Differentiable = false },
            1 => new OpCase("gather reals", new GatherRows(), [CaseInput.Normal(random, new Shape(samples, 13)), indices]) { Differentiable = false },
            2 => new OpCase("gather bytes", new GatherImages(), bytes) { Differentiable = false },
            3 => new OpCase("gather images", new GatherImages(), reals) { Differentiable = false },
            4 => new OpCase("gather rows", new GatherImages(), Images(random, i % 30 == 4 ? CaseInput.Normal(random, row) : CaseInput.Integers(random, row, 256, ElementType.Byte), indices)) { Differentiable = false },
            5 => new OpCase("noise on rows", new AugmentImages(new Augmentation { Noise = 0.5 }), [.. Images(random, CaseInput.Normal(random, row), indices), Rng(random)]) { Differentiable = false },
            6 => Augment(i / 15 * 4, bytes, random),
            7 => Augment((i / 15 * 4) + 1, reals, random),
            8 => SelectBatch(random, CaseSizes.Draw(random, 40)),
            9 => Masks(random, i / 15 * 2, image, indices),
            12 => Augment((i / 15 * 4) + 2, bytes, random),
            13 => Augment((i / 15 * 4) + 3, reals, random),
            _ => i % 30 == 14 ? Masks(random, (i / 30 * 2) + 9, image, indices) : OneHot(random, Classes[i / 30 % Classes.Length], 1 + (i % 33)),
        };
    });

    // Classes 0 to 3, and pixels without a class.
    private static OpCase Masks(RandomStream random, int index, Shape image, CaseInput indices)
    {
        Augmentation? augmentation = index % 3 == 0 ? null : Augmentations[index % Augmentations.Length];
        CaseInput masks = CaseInput.Integers(random, new Shape(image[0], image[2], image[3]), 5, ElementType.Byte);
        masks = masks with { Values = [.. masks.Values.Select(v => v == 4 ? byte.MaxValue : v)] };
        bool inOrder = index % 2 == 1 && indices.Type.Shape[0] <= image[0];
        return new OpCase($"gather masks {augmentation}{(inOrder ? " in order" : "")}", new GatherMasks(augmentation) { InOrder = inOrder }, augmentation is null ? [masks, indices] : [masks, indices, Rng(random)]) { Differentiable = false };
    }

    // A batch somewhere in an epoch's order; the clock's other words are the seed and the step.
    private static OpCase SelectBatch(RandomStream random, int samples)
    {
        int batch = CaseSizes.Draw(random, samples), cursor = random.NextInt(samples - batch + 1);
        var clock = new double[ClockLayout.Length];
        for (int i = 0; i < clock.Length; i++)
            clock[i] = (int)random.NextBits();
        clock[ClockLayout.Cursor] = cursor;
        CaseInput order = new(new TensorType(new Shape(samples), ElementType.Int32), [.. random.Permutation(samples).Select(p => (double)p)], false);
        CaseInput at = new(new TensorType(new Shape(ClockLayout.Length), ElementType.Int32), clock, false);
        return new OpCase($"select {batch} from {cursor}", new SelectBatch(batch), [order, at]) { Differentiable = false };
    }

    // Weights from 0 to 1; sometimes a rectangle, possibly with a side of the picture's.
    private static CaseInput Mix(RandomStream random, int index, Shape image)
    {
        var clock = new int[ClockLayout.Length];
        (int height, int width) = (1 + random.NextInt(image[2]), 1 + random.NextInt(image[3]));
        int share = (index / 30 % 4) switch { 1 => 0, 3 => BatchMix.Whole, _ => random.NextInt(BatchMix.Whole) };
        BatchMix mix = index / 30 % 3 < 2
            ? new(share, random.NextInt(image[2] - height + 1), random.NextInt(image[3] - width + 1), height, width)
            : new(share, 0, 0, 0, 0);
        mix.WriteTo(clock);
        return new(new TensorType(new Shape(ClockLayout.Length), ElementType.Int32), [.. clock.Select(v => (double)v)], Differentiable: false);
    }

    // A label out of range gives a row of zeros everywhere.
    private static OpCase OneHot(RandomStream random, int classes, int labels) =>
        new($"one-hot {classes}", new OneHot(classes), [CaseInput.Integers(random, new Shape(labels), classes + 1)]) { Differentiable = false };

    private static OpCase Augment(int index, CaseInput[] images, RandomStream random)
    {
        Augmentation augmentation = Augmentations[index % Augmentations.Length];
        // Data that are read in pieces hold a batch's samples in order.
        bool inOrder = index / 4 % 2 == 1 && images[1].Type.Shape[0] <= images[0].Type.Shape[0];
        return new OpCase($"augment {augmentation}{(inOrder ? " in order" : "")}", new AugmentImages(augmentation) { InOrder = inOrder }, [.. images, Rng(random)]) { Differentiable = false };
    }

    private static CaseInput[] Images(RandomStream random, CaseInput data, CaseInput indices)
    {
        var channels = new Shape(data.Type.Shape[1]);
        return
        [
            data with { Differentiable = false },
            indices,
            CaseInput.Uniform(random, channels, 0.5, 2) with { Differentiable = false },
            CaseInput.Normal(random, channels) with { Differentiable = false },
        ];
    }

    private static CaseInput Rng(RandomStream random) =>
        new(new TensorType(new Shape(4), ElementType.Int32), [.. Enumerable.Range(0, 4).Select(_ => (double)(int)random.NextBits())], Differentiable: false);
}
