using System.Text;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Random;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Rows;
using GpuGrad.Training.Data.Texts;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Tools;

/// <summary>A trained language model that writes on: token after token, each chosen by what the network says of the text so far.</summary>
public sealed class TextGenerator : IDisposable
{
    private readonly TextVocabulary vocabulary;
    private readonly Tokenizer tokenizer;
    private readonly Model model;
    private readonly BatchSource source;
    private readonly Window window;

    /// <param name="trained">The model.</param>
    /// <param name="device">Where it runs.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: it is no language model.</exception>
    public TextGenerator(TrainedModel trained, Device device)
    {
        DataShape shape = trained.Card.Shape;
        vocabulary = trained.Card.Input.Text is { } text && shape.HasPositionClasses ? text : throw new GpuGradException(
            Fault.Config, $"{trained.Source}: not a language model; expected a network that was trained on the data set 'text' with 'context'");
        tokenizer = vocabulary.Tokenizer();
        window = new Window(shape.Shape[0]);
        model = new Model(trained.Config.Config, trained.Network, device);
        try
        {
            trained.Load(model);
            source = new BatchSource("prompt", new SampleSet { Shape = shape.Shape, Count = 1, Rows = window }, trained.Card.Normalization, batch: 1);
            source.Upload(model.DeviceMemory);
            model.Prepare(null, [source], 1);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Continues a text; pieces come as they are made, whole characters each.</summary>
    /// <param name="prompt">The beginning.</param>
    /// <param name="length">Tokens to add.</param>
    /// <param name="sampling">How they are chosen.</param>
    /// <param name="seed">The same seed, prompt and device give the same text.</param>
    /// <param name="note">Told of characters of the prompt that the network does not know.</param>
    /// <exception cref="GpuGradException">
    /// <see cref="Fault.Config"/>: an empty prompt. <see cref="Fault.NonFinite"/>: the network gives what is not a number.
    /// </exception>
    public IEnumerable<string> Continue(string prompt, int length, TokenSampling sampling, ulong seed, Action<string>? note = null)
    {
        var unknown = new UnknownTokens();
        List<int> ids = [.. tokenizer.Encode(Encoding.UTF8.GetBytes(prompt), unknown)];
        if (ids.Count == 0)
            throw new GpuGradException(Fault.Config, "--prompt has no token that the network could go on from; expected some text");
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

    // Scores at the last token of the window; what stands behind it has no influence in a causal network, and is padding.
    private double[] Scores(List<int> ids)
    {
        int last = window.Show(ids);
        model.SetClock(0, 0, 0);
        source.Provide(model.DeviceMemory, 0, 1);
        BoundGraph bound = model.Evaluation(source, 1);
        bound.Plan.Run();
        double[] output = bound.Plan.Read(bound.Graph.Output);
        double[] scores = output.AsSpan(last * vocabulary.Size, vocabulary.Size).ToArray();
        if (!Array.TrueForAll(scores, double.IsFinite))
            throw new GpuGradException(Fault.NonFinite, "the network's scores for the next token are not finite; expected weights that are finite numbers");
        foreach (int id in Enumerable.Range(0, vocabulary.Size).Where(id => !vocabulary.IsText(id)))
            scores[id] = double.NegativeInfinity;
        return scores;
    }

    public void Dispose() => model.Dispose();

    /// <summary>The last tokens of a text that grows.</summary>
    private sealed class Window(int context) : ISampleRows
    {
        private readonly int[] ids = new int[context];

        public int Count => 1;

        public int Size => ids.Length;

        public bool AreBytes => false;

        public bool AreFloats => true;

        /// <returns>The place of the last token.</returns>
        public int Show(List<int> text)
        {
            int count = Math.Min(ids.Length, text.Count);
            Array.Clear(ids);
            text.CopyTo(text.Count - count, ids, 0, count);
            return count - 1;
        }

        public void Read(int row, Span<byte> target) => throw new InvalidOperationException("Ids are no bytes.");

        public void Read(int row, Span<double> target)
        {
            for (int i = 0; i < ids.Length; i++)
                target[i] = ids[i];
        }
    }
}
