namespace GpuGrad.Training.Starters;

/// <summary>Networks and training settings for texts: good on small corpora in minutes on a CPU.</summary>
internal static class TextRecipe
{
    public const int Batch = 16, Vocabulary = 20_000, MostWords = 3000;

    // After this many steps a small GPT has made most of its progress.
    private const int Steps = 2500, Width = 128, Heads = 4, Blocks = 4;

    private const int Few = 20_000;

    /// <param name="yaml">The config.</param>
    /// <param name="vocabulary">Number of ids.</param>
    /// <param name="windows">Windows per epoch.</param>
    public static void WriteLanguageModel(CommentedYaml yaml, int vocabulary, int windows)
    {
        int epochs = Math.Clamp((int)Math.Ceiling((double)Steps * Batch / Math.Max(1, windows)), 1, 100);
        yaml.Add("model:");
        yaml.Add(Recipe.Text($"  - embedding: {{rows: {vocabulary}, width: {Width}}}"));
        yaml.Add("  - positions", "the position of each token in the window");
        yaml.Add(Recipe.Text($"  - repeat: {{times: {Blocks}, layers: [{{transformer: {{heads: {Heads}, causal: true, dropout: {(epochs > 10 ? 0.2 : 0)}}}}}]}}"));
        yaml.Add("  - layernorm: {axes: 1}");
        yaml.Add(Recipe.Text($"  - dense: {vocabulary}"), "a score for each token, at each position");
        yaml.Add("train:");
        yaml.Add(Recipe.Text($"  epochs: {epochs}"), Recipe.Text($"about {(long)epochs * windows / Batch:N0} steps; more make it better"));
        yaml.Add("  optimizer: {adamw: {lr: 0.002, beta2: 0.99, weight-decay: 0.1}}");
        yaml.Add("  schedule: one-cycle", "the learning rate rises and falls once");
        yaml.Add("  clip: {norm: 1}");
        yaml.Add("  keep-best: validation-loss", "the weights of the best epoch are kept");
    }

    // A linear model of the words with a few features per word that start near 0: on two thousand film reviews better than wider
    // ones, than the maximum over time, dropout and batch norm, and than a bag of words with logistic regression.
    public static void WriteClassifier(CommentedYaml yaml, int classes, int texts, bool hasValidation, bool hasTest)
    {
        yaml.Add("  batch: 32");
        if (!hasValidation)
            yaml.Add(texts < Few ? "  validation: 0.15" : "  validation: 0.05", "held back to choose the best epoch");
        if (!hasTest)
            yaml.Add("  test: 0.2", "held back for the final figures");
        yaml.Add("model:");
        yaml.Add(Recipe.Text($"  - embedding: {{rows: {Vocabulary}, width: 16, init: {{normal: 0.01}}}}"));
        yaml.Add("  - time-pool: mean", "over the words, without the padding");
        yaml.Add(Recipe.Text($"  - dense: {classes}"), "a score for each class");
        yaml.Add("train:");
        yaml.Add(Recipe.Text($"  epochs: {(texts < Few ? 20 : 5)}"));
        yaml.Add("  optimizer: {adamw: {lr: 0.01, weight-decay: 0.01}}");
        yaml.Add("  schedule: one-cycle", "the learning rate rises and falls once");
        yaml.Add("  keep-best: validation-loss", "the weights of the best epoch are kept");
    }
}
