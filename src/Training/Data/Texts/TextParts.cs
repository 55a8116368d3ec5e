namespace GpuGrad.Training.Data.Texts;

/// <summary>Texts split into parts, as ids of a vocabulary learned from the training part.</summary>
internal sealed record TextParts(TextVocabulary Vocabulary, DataShape Shape, SampleSet Train, SampleSet? Validation, SampleSet? Test);

/// <summary>Texts that become samples once the training part is known.</summary>
internal abstract record TextSource(TextConfig Config)
{
    /// <summary>Whether it is a single text, split by position.</summary>
    public abstract bool IsStream { get; }

    /// <param name="config">Sizes of the held-out parts.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="raw">The raw parts; for a single text all of it.</param>
    /// <param name="fitted">Fitted in an earlier training; null for a new one.</param>
    /// <param name="note">Receives notes about input that may not be intended.</param>
    public abstract TextParts Make(DataConfig config, ulong seed, (SampleSet Train, SampleSet? Validation, SampleSet? Test) raw, Inputs.FittedInput? fitted, Action<string> note);
}
