using System.Numerics;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Starters;

/// <summary>A small convolutional network whose depth depends on the size of the pictures, with its training settings.</summary>
internal static class PictureRecipe
{
    private const int SmallestMap = 4, FewestStages = 2, FirstFilters = 32, MostFilters = 128, LargestPlain = 40;

    /// <summary>Side to which larger pictures are resized.</summary>
    public static int Side(int height, int width) => Math.Max(height, width) switch
    {
        <= 48 => 32,
        <= 160 => 64,
        _ => 96,
    };

    public static Recipe Training(long samples, Shape shape)
    {
        bool large = shape[1] * shape[2] > LargestPlain * LargestPlain;
        return samples switch
        {
            < 2000 => New(epochs: 40, batch: 32, validation: 0.15, dropout: 0.3),
            < 20_000 => New(epochs: large ? 20 : 25, batch: 64, validation: 0.1, dropout: 0.2),
            _ => New(epochs: large ? 10 : 12, batch: 128, validation: 0.05, dropout: 0.1),
        };
    }

    public static void WriteAugmentation(CommentedYaml yaml, Shape shape)
    {
        // Gray pictures are usually letters and digits, which differ from their mirror images.
        int shift = Math.Clamp(Math.Min(shape[1], shape[2]) / 10, 1, 8);
        if (shape[0] >= 3)
            yaml.Add(Recipe.Text($"  augment: [{{flip: horizontal}}, {{crop: {shift}}}]"), "random changes of the training samples");
        else
            yaml.Add(Recipe.Text($"  augment: [{{shift: {shift}}}]"), "random changes of the training samples");
    }

    public static void WriteModel(CommentedYaml yaml, Shape shape, int outputs, double dropout, string meaning)
    {
        (int height, int width) = (shape[1], shape[2]);
        // Until the shorter side has 4 to 7 pixels. The second stage of pictures that are halved only once halves nothing: a single convolution sees too few pixels.
        int halvings = Math.Max(1, BitOperations.Log2((uint)(Math.Min(height, width) / SmallestMap)));
        yaml.Add("model:");
        for (int stage = 0; stage < Math.Max(halvings, FewestStages); stage++)
        {
            int filters = Math.Min(FirstFilters << stage, MostFilters);
            Convolve(yaml, filters);
            if (stage > 0)
                Convolve(yaml, filters);
            if (stage < halvings)
                yaml.Add("  - maxpool: 2", Recipe.Text($"now {height >> (stage + 1)} × {width >> (stage + 1)}"));
        }
        yaml.Add("  - global-avgpool");
        if (dropout > 0)
            yaml.Add(Recipe.Text($"  - dropout: {dropout}"));
        yaml.Add(Recipe.Text($"  - dense: {outputs}"), meaning);
    }

    private static void Convolve(CommentedYaml yaml, int filters) =>
        yaml.Add(Recipe.Text($"  - conv: {{filters: {filters}, kernel: 3, padding: same}}")).Add("  - batchnorm").Add("  - relu");

    private static Recipe New(int epochs, int batch, double validation, double dropout) => new()
    {
        Hidden = [],
        Ema = 0,
        Dropout = dropout,
        Epochs = epochs,
        Batch = batch,
        Rate = 0.003,
        Decay = 0.05,
        Validation = validation,
        Test = 0.2,
    };
}
