using System.Text;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Tests.Data.Texts;

/// <summary>Texts become ids and ids texts.</summary>
public sealed class TokenizerTests
{
    [Fact]
    public void Characters_are_code_points_in_the_order_of_their_numbers()
    {
        TextVocabulary vocabulary = Fit("tokens: characters", "baß🙂ab");
        Assert.Equal(["a", "b", "ß", "🙂"], vocabulary.Texts);
        Assert.Equal(6, vocabulary.Size);
        Assert.Equal([3, 2, 4, 5, 2, 3], Ids(vocabulary, "baß🙂ab"));
        Assert.Equal("ß🙂", Text(vocabulary, [4, 5]));
    }

    [Fact]
    public void A_character_that_training_has_not_seen_has_an_id_of_its_own_and_is_counted()
    {
        TextVocabulary vocabulary = Fit("tokens: characters", "ab");
        var unknown = new UnknownTokens();
        Assert.Equal([2, TextVocabulary.Unknown, 3, TextVocabulary.Unknown], vocabulary.Tokenizer().Encode("aéb😀"u8, unknown));
        Assert.Equal("here: 2 of 4 tokens (50.00 %) are not in the vocabulary: 'é', '??'", unknown.Note("here", 4));
        Assert.Equal("ab", Text(vocabulary, [2, TextVocabulary.Unknown, TextVocabulary.Padding, 3]));
    }

    [Fact]
    public void Bytes_are_their_own_ids_whatever_they_are()
    {
        TextVocabulary vocabulary = Fit("tokens: bytes", "ab");
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        Assert.Equal(Enumerable.Range(0, 256), vocabulary.Tokenizer().Encode(all));
        Assert.Equal(256, vocabulary.Size);
        Assert.Equal("é", Text(vocabulary, [0xC3, 0xA9]));
    }

    [Fact]
    public void Words_are_lower_case_and_the_most_frequent_are_kept()
    {
        var notes = new List<string>();
        TextVocabulary vocabulary = Fit("tokens: words, vocabulary: 6", "The cat's hat. The hat, the END", notes);
        Assert.Equal(["the", "hat", ",", "."], vocabulary.Texts); // among those that occur once, by their characters
        Assert.Equal([2, TextVocabulary.Unknown, 3, 5, 2], Ids(vocabulary, "the\n CAT'S hat. THE"));
        Assert.Equal(" the hat,", Text(vocabulary, [2, 3, 4]));
        Assert.Equal("the vocabulary holds the 4 most frequent of 6 tokens; 22.22 % of the training text is unknown to it", Assert.Single(notes));
    }

    [Fact]
    public void Capital_letters_stay_where_the_config_says_so()
    {
        Assert.Equal(["The", "the"], Fit("tokens: words, lowercase: false", "the The").Texts);
        Assert.Equal(["a"], Fit("tokens: characters, lowercase: true", "aA").Texts);
    }

    [Fact]
    public void A_vocabulary_may_have_more_ids_than_tokens()
    {
        TextVocabulary vocabulary = Fit("tokens: characters, vocabulary: 10", "ab");
        Assert.Equal((10, 2), (vocabulary.Size, vocabulary.Texts.Count));
        Assert.Equal([2, 3], Enumerable.Range(0, 10).Where(vocabulary.IsText));
    }

    internal static TextVocabulary Fit(string settings, string text, List<string>? notes = null) =>
        VocabularyFit.Of((TextConfig)Load.Config($"dataset: {{text: {{path: t.txt, {settings}}}}}").Dataset!, [Encoding.UTF8.GetBytes(text)], notes is null ? _ => { }
    : notes.Add);

    private static int[] Ids(TextVocabulary vocabulary, string text) => vocabulary.Tokenizer().Encode(Encoding.UTF8.GetBytes(text));

    private static string Text(TextVocabulary vocabulary, int[] ids) => Encoding.UTF8.GetString([.. ids.SelectMany(vocabulary.Tokenizer().BytesOf)]);
}
