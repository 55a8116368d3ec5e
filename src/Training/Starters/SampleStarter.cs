using GpuGrad.Training.Data;

namespace GpuGrad.Training.Starters;

/// <summary>A first config for samples that are pictures or rows of numbers, once their data set is known.</summary>
/// <param name="kind"><c>pictures</c> or <c>arrays</c>.</param>
/// <param name="source">For people: the file or folder.</param>
/// <param name="data">As it was read.</param>
internal sealed class SampleStarter(string kind, string source, DataSet data)
{
    // Smaller than this is not a picture that filters could find something in.
    private const int SmallestPicture = 8;

    private readonly DataShape shape = data.Shape;

    private bool IsClass => shape.Classes > 0;

    private bool IsPicture => shape.Shape.Rank == 3 && shape.Shape[1] >= SmallestPicture && shape.Shape[2] >= SmallestPicture;

    /// <param name="dataset">Lines of the config below <c>dataset:</c>, with their indent.</param>
    /// <param name="notes">More to say.</param>
    public Starter Make(IReadOnlyList<(string Text, string? Remark)> dataset, params IEnumerable<(string Label, string Text)> notes)
    {
        Recipe recipe = IsPicture ? PictureRecipe.Training(data.Train.Count, shape.Shape) : Recipe.Of(data.Train.Count, IsClass);
        string answer = IsClass ? Recipe.Text($"{shape.Classes} classes") : shape.Targets == 1 ? "a number" : Recipe.Text($"{shape.Targets} numbers");
        string samples = Recipe.Text($"{data.Train.Count:N0} samples {shape.Shape}");
        var yaml = new CommentedYaml();
        yaml.Remark($"Predicts {answer} from {Path.GetFileName(Path.TrimEndingDirectorySeparator(source))}: {samples}.");
        yaml.Remark("Written by 'gpugrad init'. Every key and its default: gpugrad schema, docs/config.md.");
        yaml.Add("seed: 1", "another one splits and begins differently");
        yaml.Add("data:").Add("  dataset:");
        foreach ((string text, string? remark) in dataset)
            yaml.Add(text, remark);
        WriteParts(yaml, recipe);
        if (IsPicture)
            PictureRecipe.WriteModel(yaml, shape.Shape, Outputs, recipe.Dropout, Meaning);
        else
            recipe.WriteModel(yaml, Outputs, Meaning, flatten: shape.Shape.Rank > 1);
        yaml.Add($"loss: {(IsClass ? "softmax-cross-entropy" : "mse")}");
        recipe.WriteTraining(yaml);
        return new Starter
        {
            Kind = kind,
            Classes = shape.Classes,
            Samples = data.Train.Count,
            Findings =
            [
                (kind, samples),
                ("target", answer + (IsClass && data.ClassNames is { } names ? $": {string.Join(", ", names.Take(8))}{(names.Count > 8 ? ", …" : "")}" : "")),
                ("test", data.Test is null ? Recipe.Text($"{recipe.Test * 100:0} % of the samples, at random") : Recipe.Text($"{data.Test.Count:N0} samples of their own")),
                .. notes,
                .. data.Notes.Select(n => ("note", n)),
            ],
            Yaml = yaml.ToString(),
        };
    }

    private int Outputs => IsClass ? shape.Classes : shape.Targets;

    private string Meaning => IsClass ? "a score for each class" : shape.Targets == 1 ? "the predicted number" : "the predicted numbers";

    private void WriteParts(CommentedYaml yaml, Recipe recipe)
    {
        yaml.Add(Recipe.Text($"  batch: {recipe.Batch}"));
        if (data.Validation is null)
            yaml.Add(Recipe.Text($"  validation: {recipe.Validation}"), "held back to choose the best epoch");
        if (data.Test is null)
            yaml.Add(Recipe.Text($"  test: {recipe.Test}"), "held back for the final figures");
        if (!IsClass)
            yaml.Add("  normalize-targets: standard", "undone in every figure and prediction");
        if (IsPicture && IsClass)
            PictureRecipe.WriteAugmentation(yaml, shape.Shape);
    }
}
