using System.Text.Json.Serialization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Data.Tables;

/// <summary>A table whose rows are in time order: past rows predict the targets of the next. The held-out parts are the latest rows, not random ones.</summary>
public sealed record WindowConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>Rows per sample; its shape is [columns, past], a signal.</summary>
    [Shorthand]
    public required int Past { get; init => field = Require.Between(value, 1, 1 << 16); }

    /// <summary>Rows after them whose targets are predicted; with 'label' the row after them whose class is predicted, 0 for the last row of the sample itself.</summary>
    public int Horizon { get; init => field = Require.Between(value, 0, 1 << 16); } = 1;
}

/// <summary>How samples are made of the rows of a series.</summary>
/// <param name="Past">Rows of a sample.</param>
/// <param name="Horizon">Rows behind them whose targets are predicted; of classes the row behind them, 0 for the last row of the sample.</param>
/// <param name="Targets">Places among the features of the columns that are predicted; their past is part of a sample. None where a class is predicted.</param>
public sealed record SeriesWindow(int Past, int Horizon, IReadOnlyList<int> Targets)
{
    /// <summary>Whether a class is predicted.</summary>
    [JsonIgnore]
    public bool IsOfClass => Targets.Count == 0;

    /// <summary>From the first row behind a sample's to the last that its answer stands in.</summary>
    [JsonIgnore]
    internal int Ahead => Horizon - 1;

    /// <summary>Numbers to predict for a sample: row after row, each with all targets.</summary>
    [JsonIgnore]
    public int Answers => checked(Horizon * Targets.Count);

    /// <summary>What does not fit the columns, as it may in a file that was tampered with; null where all does.</summary>
    internal string? Problem(IReadOnlyList<string> features) =>
        Past < 1 || Horizon < (IsOfClass ? 0 : 1) || Past > 1 << 16 || Horizon > 1 << 16 || Targets.Any(t => t < 0 || t >= features.Count) ? "a window that does not fit its columns" : null;
}
