namespace GpuGrad.Training.Data.Texts;

/// <summary>Texts in parts, as ids of a vocabulary that the training part taught.</summary>
internal sealed record TextParts(TextVocabulary Vocabulary, DataShape Shape, SampleSet Train, SampleSet? Validation, SampleSet? Test);

/// <summary>Texts that become samples once it is known which of them are trained on.</summary>
internal abstract record TextSource(TextConfig Config)
{
    /// <summary>Whether it is one text, whose parts follow one another.</summary>
    public abstract bool IsStream { get; }

    /// <param name="config">How much is held back.</param>
    /// <param name="seed">Of the run.</param>
    /// <param name="raw">The parts as they were read; of one text all of it.</param>
    /// <param name="fitted">What a training learned before; null for a new one.</param>
    /// <param name="note">Told of what may not be meant.</param>
    public abstract TextParts Make(DataConfig config, ulong seed, (SampleSet Train, SampleSet? Validation, SampleSet? Test) raw, Inputs.FittedInput? fitted, Action<string> note);
}
