using System.IO.Hashing;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>What all pictures of a data set are made into, as their headers say, and a hash of each file.</summary>
/// <param name="Shape">Of a sample.</param>
/// <param name="Bits">Of a number: 16 where a picture has them.</param>
/// <param name="Count">Pictures.</param>
/// <param name="Hashes">One for each.</param>
internal sealed record PictureSurvey(Shape Shape, int Bits, int Count, UInt128[] Hashes)
{
    // Of longer files both ends are hashed.
    private const int WholeFile = 1 << 18;

    /// <summary>Bytes of all samples in memory.</summary>
    public long Bytes => checked(Count * Shape.Length * (Bits == 8 ? 1 : sizeof(float)));

    /// <param name="pictures">Those of all parts.</param>
    /// <param name="resize">The size that they get; null where all have the same.</param>
    /// <param name="channels">One channel or three.</param>
    /// <param name="trained">The shape that a network was trained on; null for none.</param>
    /// <param name="progress">Told how far it is.</param>
    public static PictureSurvey Of(IReadOnlyList<PictureFile> pictures, ResizeConfig? resize, ImageChannels channels, Shape? trained, Action<string, double?>? progress)
    {
        var headers = new PictureHeader[pictures.Count];
        var hashes = new UInt128[pictures.Count];
        int done = 0;
        Concurrently.For(pictures.Count, i =>
        {
            byte[] file = PictureReader.Bytes(pictures[i].Path);
            headers[i] = PictureReader.Header(file, pictures[i].Path);
            hashes[i] = HashOf(file);
            int count = Interlocked.Increment(ref done);
            if (count % 1024 == 0 || count == pictures.Count)
                progress?.Invoke("looking at pictures", (double)count / pictures.Count);
        });
        bool gray = channels == ImageChannels.Gray || (channels == ImageChannels.Auto && headers.All(h => h.IsGray));
        (int height, int width) = resize is null ? (headers[0].Height, headers[0].Width) : (resize.Size.Height, resize.Size.Width);
        int other = resize is null ? Array.FindIndex(headers, h => h.Height != height || h.Width != width) : -1;
        if (other >= 0)
            throw DataFault.In(pictures[other].Path, $"{headers[other].Width} × {headers[other].Height} pixels", $"{width} × {height} as in {pictures[0].Path}; 'resize' scales all to one size");
        Shape shape = trained is { Rank: 3 } known && resize is not null ? known : new Shape(gray ? 1 : 3, height, width);
        return new PictureSurvey(shape, headers.Max(h => h.Bits), pictures.Count, hashes);
    }

    private static UInt128 HashOf(byte[] file)
    {
        var hash = new XxHash128(file.Length);
        if (file.Length <= WholeFile)
        {
            hash.Append(file);
        }
        else
        {
            hash.Append(file.AsSpan(0, WholeFile / 2));
            hash.Append(file.AsSpan(file.Length - (WholeFile / 2)));
        }
        return hash.GetCurrentHashAsUInt128();
    }
}
