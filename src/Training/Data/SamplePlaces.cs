using System.Globalization;

namespace GpuGrad.Training.Data;

/// <summary>Positions of samples in their files, for messages.</summary>
/// <param name="File">The file or folder.</param>
public sealed record SamplePlaces(string File)
{
    /// <summary>The line of each sample, from 1; null if the file has no lines.</summary>
    public IReadOnlyList<long>? Lines { get; init; }

    /// <summary>The file of each sample, if each has its own; else null.</summary>
    public IReadOnlyList<string>? Files { get; init; }

    /// <summary>The name of each number of a sample; null if they have none.</summary>
    public IReadOnlyList<string>? Names { get; init; }

    /// <summary>Where the labels or targets are, if that is another file or array.</summary>
    public string? Answers { get; init; }

    /// <summary>Position of the label or target of a sample.</summary>
    public string OfAnswer(int sample) => Answers is null ? Of(sample) : string.Create(CultureInfo.InvariantCulture, $"{Answers}: sample {sample}");

    /// <summary>Position of a sample, counted from 0: <c>t.csv:3</c> or <c>x.npz: sample 2</c>.</summary>
    public string Of(int sample) =>
        Files is not null ? Files[sample]
        : Lines is not null ? string.Create(CultureInfo.InvariantCulture, $"{File}:{Lines[sample]}")
        : string.Create(CultureInfo.InvariantCulture, $"{File}: sample {sample}");

    /// <summary>Positions of some of the samples; null if a sample has only its index.</summary>
    internal SamplePlaces? Pick(ReadOnlySpan<int> positions)
    {
        if (Lines is null && Files is null)
            return null;
        var lines = new long[Lines is null ? 0 : positions.Length];
        var files = new string[Files is null ? 0 : positions.Length];
        for (int i = 0; i < positions.Length; i++)
        {
            if (Lines is not null)
                lines[i] = Lines[positions[i]];
            if (Files is not null)
                files[i] = Files[positions[i]];
        }
        return this with { Lines = Lines is null ? null : lines, Files = Files is null ? null : files };
    }

    /// <summary>Name of one of a sample's numbers.</summary>
    public string NameOf(int number) => Names?[number] ?? Numbered(number);

    /// <summary>Name of a number without a name.</summary>
    public static string Numbered(int number) => string.Create(CultureInfo.InvariantCulture, $"number {number}");
}
