using GpuGrad.Training.Data;

namespace GpuGrad.Training.Starters;

/// <summary>Writes a first config for pictures or rows of numbers, from a loaded data set.</summary>
/// <param name="kind"><c>pictures</c> or <c>arrays</c>.</param>
/// <param name="source">Name of the file or folder, for the config's comment.</param>
/// <param name="data">The data as read.</param>
internal sealed class SampleStarter(string kind, string source, DataSet data)
{
    // Smaller pictures are too small for convolutions.
    private const int SmallestPicture = 8;

    // Whole numbers with at most this many distinct values, each at least this often on average, may be classes.
    private const int MostClasses = 20, FewestOfClass = 5;

    private readonly DataShape shape = data.Shape;

    private bool IsClass => shape.Classes > 0;

    // Whether all targets are 0 or 1: labels.
    private bool AreLabels { get; } = Targets(data) is { } targets && targets.All(t => t is 0 or 1) && targets.Distinct().Count() == 2;

    private bool IsPicture => shape.Shape.Rank == 3 && shape.Shape[1] >= SmallestPicture && shape.Shape[2] >= SmallestPicture;

    /// <param name="dataset">Lines of the config below <c>dataset:</c>, with their indent.</param>
    /// <param name="notes">Further findings to report.</param>
    public Starter Make(IReadOnlyList<(string Text, string? Remark)> dataset, params IEnumerable<(string Label, string Text)> notes)
    {
        Recipe recipe = IsPicture ? PictureRecipe.Training(data.Train.Count, shape.Shape) : Recipe.Of(data.Train.Count, IsClass || AreLabels);
        string samples = Recipe.Text($"{data.Train.Count:N0} samples {shape.Shape}");
        var yaml = new CommentedYaml();
        yaml.Remark($"Predicts {Answer} from {Path.GetFileName(Path.TrimEndingDirectorySeparator(source))}: {samples}.");
        yaml.Remark("Written by 'gpugrad init'. Every key and its default: gpugrad schema, docs/config.md.");
        yaml.Add("seed: 1", "another seed gives another split and other initial weights");
        yaml.Add("data:").Add("  dataset:");
        foreach ((string text, string? remark) in dataset)
            yaml.Add(text, remark);
        WriteParts(yaml, recipe);
        if (IsPicture)
            PictureRecipe.WriteModel(yaml, shape.Shape, Outputs, recipe.Dropout, Meaning);
        else
            recipe.WriteModel(yaml, Outputs, Meaning, flatten: shape.Shape.Rank > 1);
        yaml.Add($"loss: {(IsClass ? "softmax-cross-entropy" : AreLabels ? "bce-with-logits" : "mse")}");
        recipe.WriteTraining(yaml);
        return new Starter
        {
            Kind = kind,
            Task = IsClass || (AreLabels && Outputs == 1) ? "classification" : AreLabels ? "multi-label" : "regression",
            Classes = shape.Classes,
            Samples = data.Train.Count,
            Findings =
            [
                (kind, samples),
                ("target", Answer + (IsClass && data.ClassNames is { } names ? $": {string.Join(", ", names.Take(8))}{(names.Count > 8 ? ", …" : "")}" : "")),
                ("test", data.Test is null ? Recipe.Text($"{recipe.Test * 100:0} % of the samples, at random") : Recipe.Text($"{data.Test.Count:N0} separate samples")),
                .. Classes(),
                .. notes,
                .. data.Notes.Select(n => ("note", n)),
            ],
            Yaml = yaml.ToString(),
        };
    }

    private string Answer => IsClass ? Recipe.Text($"{shape.Classes} classes")
        : AreLabels ? Outputs == 1 ? "yes or no" : Recipe.Text($"any of {Outputs} labels")
        : Outputs == 1 ? "a number" : Recipe.Text($"{Outputs} numbers");

    private int Outputs => IsClass ? shape.Classes : shape.Targets;

    private string Meaning => IsClass ? "a score for each class" : AreLabels ? Outputs == 1 ? "a logit" : "a logit for each label" : shape.Targets == 1 ? "the predicted number" : "the predicted numbers";

    private void WriteParts(CommentedYaml yaml, Recipe recipe)
    {
        yaml.Add(Recipe.Text($"  batch: {recipe.Batch}"));
        if (data.Validation is null)
            yaml.Add(Recipe.Text($"  validation: {recipe.Validation}"), "held back to choose the best epoch");
        if (data.Test is null)
            yaml.Add(Recipe.Text($"  test: {recipe.Test}"), "held back for the final figures");
        if (!IsClass && !AreLabels)
            yaml.Add("  normalize-targets: standard", "undone in all metrics and predictions");
        if (IsPicture && (IsClass || AreLabels))
            PictureRecipe.WriteAugmentation(yaml, shape.Shape);
    }

    // Classes must be integers, but programs often save them as floating-point numbers.
    private IEnumerable<(string Label, string Text)> Classes()
    {
        if (AreLabels || Outputs != 1 || Targets(data) is not { } targets || !targets.All(t => t >= 0 && t == MathF.Floor(t)))
            yield break;
        int different = targets.Distinct().Take(MostClasses + 1).Count();
        if (different is > 1 and <= MostClasses && different * FewestOfClass <= targets.Count)
            yield return ("note", Recipe.Text($"the numbers to predict are {different} different integers: save them as integers (y.astype('int64') in NumPy) if they are classes"));
    }

    // Numbers to predict per sample; null for classes and for images.
    private static IReadOnlyList<float>? Targets(DataSet data) => data.Train.AnswerShape is null ? data.Train.Targets : null;
}
