using System.Text.Json.Serialization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Data.Tables;

/// <summary>A time series: windows of past rows predict the targets of the next rows. The held-out parts are the latest rows, not random ones.</summary>
public sealed record WindowConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Number of rows per sample, whose shape is [columns, past], a signal.</summary>
    [Shorthand]
    public required int Past { get; init => field = Require.Between(value, 1, 1 << 16); }

    /// <summary>Number of rows to predict after them; with 'label' the offset of the row whose class is predicted, 0 for the last row of the sample itself.</summary>
    public int Horizon { get; init => field = Require.Between(value, 0, 1 << 16); } = 1;
}

/// <summary>How samples are made from the rows of a series.</summary>
/// <param name="Past">Number of rows per sample.</param>
/// <param name="Horizon">Number of rows to predict after them; for classes the offset of the row, 0 for the last row of the sample.</param>
/// <param name="Targets">Indices among the features of the predicted columns; their past is part of a sample. Empty if a class is predicted.</param>
public sealed record SeriesWindow(int Past, int Horizon, IReadOnlyList<int> Targets)
{
    /// <summary>Whether a class is predicted.</summary>
    [JsonIgnore]
    public bool IsOfClass => Targets.Count == 0;

    /// <summary>Offset from the first row after the sample to the last with a target.</summary>
    [JsonIgnore]
    internal int Ahead => Horizon - 1;

    /// <summary>Number of targets per sample: row by row, each with all targets.</summary>
    [JsonIgnore]
    public int Answers => checked(Horizon * Targets.Count);

    /// <summary>Describes what does not match the columns, as in a file that was tampered with; null if all does.</summary>
    internal string? Problem(IReadOnlyList<string> features) =>
        Past < 1 || Horizon < (IsOfClass ? 0 : 1) || Past > 1 << 16 || Horizon > 1 << 16 || Targets.Any(t => t < 0 || t >= features.Count) ? "a window that does not fit its columns" : null;
}
