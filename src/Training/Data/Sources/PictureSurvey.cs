using System.IO.Hashing;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Common shape of a data set's pictures, from their headers, and a hash of each file.</summary>
/// <param name="Shape">Shape of a sample.</param>
/// <param name="Bits">Bits per value: 16 if a picture has them.</param>
/// <param name="Count">Number of pictures.</param>
/// <param name="Hashes">One hash per picture.</param>
internal sealed record PictureSurvey(Shape Shape, int Bits, int Count, UInt128[] Hashes)
{
    // For longer files, both ends are hashed.
    private const int WholeFile = 1 << 18;

    /// <summary>Bytes of all samples in memory.</summary>
    public long Bytes => checked(Count * Shape.Length * (Bits == 8 ? 1 : sizeof(float)));

    /// <param name="pictures">The pictures of all splits.</param>
    /// <param name="resize">The size that they are resized to; null if all have the same.</param>
    /// <param name="channels">One channel or three.</param>
    /// <param name="trained">The shape that a network was trained on; null for none.</param>
    /// <param name="progress">Receives the progress.</param>
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
