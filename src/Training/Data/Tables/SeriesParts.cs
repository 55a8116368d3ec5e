using System.Globalization;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Tables;

/// <summary>A series split by time: first the training part, then validation, then test; columns are fitted on the first part only.</summary>
internal sealed record SeriesParts(TableColumns Columns, SampleSet Train, SampleSet? Validation, SampleSet? Test)
{
    /// <param name="config">Sizes of the held-out parts.</param>
    /// <param name="data">The raw rows.</param>
    /// <param name="columns">The columns, with a window.</param>
    /// <param name="areFitted">Whether the columns were fitted in an earlier training.</param>
    /// <param name="note">Receives notes about input that may not be intended.</param>
    public static SeriesParts Of(DataConfig config, DataSet data, TableColumns columns, bool areFitted, Action<string> note)
    {
        SampleSet raw = data.Train;
        TableWindows.RequireOrder(raw);
        // The latest rows are the closest to the future.
        if (config.Limit is int limit && limit < raw.Count)
            raw = raw.Part([.. Enumerable.Range(raw.Count - limit, limit)]);
        int test = config.Test?.Of(raw.Count) ?? 0, validation = config.Validation?.Of(raw.Count - test) ?? 0, train = raw.Count - test - validation;
        if (train <= 0)
            throw ConfigException.At(config.Source, string.Create(CultureInfo.InvariantCulture, $"data: 'test' and 'validation' leave none of {raw.Count:N0} rows to train on; expected less"));
        if (!areFitted)
            columns = TableFitting.Fit(columns, raw.Part([.. Enumerable.Range(0, train)]));
        var encoder = new TableEncoder(columns);
        var windows = new TableWindows(columns, note);
        SampleSet rows = encoder.Encode(raw, null, "the series", note);
        return new SeriesParts(
            columns,
            windows.Make(raw, rows, 0, train, answers: true, "the training part"),
            validation == 0 ? null : windows.Make(raw, rows, train, train + validation, answers: true, "the validation part"),
            test > 0 ? windows.Make(raw, rows, train + validation, raw.Count, answers: true, "the test part") : TestFile(data.Test, encoder, windows, note));
    }

    private static SampleSet? TestFile(SampleSet? raw, TableEncoder encoder, TableWindows windows, Action<string> note)
    {
        if (raw is null)
            return null;
        TableWindows.RequireOrder(raw);
        return windows.Make(raw, encoder.Encode(raw, null, "the test part", note), 0, raw.Count, answers: true, "the test part");
    }
}
