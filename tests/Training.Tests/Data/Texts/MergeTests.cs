using System.Text;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Tests.Data.Texts;

/// <summary>Byte-pair encodings, learned from a text and GPT-2's.</summary>
public sealed class MergeTests
{
    [Fact]
    public void The_most_frequent_pair_becomes_a_token_over_and_over()
    {
        // Sennrich, Haddow and Birch (2016): low ×5, lower ×2, newest ×6, widest ×3.
        var counts = new Dictionary<string, long> { ["low"] = 5, ["lower"] = 2, ["newest"] = 6, ["widest"] = 3 };
        string[] tokens = [.. MergeTraining.Of(counts, 6).Select(Encoding.UTF8.GetString)];
        // es and st occur nine times each, and so does est; ties go to the tokens that come first.
        Assert.Equal(["es", "est", "lo", "low", "ew", "new"], tokens);
    }

    [Fact]
    public void Merging_ends_where_no_pair_occurs_twice() =>
        Assert.Equal(["ab"], MergeTraining.Of(new Dictionary<string, long> { ["abab"] = 1 }, 100).Select(Encoding.UTF8.GetString));

    [Fact]
    public void A_text_is_written_with_the_tokens_that_were_learned_and_read_back()
    {
        TextVocabulary vocabulary = TokenizerTests.Fit("tokens: bpe, vocabulary: 260", string.Concat(Enumerable.Repeat("the other them ", 20)));
        Assert.Equal(260, vocabulary.Size);
        Assert.Equal("the", Encoding.UTF8.GetString(vocabulary.Tokenizer().Encode("the"u8).SelectMany(vocabulary.Tokenizer().BytesOf).ToArray()));
        Assert.True(vocabulary.Tokenizer().Encode("the"u8).Length < 3);
        const string Text = "théother 🙂\n\n them";
        Assert.Equal(Text, Encoding.UTF8.GetString([.. vocabulary.Tokenizer().Encode(Encoding.UTF8.GetBytes(Text)).SelectMany(vocabulary.Tokenizer().BytesOf)]));
    }

    [Fact]
    public void Gpt2_gives_its_published_ids()
    {
        TextVocabulary vocabulary = TokenizerTests.Fit("tokens: gpt2", "");
        Assert.Equal([15496, 11, 995, 0], vocabulary.Tokenizer().Encode("Hello, world!"u8));
        Assert.Equal(50257, vocabulary.Size);
        Assert.Equal(" world", vocabulary.NameOf(995));
        const string Text = "it's  12 pièces 🙂";
        Assert.Equal(Text, Encoding.UTF8.GetString([.. vocabulary.Tokenizer().Encode(Encoding.UTF8.GetBytes(Text)).SelectMany(vocabulary.Tokenizer().BytesOf)]));
    }
}
