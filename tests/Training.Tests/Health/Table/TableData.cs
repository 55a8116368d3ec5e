using System.Globalization;
using System.Text;

namespace GpuGrad.Training.Tests.Health.Table;

/// <summary>The tables that the networks of <c>networks.yaml</c> read, the same on every machine.</summary>
internal static class TableData
{
    /// <summary>Writes all of them into a folder.</summary>
    public static void WriteAll(string folder)
    {
        Write(folder, "sorted", 300, Blob, (_, i, count) => i * 3 / count);
        Write(folder, "raw", 600, (random, label) => [.. Blob(random, label).Select((v, f) => f == 0 ? 1000 + (400 * v) : v)], (_, i, _) => i % 3);
        Write(folder, "guess", 600, (random, _) => Blob(random, random.Next(3)), (_, i, _) => i % 3);
        Write(folder, "rare", 600, (random, label) => [Normal(random) + label, Normal(random) + (0.7 * label)], (_, i, _) => i % 25 == 0 ? 1 : 0);
        Write(folder, "one", 200, Blob, (_, _, _) => 0);
        Write(folder, "words", 600, Sentence, (_, i, _) => i % 2);
    }

    private static void Write(string folder, string name, int count, Func<Random, int, double[]> sample, Func<Random, int, int, int> label)
    {
        foreach ((string part, int rows, int seed) in new[] { ("", count, 1), ("-test", count / 2, 2) })
        {
            var random = new Random(seed);
            var text = new StringBuilder();
            for (int i = 0; i < rows; i++)
            {
                int c = label(random, i, rows);
                double[] x = sample(random, c);
                if (i == 0)
                    text.AppendLine(string.Join(',', x.Select((_, f) => $"x{f}")) + ",label");
                text.AppendLine(string.Join(',', x.Select(v => v.ToString("R", CultureInfo.InvariantCulture))) + $",c{c}");
            }
            File.WriteAllText(Path.Combine(folder, $"{name}{part}.csv"), text.ToString());
        }
    }

    // Three heaps that overlap a little.
    private static double[] Blob(Random random, int label) => [Normal(random) + (2.5 * Math.Cos(label * 2.1)), Normal(random) + (2.5 * Math.Sin(label * 2.1))];

    // Six words of 200: most mean nothing, those below 40 speak for one class or the other.
    private static double[] Sentence(Random random, int label) =>
        [.. Enumerable.Range(0, 6).Select(_ => (double)(random.Next(2) == 0 ? 40 + random.Next(160) : (2 * random.Next(20)) + (random.Next(8) == 0 ? 1 - label : label)))];

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
