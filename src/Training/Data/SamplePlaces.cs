using System.Globalization;

namespace GpuGrad.Training.Data;

/// <summary>Where samples stand in what they were read from, for messages.</summary>
/// <param name="File">The file or folder.</param>
public sealed record SamplePlaces(string File)
{
    /// <summary>The line of each sample, from 1; null where the file has no lines.</summary>
    public IReadOnlyList<long>? Lines { get; init; }

    /// <summary>The file of each sample, where each has its own; else null.</summary>
    public IReadOnlyList<string>? Files { get; init; }

    /// <summary>The name of each number of a sample; null where they have none.</summary>
    public IReadOnlyList<string>? Names { get; init; }

    /// <summary>Where the answers are, where that is another file or array.</summary>
    public string? Answers { get; init; }

    /// <summary>Where what should come out of a sample is.</summary>
    public string OfAnswer(int sample) => Answers is null ? Of(sample) : string.Create(CultureInfo.InvariantCulture, $"{Answers}: sample {sample}");

    /// <summary>Where a sample is, counted from 0: <c>t.csv:3</c> or <c>x.npz: sample 2</c>.</summary>
    public string Of(int sample) =>
        Files is not null ? Files[sample]
        : Lines is not null ? string.Create(CultureInfo.InvariantCulture, $"{File}:{Lines[sample]}")
        : string.Create(CultureInfo.InvariantCulture, $"{File}: sample {sample}");

    /// <summary>Those of some of the samples; null where a sample is known by its number alone.</summary>
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

    /// <summary>What one of its numbers is called.</summary>
    public string NameOf(int number) => Names?[number] ?? Numbered(number);

    /// <summary>The name of a number that has none.</summary>
    public static string Numbered(int number) => string.Create(CultureInfo.InvariantCulture, $"number {number}");
}
