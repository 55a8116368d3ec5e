using System.Globalization;
using System.Text;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Texts;

/// <summary>Sentences as ids of their tokens, with the class of each tag; padding has no class.</summary>
internal sealed record TaggedTexts(TagsConfig Tags) : TextSource(Tags.AsText)
{
    private const int MostLength = 1024;
    private const char Between = '\n'; // not part of any token

    public override bool IsStream => false;

    public static DataSet DataSet(TagsConfig config, DataContext context, TaggedSentences train, TaggedSentences? test)
    {
        IReadOnlyList<string> tags = context.Fitted?.ClassNames ?? ClassTexts.InOrder(train.Tags!.SelectMany(t => t));
        int length = context.Fitted?.Shape.Shape[0] ?? config.Length ?? Math.Min(MostLength, train.Tokens.Max(t => t.Length));
        SampleSet samples = ToSamples(train, length, tags);
        SampleSet? held = test is null ? null : ToSamples(test, length, tags);
        DataShape shape = ShapeOf(length, tags.Count);
        return new DataSet
        {
            Shape = shape,
            Train = samples,
            Test = held,
            ClassNames = tags,
            Text = new TaggedTexts(config),
            Origin = string.Create(CultureInfo.InvariantCulture, $"{train.Name} ({train.Tokens.Count:N0} sentences)"),
            Fingerprint = Fingerprint.Of(shape, samples, held),
        };
    }

    public override TextParts Make(DataConfig config, ulong seed, (SampleSet Train, SampleSet? Validation, SampleSet? Test) raw, FittedInput? fitted, Action<string> note)
    {
        TextVocabulary vocabulary = fitted?.Text ?? Fit(raw.Train.Texts!, note);
        return new TextParts(
            vocabulary,
            ShapeOf(raw.Train.Shape[0], raw.Train.TagNames!.Count),
            Encode(vocabulary, raw.Train, $"{Tags.Path} (the training part)", fitted is null ? null : note, note),
            raw.Validation is null ? null : Encode(vocabulary, raw.Validation, $"{Tags.Path} (the validation part)", note, note),
            raw.Test is null ? null : Encode(vocabulary, raw.Test, $"{Tags.Test ?? Tags.Path} (the test part)", note, note));
    }

    /// <summary>Sentences as samples that have not been tokenised.</summary>
    /// <param name="sentences">The sentences.</param>
    /// <param name="length">Tokens per sample.</param>
    /// <param name="tags">The classes in order; null if tags are not needed.</param>
    public static SampleSet ToSamples(TaggedSentences sentences, int length, IReadOnlyList<string>? tags)
    {
        int count = sentences.Tokens.Count;
        HostMemory.Require("the ids of sentences", checked(2L * sizeof(int) * count * length));
        return new SampleSet
        {
            Shape = new Shape(length),
            Count = count,
            Texts = [.. sentences.Tokens.Select(t => Encoding.UTF8.GetBytes(string.Join(Between, t)))],
            PositionLabels = tags is null ? null : Labels(sentences, length, tags),
            AnswerShape = tags is null ? null : new Shape(length),
            TagNames = tags,
            Places = new SamplePlaces(sentences.Name) { Lines = sentences.Lines },
        };
    }

    /// <summary>Turns the tokens of sentences into ids.</summary>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="raw">The sentences.</param>
    /// <param name="name">Name for notes.</param>
    /// <param name="unknown">Receives a note about tokens that are not in the vocabulary.</param>
    /// <param name="cut">Receives a note about truncated sentences.</param>
    public static SampleSet Encode(TextVocabulary vocabulary, SampleSet raw, string name, Action<string>? unknown, Action<string>? cut)
    {
        int length = raw.Shape[0];
        Dictionary<string, int> known = vocabulary.Texts.Index().ToDictionary(t => t.Item, t => TextVocabulary.First + t.Index, StringComparer.Ordinal);
        string[][] sentences = [.. raw.Texts!.Select(Tokens)];
        var numbers = new float[checked(raw.Count * length)];
        var strange = new UnknownTokens();
        for (int i = 0; i < sentences.Length; i++)
        {
            for (int t = 0; t < sentences[i].Length; t++)
            {
                string token = vocabulary.Lowercase ? sentences[i][t].ToLowerInvariant() : sentences[i][t];
                int id = known.GetValueOrDefault(token, TextVocabulary.Unknown);
                if (id == TextVocabulary.Unknown)
                    strange.Add(token);
                if (t < length)
                    numbers[(i * length) + t] = id;
            }
        }
        if (strange.Note(name, sentences.Sum(s => (long)s.Length)) is string line)
            unknown?.Invoke(line);
        int longer = sentences.Count(s => s.Length > length);
        if (longer > 0)
            cut?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{name}: {longer:N0} of {raw.Count:N0} sentences have more than {length} tokens, the longest {sentences.Max(s => s.Length):N0}; the rest of them is left out ('length')"));
        return raw with { Texts = null, Reals = numbers, Lengths = [.. sentences.Select(s => Math.Min(s.Length, length))], Tokens = sentences };
    }

    private static DataShape ShapeOf(int length, int tags) => new(new Shape(length), tags) { Answer = new Shape(length) };

    private static string[] Tokens(byte[] sentence) => Encoding.UTF8.GetString(sentence).Split(Between);

    private static int[] Labels(TaggedSentences sentences, int length, IReadOnlyList<string> tags)
    {
        Dictionary<string, int> known = tags.Index().ToDictionary(t => t.Item, t => t.Index, StringComparer.Ordinal);
        var labels = new int[checked(sentences.Tokens.Count * length)];
        Array.Fill(labels, -1);
        for (int i = 0; i < sentences.Tokens.Count; i++)
        {
            foreach ((int t, string tag) in sentences.Tags![i].Index())
            {
                if (!known.TryGetValue(tag, out int label))
                    throw DataFault.At(sentences.Name, sentences.Lines[i] + t, 1, $"the tag {DataFault.Quote(tag)}", $"one of those of the training data: {DataFault.Some(tags)}");
                if (t < length)
                    labels[(i * length) + t] = label;
            }
        }
        return labels;
    }

    private TextVocabulary Fit(byte[][] sentences, Action<string> note)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string token in sentences.SelectMany(Tokens).Select(t => Tags.Lowercase ? t.ToLowerInvariant() : t))
            counts[token] = counts.GetValueOrDefault(token) + 1;
        return VocabularyFit.MostFrequent(Config, counts, note);
    }
}
