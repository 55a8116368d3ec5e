namespace GpuGrad.Training.Evaluation;

/// <summary>
/// Counts entities in tagged sentences as CoNLL's script and seqeval do: an entity is a type with its first and last token, and correct only if all three are. Tags are B-TYPE
/// at the beginning, I-TYPE inside and O outside of an entity, optionally with E-TYPE at the end and S-TYPE for a single token.
/// </summary>
/// <param name="tags">Tag names by label.</param>
internal sealed class EntityCounts(IReadOnlyList<string> tags)
{
    private readonly (char Part, string Type)[] parts = [.. tags.Select(PartOf)];
    private long support, predicted, correct;

    /// <summary>Whether the tags mark entities: each is O or has a prefix, and some tag starts an entity.</summary>
    public static bool Are(IReadOnlyList<string> tags) =>
        tags.All(t => t == "O" || (t.Length > 2 && t[1] == '-' && t[0] is 'B' or 'I' or 'E' or 'S')) && tags.Any(t => t[0] is 'B' or 'I');

    /// <summary>Adds a sentence.</summary>
    /// <param name="labels">The true tag of each token; -1 (padding) is ignored.</param>
    /// <param name="found">The predicted tags.</param>
    public void Add(ReadOnlySpan<int> labels, ReadOnlySpan<int> found)
    {
        var (truth, said) = (new List<int>(labels.Length), new List<int>(labels.Length));
        for (int t = 0; t < labels.Length; t++)
        {
            if (labels[t] < 0)
                continue;
            truth.Add(labels[t]);
            said.Add(found[t]);
        }
        HashSet<(string, int, int)> right = [.. Entities(truth)], guessed = [.. Entities(said)];
        support += right.Count;
        predicted += guessed.Count;
        right.IntersectWith(guessed);
        correct += right.Count;
    }

    /// <summary>Precision, recall and F1 over the entities of all sentences.</summary>
    public ClassFigures Figures => new(support, predicted, correct);

    /// <summary>The entities of a sentence: type, first and last token.</summary>
    internal IEnumerable<(string Type, int First, int Last)> Entities(IReadOnlyList<int> sentence)
    {
        (char Part, string Type) before = ('O', "");
        int first = 0;
        for (int t = 0; t <= sentence.Count; t++)
        {
            (char Part, string Type) now = t < sentence.Count ? parts[sentence[t]] : ('O', "");
            if (Ends(before, now))
                yield return (before.Type, first, t - 1);
            if (Begins(before, now))
                first = t;
            before = now;
        }
    }

    // From conlleval's rules: an inside tag without a beginning starts an entity, too.
    private static bool Ends((char Part, string Type) before, (char Part, string Type) now) =>
        before.Part != 'O' && (before.Part is 'E' or 'S' || now.Part is 'O' or 'B' or 'S' || before.Type != now.Type);

    private static bool Begins((char Part, string Type) before, (char Part, string Type) now) =>
        now.Part != 'O' && (now.Part is 'B' or 'S' || before.Part is 'O' or 'E' or 'S' || before.Type != now.Type);

    private static (char Part, string Type) PartOf(string tag) => tag.Length > 2 && tag[1] == '-' ? (tag[0], tag[2..]) : ('O', "");
}
