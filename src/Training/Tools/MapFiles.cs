using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tools;

/// <summary>
/// Writes predicted masks and images. Masks go to a folder, one PNG per picture, in the picture's size and with the values of the training
/// masks: gray values, or colours; class numbers for other data. An npz archive holds masks and images as the network outputs them.
/// </summary>
public sealed class MapFiles
{
    private readonly Shape map;
    private readonly MaskValues values;
    private readonly ResizeMethod method;
    private readonly string path;
    private readonly HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Prediction> predictions = [];

    /// <param name="config">The experiment.</param>
    /// <param name="fitted">Fitted in training.</param>
    /// <param name="path">The folder, or the archive.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: such a file cannot hold masks or images.</exception>
    public MapFiles(RunConfig config, FittedInput fitted, string path)
    {
        map = fitted.Shape.Answer!.Value;
        this.path = path;
        bool isMask = fitted.Shape.Classes > 0;
        string ending = Path.GetExtension(path).ToLowerInvariant();
        if (!IsArchive && (ending is ".csv" or ".tsv" or ".jsonl" || !isMask))
            throw new GpuGradException(Fault.Config, $"--out {path} holds one answer a sample, and this network gives {(isMask ? "a class for each pixel" : "an image")}; expected {(isMask ? "a folder for masks, or " : "")}a name that ends in .npz");
        if (!IsArchive && File.Exists(path))
            throw new GpuGradException(Fault.Config, $"--out {path} is a file; expected a folder for masks, or a name that ends in .npz");
        values = MaskValues.TryNamed(fitted.ClassNames ?? []) ?? new MaskValues([.. Enumerable.Range(0, Math.Max(1, fitted.Shape.Classes))]);
        method = (config.Data.Dataset?.Reading ?? new ReadingOptions()).Pictures.Method;
    }

    private bool IsArchive => path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase);

    /// <summary>Adds the predictions of a file or folder.</summary>
    /// <param name="name">Its path.</param>
    /// <param name="samples">Its samples.</param>
    /// <param name="found">One prediction per sample; non-finite ones are left out of a folder.</param>
    public void Add(string name, SampleSet samples, IReadOnlyList<Prediction> found)
    {
        if (IsArchive)
        {
            predictions.AddRange(found);
            return;
        }
        for (int i = 0; i < found.Count; i++)
        {
            if (!found[i].Values.All(double.IsFinite))
                continue;
            string? file = samples.Places?.Files?[i] is string own && File.Exists(own) ? own : null;
            (int height, int width) = (map[0], map[1]);
            if (file is not null)
            {
                PictureHeader header = PictureReader.Header(PictureReader.Bytes(file), file);
                (height, width) = (header.Height, header.Width);
            }
            byte[] png = PngWriter.Write(Mask(found[i], height, width));
            string target = Path.Combine(path, Free(Relative(name, file, i, found.Count)));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            DurableFile.Write(target, stream => stream.Write(png));
        }
    }

    /// <summary>Writes what is not written yet.</summary>
    public void Save()
    {
        if (!IsArchive)
            return;
        double[] all = [.. predictions.SelectMany(p => p.Values)];
        int[] sizes = [predictions.Count, .. map.Sizes];
        NpzWriter.Save(path, npz =>
        {
            if (map.Rank == 2)
                npz.Add("prediction", sizes, Array.ConvertAll(all, v => double.IsFinite(v) ? (int)v : -1));
            else
                npz.Add("prediction", sizes, Array.ConvertAll(all, v => (float)v));
        });
    }

    // Each pixel gets the class of the mask's pixel that it was resized to; a cropped pixel that of the nearest.
    private Picture Mask(Prediction prediction, int height, int width)
    {
        bool gray = values.Values.All(v => v < MaskValues.Colour);
        int channels = gray ? 1 : 3;
        var pixels = new byte[checked(height * width * channels)];
        ResizeFrame frame = ResizeFrame.Of(method, height, width, map[0], map[1]);
        for (int y = 0; y < height; y++)
        {
            int row = frame.Top + Place(y, frame.FromTop, frame.FromHeight, frame.Height);
            for (int x = 0; x < width; x++)
            {
                int value = values.Values[(int)prediction.Values[(row * map[1]) + frame.Left + Place(x, frame.FromLeft, frame.FromWidth, frame.Width)]], at = ((y * width) + x) * channels;
                for (int c = 0; c < channels; c++)
                    pixels[at + c] = (byte)(value < MaskValues.Colour ? value : (value - MaskValues.Colour) >> (8 * (2 - c)));
            }
        }
        return new Picture(width, height, channels, pixels);

        static int Place(int at, double from, double length, int to) => Math.Clamp((int)Math.Floor((at + 0.5 - from) * to / length), 0, to - 1);
    }

    private static string Relative(string name, string? file, int sample, int count)
    {
        if (file is not null)
            return Path.ChangeExtension(Directory.Exists(name) ? Path.GetRelativePath(name, file) : Path.GetFileName(file), null);
        string stem = name == InputPipeline.StandardInput ? "mask" : Path.GetFileNameWithoutExtension(name);
        return count == 1 ? stem : string.Create(CultureInfo.InvariantCulture, $"{stem}-{sample + 1:D5}");
    }

    // a.jpg and a.png may both exist.
    private string Free(string stem)
    {
        string free = stem + ".png";
        for (int i = 2; !taken.Add(free); i++)
            free = string.Create(CultureInfo.InvariantCulture, $"{stem}-{i}.png");
        return free;
    }
}
