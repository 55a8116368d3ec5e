using GpuGrad.Training.Data;

namespace GpuGrad.Training.Starters;

/// <summary>Writes a first config for samples without labels: an autoencoder, which reconstructs them through a bottleneck.</summary>
internal static class AutoencoderStarter
{
    private const int Bottleneck = 16, Hidden = 128;

    /// <param name="source">The file's name, for the config's comment.</param>
    /// <param name="data">The data as read.</param>
    /// <param name="dataset">Lines of the config below <c>dataset:</c>, with their indent.</param>
    public static Starter Make(string source, DataSet data, IReadOnlyList<(string Text, string? Remark)> dataset)
    {
        Recipe recipe = Recipe.Of(data.Train.Count, isClass: false) with { Ema = 0, Rate = 0.003, Decay = 0.01 };
        int size = data.Train.Shape.Count, bottleneck = Math.Min(Bottleneck, Math.Max(1, size / 2));
        string samples = Recipe.Text($"{data.Train.Count:N0} samples {data.Train.Shape}");
        var yaml = new CommentedYaml();
        yaml.Remark($"An autoencoder with a bottleneck of {bottleneck} numbers for {Path.GetFileName(source)}: {samples}.");
        yaml.Remark("Written by 'gpugrad init'. Every key and its default: gpugrad schema, docs/config.md; more in docs/autoencoder.md.");
        yaml.Add("seed: 1", "another seed gives another split and other initial weights");
        yaml.Add("data:").Add("  dataset:");
        foreach ((string text, string? remark) in dataset)
            yaml.Add(text, remark);
        yaml.Add("  target: input", "no labels: the samples are their own targets");
        yaml.Add(Recipe.Text($"  batch: {recipe.Batch}"));
        if (data.Validation is null)
            yaml.Add(Recipe.Text($"  validation: {recipe.Validation}"), "held back to choose the best epoch");
        if (data.Test is null)
            yaml.Add(Recipe.Text($"  test: {recipe.Test}"), "held back for the final figures");
        yaml.Add("model:");
        if (data.Train.Shape.Rank > 1)
            yaml.Add("  - flatten");
        yaml.Add(Recipe.Text($"  - dense: {Hidden}")).Add("  - relu");
        yaml.Add(Recipe.Text($"  - dense: {bottleneck}"), "the bottleneck").Add("  - relu");
        yaml.Add(Recipe.Text($"  - dense: {Hidden}")).Add("  - relu");
        yaml.Add(Recipe.Text($"  - dense: {size}"));
        if (data.Train.Shape.Rank > 1)
            yaml.Add($"  - reshape: {data.Train.Shape}");
        yaml.Add("loss: mse");
        recipe.WriteTraining(yaml);
        return new Starter
        {
            Kind = "arrays",
            Task = "autoencoder",
            Classes = 0,
            Samples = data.Train.Count,
            Findings = [("arrays", samples), ("target", "the samples themselves"), .. data.Notes.Select(n => ("note", n))],
            Yaml = yaml.ToString(),
        };
    }
}
