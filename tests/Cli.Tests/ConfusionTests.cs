using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace GpuGrad.Cli.Tests;

/// <summary>eval says what each class was taken for: the whole matrix of few classes, the pairs mixed up most of many.</summary>
public sealed class ConfusionTests : IDisposable
{
    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    [Fact]
    public void Few_classes_are_a_matrix_whose_rows_are_what_the_samples_are()
    {
        Write("net.yaml", "{csv: {path: train.csv, test: test.csv}}");
        gpugrad.Write("train.csv", "a,b,label\n" + string.Concat(Enumerable.Range(0, 30).Select(i => FormattableString.Invariant($"{i % 3},{i % 2},{"cat dog a-very-long-name".Split(' ')[i % 3]}\n"))));
        // Two of these three are the network's cat.
        gpugrad.Write("test.csv", "a,b,label\n0,0,cat\n0,1,dog\n2,0,a-very-long-name\n1,1,dog\n");
        gpugrad.Run("train", "net.yaml", "--out", "run").Done();
        string[] lines = gpugrad.Run("eval", "run").Done().Output.Split('\n');
        int head = Array.FindIndex(lines, l => l.StartsWith("true \\ predicted", StringComparison.Ordinal));
        Assert.Equal(["true", "\\", "predicted", "a-very-long…", "cat", "dog"], Words(lines[head]));
        Assert.Equal(["a-very-long-name", "1", "·", "·"], Words(lines[head + 2]));
        Assert.Equal(["cat", "·", "1", "·"], Words(lines[head + 3]));
        Assert.Equal(["dog", "·", "1", "1"], Words(lines[head + 4]));
        JsonNode confusion = gpugrad.Run("eval", "run", "--json").Json()["metrics"]!["confusion"]!;
        Assert.Equal([0, 1, 1], confusion[2]!.AsArray().Select(c => (int)c!));
    }

    [Fact]
    public void Of_many_classes_the_most_frequent_confusions_are_shown()
    {
        Write("net.yaml", "{random: {shape: [4], classes: 15, train: 150, test: 300, noise: 3}}", "[{dense: 15}]");
        gpugrad.Run("train", "net.yaml", "--out", "run", "--set", "train.epochs=1").Done();
        string[] lines = gpugrad.Run("eval", "run").Done().Output.Split('\n');
        Assert.DoesNotContain(lines, l => l.StartsWith("true \\ predicted", StringComparison.Ordinal));
        int head = Array.FindIndex(lines, l => Regex.IsMatch(l, "^true class +predicted +samples +% of the class$"));
        JsonArray confusion = gpugrad.Run("eval", "run", "--json").Json()["metrics"]!["confusion"]!.AsArray();
        int[][] counts = [.. confusion.Select(r => r!.AsArray().Select(c => (int)c!).ToArray())];
        int[] shown = [.. lines[(head + 2)..(head + 12)].Select(l => int.Parse(Words(l)[2], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(counts.SelectMany((r, i) => r.Where((_, c) => c != i)).OrderDescending().Take(10), shown);
        string[] first = Words(lines[head + 2]);
        Assert.Equal(shown[0], counts[int.Parse(first[0], System.Globalization.CultureInfo.InvariantCulture)][int.Parse(first[1], System.Globalization.CultureInfo.InvariantCulture)]);
        Assert.Matches("^[0-9]+ more pairs; --json has the whole matrix$", lines[head + 12]);
    }

    [Fact]
    public void The_loss_and_the_accuracy_stand_once_in_the_words_of_an_evaluation()
    {
        Write("net.yaml", "{blobs: {train: 60, test: 30}}", "[{dense: 3}]");
        gpugrad.Run("train", "net.yaml", "--out", "run", "--set", "train.epochs=1").Done();
        string output = gpugrad.Run("eval", "run").Done().Output;
        Assert.Contains("log loss", output, StringComparison.Ordinal);
        Assert.Matches("^loss [0-9]+[.][0-9]{6}$", Assert.Single(Regex.Matches(output, "loss [0-9.]*")).Value);
        Assert.Matches("^accuracy [0-9.]+$", Assert.Single(Regex.Matches(output, "accuracy [0-9.]*")).Value);
    }

    [Fact]
    public void A_class_not_seen_in_training_is_refused_with_those_that_were()
    {
        Write("net.yaml", "{csv: train.csv}");
        gpugrad.Write("train.csv", "a,b,label\n1,2,cat\n3,4,dog\n1,1,cat\n3,3,emu\n");
        gpugrad.Run("train", "net.yaml", "--out", "run").Done();
        gpugrad.Write("new.csv", "a,b,label\n1,2,cat\n3,4,zebra\n");
        Assert.Equal("new.csv:3:5: the class 'zebra'; expected one of those of the training data: 'cat', 'dog', 'emu'", gpugrad.Run("eval", "run", "--data", "new.csv").Refused(ExitCode.Data));
    }

    private void Write(string name, string dataset, string model = "[{dense: 16}, tanh, {dense: 3}]") =>
        gpugrad.Write(name, $"data: {{dataset: {dataset}, batch: 10}}\nmodel: {model}\ndevice: cpu\ntrain: {{epochs: 60, optimizer: {{adam: 0.02}}}}\n");

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
