using System.Globalization;
using System.Text;
using System.Text.Json;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Data.Formats;
using SkiaSharp;

namespace GpuGrad.Torture.Tests;

/// <summary>Data sets that are larger than what a process may hold: most of an array is a hole in its file, most files of a folder are links to the same few.</summary>
public sealed class LargeDataTests : IDisposable
{
    private const long Most = 512L << 20;
    private const int Side = 200, Sample = 3 * Side * Side;

    private readonly string folder = Directory.CreateTempSubdirectory("gpugrad-large-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Bytes_that_stay_on_disk_take_no_memory()
    {
        int count = Effort.Count(4_200, 170_000);
        WriteArray("x.idx", Idx.Header([count, 3, Side, Side]), (long)count * Sample);
        WriteLabels(count);
        AssertSmall("idx", (long)count * Sample, "{idx: {images: x.idx, labels: y.idx}}");
    }

    [Fact]
    public void Numbers_that_stay_on_disk_take_no_memory()
    {
        int count = Effort.Count(1_050, 42_000);
        WriteArray("x.npy", Npy.Header([count, Side, Side, 3], NumberType.Float32), 4L * count * Sample);
        WriteLabels(count);
        AssertSmall("npy", 4L * count * Sample, "{npy: {x: x.npy, y: y.idx, channels-last: true}}");
    }

    [Fact]
    public void A_folder_of_pictures_that_are_decoded_ahead_of_the_step_takes_no_memory()
    {
        const int Kinds = 50, Width = 48;
        int count = Effort.Count(2_000, 200_000);
        for (int i = 0; i < count; i++)
        {
            string path = Path.Combine(folder, "p", $"class {i % 10}", $"{i}.jpg");
            if (i < 10)
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string same = Path.Combine(folder, "p", $"class {i % 10}", $"{i % Kinds}.jpg");
            if (i < Kinds || OperatingSystem.IsWindows())
                File.WriteAllBytes(path, Jpeg(Width, i % Kinds));
            else
                File.CreateSymbolicLink(path, Path.GetFileName(same));
        }
        AssertSmall("pictures", 3L * count * Width * Width, "{images: p}", count < 100_000 ? "disk" : "auto");
    }

    private void AssertSmall(string name, long bytes, string dataset, string cache = "auto")
    {
        File.WriteAllText(Path.Combine(folder, "c.yaml"), string.Create(CultureInfo.InvariantCulture, $$$"""
            seed: 3
            device: cpu
            data: {dataset: {{{dataset}}}, batch: 64, cache: {{{cache}}}, augment: [{flip: horizontal}]}
            model: [{conv: {filters: 4, kernel: 3, stride: 5}}, relu, flatten, {dense: 10}]
            train: {epochs: 1, optimizer: {sgd: {lr: 0.001} } }
            diagnostics: {init-audit: false}
            """));
        string run = Path.Combine(folder, "run");
        Ended ended = Gpugrad.Run("train", Path.Combine(folder, "c.yaml"), "--out", run);
        Assert.True(ended.Code == 0, ended.ToString());
        using var summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "summary.json")));
        long peak = summary.RootElement.GetProperty("memory_peak").GetInt64();
        Assert.True(peak < Most, FormattableString.Invariant($"{peak >> 20} MiB for {bytes >> 20} MiB of samples"));
        Effort.Report($"large {name}", $"{bytes >> 20} MiB of samples trained on with {peak >> 20} MiB resident");
    }

    private void WriteArray(string name, byte[] header, long bytes)
    {
        using FileStream file = File.Create(Path.Combine(folder, name));
        file.Write(header);
        file.SetLength(header.Length + bytes);
        // Something to tell samples apart by, here and there.
        for (long at = header.Length; at < file.Length; at += bytes / 500)
        {
            file.Position = at;
            file.Write(Encoding.ASCII.GetBytes("gradient"));
        }
        file.SetLength(header.Length + bytes);
    }

    private void WriteLabels(int count)
    {
        using FileStream file = File.Create(Path.Combine(folder, "y.idx"));
        Idx.Write(file, [count], [.. Enumerable.Range(0, count).Select(i => (byte)(i % 10))]);
    }

    private static byte[] Jpeg(int side, int kind)
    {
        byte[] pixels = [.. Enumerable.Range(0, side * side * 4).Select(i => (byte)(i * (kind + 3) / 7))];
        using SKImage image = SKImage.FromPixelCopy(new SKImageInfo(side, side, SKColorType.Rgba8888, SKAlphaType.Opaque), pixels);
        using SKData data = image.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }
}
