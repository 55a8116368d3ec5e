using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Tables;

/// <summary>Turns raw samples of a table into inputs of the network, as fitted on the training part.</summary>
/// <param name="columns">The fitted columns of the training table.</param>
internal sealed class TableEncoder(TableColumns columns)
{
    private readonly TableColumn[] features = [.. columns.Columns.Where(c => c.Role == ColumnRole.Feature)];

    /// <summary>The encoded samples; all numbers are finite.</summary>
    /// <param name="raw">The raw samples.</param>
    /// <param name="shape">Shape of a sample; null for a row of numbers.</param>
    /// <param name="what">Name of the samples in notes: a file, or a part.</param>
    /// <param name="note">Receives notes about categories not seen in training, and about missing values where training had none.</param>
    public SampleSet Encode(SampleSet raw, Shape? shape, string what, Action<string>? note)
    {
        if (raw.Columns is not { } given)
            return raw;
        int width = columns.Width;
        Shape wanted = shape ?? new Shape(width);
        if (wanted.Length != width)
            throw DataFault.In(what, $"{width:N0} numbers made of the columns", $"{wanted.Length:N0} for samples of shape {wanted}; only numbers without gaps can be pixels");
        SampleSet samples = raw with { Shape = wanted, Columns = null };
        if (width == features.Length && given.All(c => c.IsPlain))
            return samples;
        if ((long)raw.Count * width > Array.MaxLength)
            throw DataFault.In(what, $"{raw.Count:N0} rows of {width:N0} numbers", $"at most {Array.MaxLength:N0} numbers; columns of many categories take most, 'ignore' leaves one out");
        var numbers = new double[raw.Count * width];
        int at = 0;
        for (int i = 0; i < features.Length; i++)
        {
            var values = new ColumnValues(raw, i);
            ColumnFit fit = features[i].Fit ?? new ColumnFit(ColumnType.Number) { Fill = [0] };
            int missing = fit.Type == ColumnType.Category
                ? Category(fit, given[i], values, numbers, at, width, raw.Count, Unseen(what, features[i].Name, note))
                : Number(fit, values, numbers, at, width, raw.Count);
            if (missing > 0 && fit is { Missing: MissingStrategy.Indicator, Indicator: false })
                note?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{what}: {missing:N0} missing value{(missing == 1 ? "" : "s")} in {Called(features[i].Name)}, which had none in training: taken as {Stands(fit.Type)}"));
            at += fit.Width;
        }
        return Named(samples).WithNumbers(numbers);
    }

    private static int Number(ColumnFit fit, ColumnValues values, double[] numbers, int at, int width, int rows)
    {
        int missing = 0, size = fit.Width;
        IReadOnlyList<DateNumber> dates = fit.Type == ColumnType.Date ? fit.DateNumbers() : [];
        for (int row = 0; row < rows; row++)
        {
            Span<double> cell = numbers.AsSpan((row * width) + at, size);
            double value = values[row];
            if (double.IsNaN(value))
            {
                missing++;
                for (int k = 0; k < fit.Fill!.Count; k++)
                    cell[k] = fit.Fill[k];
                if (fit.Indicator)
                    cell[^1] = 1;
            }
            else if (fit.Type == ColumnType.Date)
            {
                for (int k = 0; k < dates.Count; k++)
                    cell[k] = dates[k].Of(value, fit.Latest);
            }
            else
            {
                fit.Place(value, cell);
            }
        }
        return missing;
    }

    private static int Category(ColumnFit fit, RawColumn given, ColumnValues values, double[] numbers, int at, int width, int rows, Action<IEnumerable<(string, int)>> unseen)
    {
        int[] places = Places(fit, given.Texts!);
        int other = fit.Categories!.Count, filled = fit.FillCategory is string fill ? fit.Categories.ToList().IndexOf(fill) : fit.Indicator ? other + 1 : other, missing = 0;
        var strange = new int[places.Length];
        for (int row = 0; row < rows; row++)
        {
            double code = values[row];
            int place = filled;
            if (double.IsNaN(code))
                missing++;
            else if ((place = places[(int)code]) == other)
                strange[(int)code]++;
            if (fit.Embedding > 0)
                numbers[(row * width) + at] = place;
            else
                numbers[(row * width) + at + place] = 1;
        }
        unseen(given.Texts!.Zip(strange).Where(s => s.Second > 0));
        return missing;
    }

    // Index of each text among the categories of the training part; one past the last for an unknown one.
    private static int[] Places(ColumnFit fit, IReadOnlyList<string> texts)
    {
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < fit.Categories!.Count; i++)
            known[fit.Categories[i]] = i;
        bool whole = ClassTexts.AreNumbers([.. fit.Categories]);
        return [.. texts.Select(t => known.TryGetValue(t, out int place) || (whole && ClassTexts.TryWhole(t, out decimal value) && known.TryGetValue(ClassTexts.NameOf(value), out place)) ? place : known.Count)];
    }

    private static Action<IEnumerable<(string Text, int Rows)>> Unseen(string what, string column, Action<string>? note) => found =>
    {
        (string Text, int Rows)[] texts = [.. found];
        if (texts.Length > 0)
            note?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{what}: {texts.Sum(t => t.Rows):N0} value{(texts.Sum(t => t.Rows) == 1 ? "" : "s")} of {Called(column)} that training has not seen: {string.Join(", ", texts.Take(3).Select(t => DataFault.Quote(t.Text)))}{(texts.Length > 3 ? ", …" : "")}"));
    };

    // A column without a name is referred to by its number.
    private static string Called(string column) => column.StartsWith(TableColumns.Unnamed, StringComparison.Ordinal) ? column : $"column {DataFault.Quote(column)}";

    private static string Stands(ColumnType type) => type switch
    {
        ColumnType.Category => "a category that training has not seen",
        ColumnType.Boolean => "training's most frequent value",
        _ => "training's mean",
    };

    private SampleSet Named(SampleSet samples) => samples.Places is not { } places ? samples
        : samples with { Places = places with { Names = [.. features.SelectMany(f => f.Fit?.Names(f.Name) ?? [f.Name])] } };
}
