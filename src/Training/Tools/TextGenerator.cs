using System.Text;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Tools;

/// <summary>Generates text with a trained language model: token by token, each sampled from the network's prediction for the text so far.</summary>
public sealed class TextGenerator : IDisposable
{
    private readonly TextVocabulary vocabulary;
    private readonly Tokenizer tokenizer;
    private readonly NextToken next;

    /// <param name="trained">The model.</param>
    /// <param name="device">Where it runs.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the network is not a language model.</exception>
    public TextGenerator(TrainedModel trained, Device device)
    {
        vocabulary = trained.Card.Input.Text is { } text && trained.Card is { Shape.HasPositionClasses: true, ClassNames: null } ? text : throw new GpuGradException(
            Fault.Config, $"{trained.Source}: not a language model; expected a network that was trained on the data set 'text' with 'context'");
        tokenizer = vocabulary.Tokenizer();
        next = NextToken.Of(trained.Config, trained.Card.Shape, trained.Card.Normalization, trained.Load, device);
    }

    /// <summary>Continues a text; yields pieces of whole characters as they are generated.</summary>
    /// <param name="prompt">The beginning.</param>
    /// <param name="length">Tokens to add.</param>
    /// <param name="sampling">How tokens are sampled.</param>
    /// <param name="seed">The same seed, prompt and device give the same text.</param>
    /// <param name="note">Receives a note on characters of the prompt that are not in the vocabulary.</param>
    /// <exception cref="GpuGradException">
    /// <see cref="Fault.Config"/>: an empty prompt. <see cref="Fault.NonFinite"/>: the network's output is not finite.
    /// </exception>
    public IEnumerable<string> Continue(string prompt, int length, TokenSampling sampling, ulong seed, Action<string>? note = null)
    {
        var unknown = new UnknownTokens();
        List<int> ids = [.. tokenizer.Encode(Encoding.UTF8.GetBytes(prompt), unknown)];
        if (ids.Count == 0)
            throw new GpuGradException(Fault.Config, "--prompt has no token that the network could continue; expected some text");
        if (unknown.Note("the prompt", ids.Count) is string line)
            note?.Invoke(line);
        return Continue(ids, length, sampling, new RandomStream(seed, Purpose.Generate));
    }

    private IEnumerable<string> Continue(List<int> ids, int length, TokenSampling sampling, RandomStream random)
    {
        Decoder decoder = Encoding.UTF8.GetDecoder();
        var characters = new char[1 << 10];
        for (int i = 0; i < length; i++)
        {
            int id = sampling.Choose(Scores(ids), random);
            ids.Add(id);
            int count = decoder.GetChars(tokenizer.BytesOf(id), characters, flush: i == length - 1);
            if (count > 0)
                yield return new string(characters, 0, count);
        }
    }

    private double[] Scores(List<int> ids)
    {
        double[] scores = next.Scores(ids);
        if (!Array.TrueForAll(scores, double.IsFinite))
            throw new GpuGradException(Fault.NonFinite, "the network's scores for the next token are not finite; expected weights that are finite numbers");
        foreach (int id in Enumerable.Range(0, vocabulary.Size).Where(id => !vocabulary.IsText(id)))
            scores[id] = double.NegativeInfinity;
        return scores;
    }

    public void Dispose() => next.Dispose();
}
