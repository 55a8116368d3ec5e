using System.Security.Cryptography;
using GpuGrad.Kernels.Files;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>
/// Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017): 60,000 + 10,000 gray pictures of clothes, 28 × 28. Read from the cache or from
/// Debian's package, or downloaded once into the cache.
/// </summary>
public sealed record FashionMnistConfig : DatasetConfig
{
    /// <summary>Folder with the four files.</summary>
    [DefaultText("the cache, else Debian's package, else fetched")]
    [Shorthand]
    public string? Path { get; init => field = value is null ? null : Require.NotEmpty(value); }

    public override DataShape? KnownShape => IdxFiles.MnistShape;

    public static IReadOnlyList<string> ClassNames { get; } =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    public override DataSet Load(DataContext context)
    {
        // The cache must hold what was published; the user's own folder may hold anything.
        string folder = Path is null ? FashionMnistFiles.Locate(context) : DataFile.Resolve(context, Path, folder: true);
        return IdxFiles.LoadMnist(folder, ClassNames, $"fashion-mnist from {folder}", context.Cache, Path is null ? FashionMnistFiles.Files : null);
    }
}

/// <summary>Locates or downloads the four files.</summary>
internal static class FashionMnistFiles
{
    public const string Debian = "/usr/share/datasets/fashion-mnist";

    private const string Address = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";
    private const string Package = "dataset-fashion-mnist";

    /// <summary>
    /// SHA-256 of the decompressed contents: the published .gz and Debian's differ only in their gzip headers. The
    /// MD5 sums that the authors published for the .gz are of the same contents.
    /// </summary>
    public static IReadOnlyList<FetchedFile> Files { get; } =
    [
        new("train-images-idx3-ubyte.gz", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        new("train-labels-idx1-ubyte.gz", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        new("t10k-images-idx3-ubyte.gz", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        new("t10k-labels-idx1-ubyte.gz", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ];

    /// <summary>The first folder with all four; downloads them into the cache if there is none.</summary>
    public static string Locate(DataContext context)
    {
        string cache = Path.Combine(DataCache.Folder, "fashion-mnist");
        // If others can write to the cache, nothing is read from it or stored there.
        string? refusal = PrivateFolder.Refusal(DataCache.Folder);
        foreach (string folder in refusal is null ? new[] { cache, Debian } : [Debian])
        {
            if (IdxFiles.MnistNames.All(n => IdxFiles.Find(folder, n) is not null))
                return folder;
        }
        if (refusal is not null)
            throw new GpuGradException(Fault.Data, $"{refusal}; or name another cache folder by {Switches.Cache}");
        Fetch.First(cache, Files, [new WebSource(Address), new AptSource(Package, Debian.TrimStart('/'))], context.Progress, context.Stop);
        return cache;
    }
}

/// <summary>The folder where data sets are kept between runs.</summary>
public static class DataCache
{
    /// <summary><c>GPUGRAD_CACHE</c>, else the platform's cache folder.</summary>
    public static string Folder
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Switches.Cache) is { Length: > 0 } stated)
                return Path.GetFullPath(stated);
            if (OperatingSystem.IsWindows())
                return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "gpugrad");
            string? xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
            return Path.Combine(string.IsNullOrEmpty(xdg) ? Path.Combine(home, ".cache") : xdg, "gpugrad");
        }
    }
}

/// <summary>A file to download, with the SHA-256 of its decompressed contents.</summary>
internal sealed record FetchedFile(string Name, string Sha256)
{
    public void Check(string path)
    {
        string found = DataFile.Read(path, stream =>
        {
            using ByteInput content = Gzip.Open(stream, path);
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var piece = new byte[1 << 16];
            while (content.Left > 0)
            {
                Span<byte> part = piece.AsSpan(0, (int)Math.Min(piece.Length, content.Left));
                content.Fill(part, "the content");
                sha.AppendData(part);
            }
            content.End();
            return Convert.ToHexStringLower(sha.GetHashAndReset());
        });
        if (found != Sha256)
            throw Refuse(path, found);
    }

    /// <summary>The same for an array of bytes read from the file.</summary>
    public void Check(string path, NumberArray array)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(Idx.Header(array.Sizes));
        if (array.AsBytes is byte[] bytes)
            sha.AppendData(bytes);
        string found = Convert.ToHexStringLower(sha.GetHashAndReset());
        if (found != Sha256)
            throw Refuse(path, found);
    }

    private GpuGradException Refuse(string path, string found) =>
        DataFault.In(path, $"content with SHA-256 {found}", $"{Sha256}, what was published; remove the file, and it is fetched again");
}
