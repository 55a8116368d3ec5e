using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Starters;

/// <summary>Writes a first config for pictures with masks or target images: a U-Net (Ronneberger et al., 2015), as deep as the pictures can be halved.</summary>
/// <param name="source">Name of the file or folder, for the config's comment.</param>
/// <param name="data">The data as read.</param>
internal sealed class SegmentationStarter(string source, DataSet data)
{
    private const int Filters = 16, MostHalvings = 3, SmallestMap = 8, Multiple = 1 << MostHalvings, LargestSide = 256;

    private readonly DataShape shape = data.Shape;

    /// <summary>The side that pictures are scaled to: one that can be halved three times.</summary>
    public static int Side(int height, int width) => Math.Clamp(Math.Min(height, width) / Multiple * Multiple, 4 * Multiple, LargestSide);

    /// <summary>Whether pictures of this size need no resizing.</summary>
    public static bool Suits(int height, int width) => height % Multiple == 0 && width % Multiple == 0 && Math.Max(height, width) <= LargestSide;

    private bool AreClasses => shape.Classes > 0;

    private string Answer => AreClasses ? Recipe.Text($"one of {shape.Classes} classes for each pixel") : Recipe.Text($"an image {shape.Answer}");

    /// <param name="dataset">Lines of the config below <c>dataset:</c>, with their indent.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: the targets are not images as large as the samples.</exception>
    public Starter Make(IReadOnlyList<(string Text, string? Remark)> dataset)
    {
        if (shape.Shape.Rank != 3 || shape.Answer is not { Rank: > 1 } answer || answer[^2] != shape.Shape[1] || answer[^1] != shape.Shape[2])
            throw DataFault.In(source, $"samples {shape.Shape} with targets {shape.Answer}", "targets for each pixel, as high and wide as the samples; for others write the config by hand (docs/segmentation.md)");
        Recipe recipe = Training(data.Train.Count);
        string samples = Recipe.Text($"{data.Train.Count:N0} pictures {shape.Shape}");
        var yaml = new CommentedYaml();
        yaml.Remark($"Predicts {Answer} {(AreClasses ? "of" : "from")} {Path.GetFileName(Path.TrimEndingDirectorySeparator(source))}: {samples}.");
        yaml.Remark("Written by 'gpugrad init'. Every key and its default: gpugrad schema, docs/config.md; more in docs/segmentation.md.");
        yaml.Add("seed: 1", "another seed gives another split and other initial weights");
        yaml.Add("data:").Add("  dataset:");
        foreach ((string text, string? remark) in dataset)
            yaml.Add(text, remark);
        yaml.Add(Recipe.Text($"  batch: {recipe.Batch}"));
        if (data.Validation is null)
            yaml.Add(Recipe.Text($"  validation: {recipe.Validation}"), "held back to choose the best epoch");
        if (data.Test is null)
            yaml.Add(Recipe.Text($"  test: {recipe.Test}"), "held back for the final figures");
        yaml.Add("  augment: [{flip: horizontal}, {rotate: {degrees: 10, fill: reflect}}]", "random changes of pictures and masks alike");
        yaml.Add("model:");
        Level(yaml, Filters, Halvings(shape.Shape), "  ");
        WriteEnd(yaml);
        recipe.WriteTraining(yaml);
        return new Starter
        {
            Kind = "segmentation",
            Task = AreClasses ? "segmentation" : "regression",
            Classes = shape.Classes,
            Samples = data.Train.Count,
            Findings =
            [
                ("pictures", samples),
                ("target", Answer),
                ("test", data.Test is null ? Recipe.Text($"{recipe.Test * 100:0} % of the pictures, at random") : Recipe.Text($"{data.Test.Count:N0} separate pictures")),
                .. data.Notes.Select(n => ("note", n)),
            ],
            Yaml = yaml.ToString(),
        };
    }

    private void WriteEnd(CommentedYaml yaml)
    {
        bool two = shape.Classes == 2;
        yaml.Add(Recipe.Text($"  - conv: {{filters: {(two ? 1 : AreClasses ? shape.Classes : shape.Answer!.Value[0])}, kernel: 1}}"), two ? "a logit for each pixel" : AreClasses ? "a score for each class of each pixel" : "a number for each pixel");
        if (AreClasses)
            yaml.Add($"loss: {{combined: [{(two ? "bce-with-logits" : "softmax-cross-entropy")}, dice]}}", "per pixel, and by the overlap of regions");
        else
            yaml.Add("loss: mse");
    }

    private static int Halvings(Shape picture)
    {
        int halvings = 0;
        for (int height = picture[1], width = picture[2]; halvings < MostHalvings && height % 2 == 0 && width % 2 == 0 && Math.Min(height, width) / 2 >= SmallestMap; height /= 2, width /= 2)
            halvings++;
        return halvings;
    }

    private static void Level(CommentedYaml yaml, int filters, int below, string indent)
    {
        Convolve(yaml, filters, indent);
        if (below == 0)
            return;
        yaml.Add($"{indent}- branch:", "a skip connection beside a path that goes down and up again");
        yaml.Add($"{indent}    - []");
        yaml.Add($"{indent}    - - maxpool: 2");
        Level(yaml, 2 * filters, below - 1, indent + "      ");
        yaml.Add($"{indent}      - upsample: {{factor: 2, mode: bilinear}}");
        Convolve(yaml, filters, indent);
    }

    private static void Convolve(CommentedYaml yaml, int filters, string indent) =>
        yaml.Add(Recipe.Text($"{indent}- conv: {{filters: {filters}, kernel: 3, padding: same, bias: false}}")).Add($"{indent}- batchnorm").Add($"{indent}- relu");

    private Recipe Training(long samples) => samples switch
    {
        < 200 => New(epochs: 80, batch: 2),
        < 2000 => New(epochs: 30, batch: 8),
        _ => New(epochs: 12, batch: 16),
    };

    private Recipe New(int epochs, int batch) => new()
    {
        Hidden = [],
        Ema = 0,
        Dropout = 0,
        Epochs = epochs,
        Batch = batch,
        Rate = 0.003,
        Decay = 0.01,
        Validation = 0.15,
        Test = 0.2,
        Monitor = AreClasses ? "validation-mean-iou" : "validation-loss",
    };
}
