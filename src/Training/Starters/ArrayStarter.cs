using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Starters;

/// <summary>Writes a first config for arrays of numbers: an npz archive, or npy and IDX files with label files beside them.</summary>
internal static class ArrayStarter
{
    // Common names of samples with their labels, and their names in a test set.
    private static readonly (string X, string Y)[] Pairs = [("x", "y"), ("data", "target"), ("data", "targets"), ("data", "labels"), ("images", "labels"), ("features", "labels"), ("features", "targets"), ("inputs", "targets"), ("inputs", "labels"), ("x", "labels"), ("x", "t")];

    /// <param name="path">An npz archive.</param>
    /// <param name="folder">Folder of the config.</param>
    /// <param name="toItself">Whether the samples are their own targets, as they are if the archive holds nothing else.</param>
    public static Starter OfArchive(string path, string folder, bool toItself)
    {
        IReadOnlyDictionary<string, int[]> arrays = Sizes(path);
        string[] names = [.. arrays.Keys];
        if (names.Length == 0)
            throw DataFault.In(path, "an archive without arrays", "numpy.savez('data.npz', x=x, y=y); pictures or tables that are packed must be unpacked first");
        if (names.Length == 1)
            return OfInputs(path, folder, names[0], IsChannelsLast(arrays[names[0]]));
        if (toItself)
        {
            string only = Array.Find(names, n => Pairs.Any(p => Plain(n) == p.X || Plain(n) == "train" + p.X || Plain(n) == p.X + "train")) ?? throw DataFault.In(path, $"the arrays {DataFault.Some(names)}", "one that is called x or x_train");
            return OfInputs(path, folder, only, IsChannelsLast(arrays[only]));
        }
        (string x, string y) = Named(names, "", "train") ?? Nameless(arrays) ?? throw DataFault.In(path, $"the arrays {DataFault.Some(names)}", "two that are called x and y, or x_train and y_train");
        (string X, string Y)? test = Named(names, "test") is { } found && found != (x, y) ? found : null;
        bool last = IsChannelsLast(arrays[x]);
        var config = new NpzConfig { Path = Path.GetFullPath(path), X = x, Y = y, TestX = test?.X, TestY = test?.Y, ChannelsLast = last };
        var lines = new List<(string, string?)> { ("    npz:", null), ($"      path: {CommentedYaml.Scalar(Starter.PathIn(folder, path))}", null), ($"      x: {CommentedYaml.Scalar(x)}", "the array of samples"), ($"      y: {CommentedYaml.Scalar(y)}", "labels, or numbers to predict") };
        if (test is { } other)
            lines.AddRange([($"      test-x: {CommentedYaml.Scalar(other.X)}", null), ($"      test-y: {CommentedYaml.Scalar(other.Y)}", null)]);
        return Make(path, config, lines, last);
    }

    private static Starter OfInputs(string path, string folder, string x, bool channelsLast)
    {
        var config = new NpzConfig { Path = Path.GetFullPath(path), X = x, ChannelsLast = channelsLast };
        return ToItself(path, config, [("    npz:", null), ($"      path: {CommentedYaml.Scalar(Starter.PathIn(folder, path))}", null), ($"      x: {CommentedYaml.Scalar(x)}", "the array of samples")], channelsLast);
    }

    /// <param name="path">An npy or IDX file of samples.</param>
    /// <param name="folder">Folder of the config.</param>
    /// <param name="toItself">Whether the samples are their own targets.</param>
    public static Starter OfFile(string path, string folder, bool toItself)
    {
        bool npy = path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase);
        string? y = toItself ? null : Partner(path)
            ?? throw DataFault.In(path, "no file of labels beside it", $"one of {DataFault.Some(PartnersOf(path).Distinct().Take(4))}; or '--target input' for an autoencoder, which needs none");
        string? testX = OfTest(path), testY = y is null ? null : OfTest(y);
        if (y is not null && testY is null)
            testX = null;
        bool last = npy && ArrayFiles.Header(path) is { } header && IsChannelsLast(header.Sizes);
        string full = Path.GetFullPath(path);
        string? fullY = y is null ? null : Path.GetFullPath(y);
        DatasetConfig config = npy
            ? new NpyConfig { X = full, Y = fullY, TestX = testX, TestY = testY, ChannelsLast = last }
            : new IdxConfig { Images = full, Labels = fullY, TestImages = testX, TestLabels = testY };
        (string x, string labels) = npy ? ("x", "y") : ("images", "labels");
        var lines = new List<(string, string?)> { (npy ? "    npy:" : "    idx:", null), Line(x, path) };
        if (y is not null)
            lines.Add(Line(labels, y));
        if (testX is not null)
            lines.Add(Line($"test-{x}", testX));
        if (testY is not null)
            lines.Add(Line($"test-{labels}", testY));
        return toItself ? ToItself(path, config, lines, last) : Make(path, config, lines, last);

        (string, string?) Line(string key, string file) => ($"      {key}: {CommentedYaml.Scalar(Starter.PathIn(folder, file))}", null);
    }

    // Without labels a network can learn to reproduce the samples.
    private static Starter ToItself(string path, DatasetConfig config, List<(string, string?)> lines, bool channelsLast)
    {
        if (channelsLast)
            lines.Add(("      channels-last: true", "[samples, height, width, channels]"));
        return AutoencoderStarter.Make(path, config.Load(new DataContext(Directory.GetCurrentDirectory(), 1) { WithoutAnswers = true }), lines);
    }

    private static Starter Make(string path, DatasetConfig config, List<(string, string?)> lines, bool channelsLast)
    {
        if (channelsLast)
            lines.Add(("      channels-last: true", "[samples, height, width, channels]"));
        DataSet data = config.Load(new DataContext(Directory.GetCurrentDirectory(), 1));
        return data.Shape.Answer is null ? new SampleStarter("arrays", path, data).Make(lines) : new SegmentationStarter(path, data).Make(lines);
    }

    private static IReadOnlyDictionary<string, int[]> Sizes(string path) => DataFile.Read(path, stream =>
    {
        var sizes = new Dictionary<string, int[]>(StringComparer.Ordinal);
        foreach (ZipEntry entry in ZipIndex.Read(stream, path).Where(e => e.Name.EndsWith(".npy", StringComparison.Ordinal)))
        {
            using ByteInput input = ZipIndex.Open(stream, path, entry);
            sizes[entry.Name[..^".npy".Length]] = Npy.ReadHeader(input).Sizes;
        }
        return sizes;
    });

    // x_train, X_train, train_x, trainX and train-images are the same name.
    private static (string X, string Y)? Named(string[] names, params ReadOnlySpan<string> parts)
    {
        foreach (string part in parts)
        {
            foreach ((string x, string y) in Pairs)
            {
                string? foundX = Array.Find(names, n => Plain(n) == part + x || Plain(n) == x + part), foundY = Array.Find(names, n => Plain(n) == part + y || Plain(n) == y + part);
                if (foundX is not null && foundY is not null)
                    return (foundX, foundY);
            }
        }
        return null;
    }

    // The names that numpy.savez gives to two unnamed arrays, here samples and labels.
    private static (string X, string Y)? Nameless(IReadOnlyDictionary<string, int[]> arrays) =>
        arrays.Count == 2 && arrays.GetValueOrDefault("arr_0") is [int samples, _, ..] && arrays.GetValueOrDefault("arr_1") is [int answers, ..] && samples == answers ? ("arr_0", "arr_1") : null;

    private static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    private static bool IsChannelsLast(int[] sizes) => sizes.Length == 4 && sizes[3] is 1 or 3 or 4 && sizes[1] is not (1 or 3 or 4);

    private static string? Partner(string path) => PartnersOf(path).FirstOrDefault(File.Exists);

    private static IEnumerable<string> PartnersOf(string path)
    {
        string folder = Path.GetDirectoryName(path) ?? "", name = Path.GetFileName(path);
        foreach ((string x, string y) in new[] { ("images-idx3", "labels-idx1"), ("images.idx3", "labels.idx1"), ("images", "labels"), ("data", "labels"), ("data", "targets"), ("features", "labels"), ("inputs", "targets"), ("X", "y"), ("X", "Y"), ("x", "y") })
        {
            if (name.Contains(x, StringComparison.Ordinal) && !name.Equals(name.Replace(x, y, StringComparison.Ordinal), StringComparison.Ordinal))
                yield return Path.Combine(folder, name.Replace(x, y, StringComparison.Ordinal));
        }
        yield return Path.Combine(folder, "y" + Path.GetExtension(name));
    }

    private static string? OfTest(string path)
    {
        string folder = Path.GetDirectoryName(path) ?? "", name = Path.GetFileName(path);
        string[] others = [name.Replace("train", "test", StringComparison.Ordinal), name.Replace("train", "t10k", StringComparison.Ordinal)];
        return others.Where(o => o != name).Select(o => Path.Combine(folder, o)).FirstOrDefault(File.Exists);
    }
}
