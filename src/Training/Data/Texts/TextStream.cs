using System.Globalization;
using System.Security.Cryptography;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Texts;

/// <summary>A single text for a language model: the training part first, then validation, then test.</summary>
/// <param name="Config">Kind of token, and length of windows.</param>
/// <param name="Name">The file.</param>
/// <param name="Text">UTF-8.</param>
/// <param name="TestText">Text of a separate test set; null for none.</param>
internal sealed record TextStream(TextConfig Config, string Name, byte[] Text, byte[]? TestText) : TextSource(Config)
{
    private const uint LimitStream = 0;

    public override bool IsStream => true;

    /// <summary>Shape of the windows, with the next token at each position as the target.</summary>
    public static DataShape ShapeOf(int context, int tokens) => new(new Shape(context), tokens) { Answer = new Shape(context) };

    public static DataSet DataSet(TextConfig config, string path, byte[] text, byte[]? test)
    {
        HostMemory.Require("the ids of a text", checked(sizeof(int) * (text.LongLength + (test?.LongLength ?? 0))));
        byte[] hash = SHA256.HashData([.. SHA256.HashData(text), .. test is null ? [] : SHA256.HashData(test)]);
        return new DataSet
        {
            Shape = ShapeOf(config.Context!.Value, config.KnownSize ?? TextVocabulary.First),
            Train = new SampleSet { Shape = new Shape(config.Context.Value), Count = 0, Reals = [], AnswerShape = new Shape(config.Context.Value), Places = new SamplePlaces(path) },
            Text = new TextStream(config, path, text, test),
            Origin = string.Create(CultureInfo.InvariantCulture, $"{path} ({TextFile.Characters(text):N0} characters)"),
            Fingerprint = Convert.ToHexStringLower(hash),
        };
    }

    public override TextParts Make(DataConfig config, ulong seed, (SampleSet Train, SampleSet? Validation, SampleSet? Test) raw, FittedInput? fitted, Action<string> note)
    {
        int test = config.Test is null ? Text.Length : Cut(1 - Share(config, config.Test)), end = test;
        int validation = config.Validation is null ? end : Cut((1 - Share(config, config.Validation)) * end / Text.Length);
        TextVocabulary vocabulary = fitted?.Text ?? VocabularyFit.Of(Config, [Text[..validation]], note);
        SampleSet train = Windows(vocabulary, Text.AsSpan(0, validation), Config.Stride ?? Config.Context!.Value, StreamsOf(config), "the training part", fitted is null ? null : note);
        if (config.Limit is not null && Config.Streams)
            throw ConfigException.At(config.Source, "data.limit picks windows at random, and 'streams' has them follow one another; expected one of the two");
        if (config.Limit is int limit && limit < train.Count)
        {
            int[] chosen = new RandomStream(seed, Purpose.Split, LimitStream).Permutation(train.Count)[..limit];
            Array.Sort(chosen);
            train = train.Part(chosen);
        }
        return new TextParts(
            vocabulary,
            ShapeOf(Config.Context!.Value, vocabulary.Size),
            train,
            config.Validation is null ? null : Windows(vocabulary, Text.AsSpan(validation, end - validation), Config.Context.Value, StreamsOf(config), "the validation part", note),
            TestText is not null ? Windows(vocabulary, TestText, Config.Context.Value, StreamsOf(config), "the test part", note)
                : config.Test is null ? null : Windows(vocabulary, Text.AsSpan(test), Config.Context.Value, StreamsOf(config), "the test part", note));
    }

    /// <summary>Windows over a text: samples of a language model.</summary>
    /// <param name="vocabulary">Tokenises the text.</param>
    /// <param name="text">UTF-8.</param>
    /// <param name="stride">Tokens from the start of a window to that of the next.</param>
    /// <param name="streams">Number of parallel streams; 0 for one window after the other.</param>
    /// <param name="part">Part of the data, for messages.</param>
    /// <param name="note">Receives a note about unknown tokens.</param>
    public SampleSet Windows(TextVocabulary vocabulary, ReadOnlySpan<byte> text, int stride, int streams, string part, Action<string>? note)
    {
        var unknown = new UnknownTokens();
        int[] ids = vocabulary.Tokenizer().Encode(text, unknown);
        int context = Config.Context!.Value;
        var windows = new TokenWindows(ids, context, stride, streams);
        if (windows.Count == 0)
            throw DataFault.In(Name, string.Create(CultureInfo.InvariantCulture, $"{part} has {ids.Length:N0} tokens"), string.Create(CultureInfo.InvariantCulture, $"at least {context + 1}, one more than 'context'"));
        if (unknown.Note($"{Name} ({part})", ids.Length) is string line)
            note?.Invoke(line);
        return new SampleSet
        {
            Shape = new Shape(context),
            Count = windows.Count,
            Rows = windows,
            PositionLabelRows = windows,
            AnswerShape = new Shape(context),
            CharactersPerToken = (double)TextFile.Characters(text) / ids.Length,
            Places = new SamplePlaces(Name),
        };
    }

    private int StreamsOf(DataConfig config) => Config.Streams ? config.Batch : 0;

    private static double Share(DataConfig config, SplitSize size) => size.Fraction > 0 ? size.Fraction : throw ConfigException.At(
        config.Source, $"data: '{size}' samples to be held back of a text, which is split by position; expected a part such as 0.1");

    // Not within a character, nor within a word if words are tokens.
    private int Cut(double share)
    {
        int at = (int)Math.Round(share * Text.Length);
        while (at < Text.Length && Config.Tokens != TextTokens.Bytes && ((Text[at] & 0xC0) == 0x80 || (Config.Tokens != TextTokens.Characters && !IsSpace(Text[at]))))
            at++;
        return at;
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t';
}
