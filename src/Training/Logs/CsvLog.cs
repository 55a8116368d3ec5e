using System.Globalization;
using System.Text;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Logs;

/// <summary>
/// Metrics of steps and of epochs as two tables with a header. Columns are those of the first row; a metric that a later row lacks, or that is
/// not a finite number, is an empty cell.
/// </summary>
internal sealed class CsvLog(WorkFolder folder, IReadOnlyDictionary<string, long> lengths, Action<GpuGradException>? tolerate) : IRunLog
{
    private readonly Table steps = Table.Open(folder, "steps.csv", lengths, tolerate);
    private readonly Table epochs = Table.Open(folder, "epochs.csv", lengths, tolerate);

    public void Append(LineKind kind, ReadOnlySpan<(string Name, MetricValue Value)> line)
    {
        if (kind == LineKind.Step)
            steps.Append(line);
        else if (kind == LineKind.Epoch)
            epochs.Append(line);
    }

    public void Flush()
    {
        steps.Flush();
        epochs.Flush();
    }

    public IEnumerable<KeyValuePair<string, long>> Sync() => [steps.Sync(), epochs.Sync()];

    public void Dispose()
    {
        steps.Dispose();
        epochs.Dispose();
    }

    private sealed class Table(string name, AppendedFile file, string[]? columns) : IDisposable
    {
        private string[]? columns = columns;

        public static Table Open(WorkFolder folder, string name, IReadOnlyDictionary<string, long> lengths, Action<GpuGradException>? tolerate)
        {
            string path = Path.Combine(folder.Path, name);
            long length = MetricsLog.LengthToKeep(path, lengths.GetValueOrDefault(name), tolerate);
            string? header = length == 0 ? null : File.ReadLines(path).FirstOrDefault();
            return new Table(name, AppendedFile.Open(folder, name, length, tolerate), header?.Split(','));
        }

        public void Append(ReadOnlySpan<(string Name, MetricValue Value)> line)
        {
            var text = new StringBuilder();
            if (columns is null)
            {
                columns = [.. line.ToArray().Select(v => v.Name)];
                text.AppendJoin(',', columns).Append('\n');
            }
            var values = new double?[columns.Length];
            foreach ((string column, MetricValue value) in line)
            {
                if (Array.IndexOf(columns, column) is int at and >= 0)
                    values[at] = value.Number;
            }
            text.AppendJoin(',', values.Select(v => v is double d && double.IsFinite(d) ? d.ToString("R", CultureInfo.InvariantCulture) : "")).Append('\n');
            file.Append(Encoding.UTF8.GetBytes(text.ToString()));
        }

        public void Flush() => file.Flush();

        public KeyValuePair<string, long> Sync() => KeyValuePair.Create(name, file.Sync());

        public void Dispose() => file.Dispose();
    }
}
