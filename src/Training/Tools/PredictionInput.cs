using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Tools;

/// <summary>New samples for a trained network, raw as the training data were.</summary>
public static class PredictionInput
{
    private const long MostText = 256L << 20;

    /// <summary>Reads a PNG picture, an npy array, the array <c>x</c> of an npz file, or CSV rows (<c>-</c>: from standard input).</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: the file is broken or its samples have another shape.</exception>
    public static SampleSet Read(string path, Shape shape) => path == "-"
        ? FromRows(Console.In, "standard input", shape)
        : System.IO.Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".png" => FromPicture(path, shape),
            ".npy" => FromArray(DataFile.Read(path, stream => Npy.Read(stream, path)), path, shape),
            ".npz" => FromArray(Npz.Read(path).GetValueOrDefault("x") ?? throw Refuse(path, "no array 'x'"), path, shape),
            ".csv" or ".tsv" or ".txt" => DataFile.Read(path, stream => FromRows(new StreamReader(stream), path, shape)),
            string other => throw Refuse(path, $"files of type '{other}' are not read; expected .png, .npy, .npz, .csv or - for rows from standard input"),
        };

    private static SampleSet FromPicture(string path, Shape shape)
    {
        Picture picture = PngReader.Read(path);
        if (shape.Rank != 3 || shape[0] is not (1 or 3) || picture.Height != shape[1] || picture.Width != shape[2])
            throw Refuse(path, $"a picture of {picture.Width}×{picture.Height}, the network takes samples {shape}");
        var planes = new byte[shape.Count];
        picture.ToPlanes(shape[0], planes);
        return new SampleSet { Shape = shape, Count = 1, Bytes = planes };
    }

    private static SampleSet FromArray(NumberArray array, string path, Shape shape)
    {
        ReadOnlySpan<int> sizes = array.Sizes;
        bool one = sizes.SequenceEqual(shape.Sizes);
        if (!one && !(sizes.Length > 1 && sizes[1..].SequenceEqual(shape.Sizes)))
            throw Refuse(path, $"an array of shape {new Shape(sizes)}, the network takes [N, {string.Join(", ", shape.Sizes.ToArray())}]");
        return new SampleSet { Shape = shape, Count = one ? 1 : sizes[0], Bytes = array.AsBytes, Reals = array.AsBytes is null ? array.ToFloats() : null };
    }

    // Rows of numbers; a first row that holds none is a header.
    private static SampleSet FromRows(TextReader reader, string path, Shape shape)
    {
        var values = new List<float>();
        long read = 0;
        int number = 0;
        while (reader.ReadLine() is string line)
        {
            number++;
            read += line.Length;
            if (read > MostText)
                throw Refuse(path, $"more than {MostText} characters");
            if (line.Trim().Length == 0)
                continue;
            string[] cells = line.Split([',', ';', '\t'], StringSplitOptions.TrimEntries);
            if (number == 1 && !cells.Any(c => TryNumber(c, out _)))
                continue;
            if (cells.Length != shape.Count)
                throw Refuse($"{path}:{number}", $"{cells.Length} numbers, the network takes {shape.Count}");
            for (int i = 0; i < cells.Length; i++)
                values.Add(TryNumber(cells[i], out float value) ? value : throw Refuse($"{path}:{number}", $"'{cells[i]}' in column {i + 1}; expected a number"));
        }
        if (values.Count == 0)
            throw Refuse(path, "no rows");
        return new SampleSet { Shape = shape, Count = values.Count / shape.Count, Reals = [.. values] };
    }

    private static bool TryNumber(string text, out float value) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && float.IsFinite(value);

    private static GpuGradException Refuse(string where, string what) => new(Fault.Data, $"{where}: {what}");
}
