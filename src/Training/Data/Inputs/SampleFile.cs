using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>Kind of a file of samples.</summary>
internal enum SampleFile
{
    Picture,
    Npy,
    Npz,
    Idx,
    Cifar,
    Table,
}

/// <summary>Determines the kind of a file: by its name if that is clear, else by its first bytes.</summary>
internal static class SampleFiles
{
    private const int Head = 4;

    // Common files that cannot be read, with what to convert them to.
    private static readonly (string[] Endings, string Expected)[] Foreign =
    [
        ([".xlsx", ".xls", ".xlsm", ".ods", ".numbers"], "a table as text; the program that wrote it saves a sheet as CSV"),
        ([".json"], "JSON Lines (.jsonl), one object per line, or .csv; pandas writes it with to_json(..., orient='records', lines=True)"),
        ([".pkl", ".pickle", ".joblib", ".pt", ".pth"], "arrays without code in them: numpy.savez('data.npz', x=x, y=y); or a table as .csv or .parquet"),
        ([".h5", ".hdf5", ".mat", ".rds", ".rdata"], "arrays: numpy.savez('data.npz', x=x, y=y); or a table as .csv or .parquet"),
        ([".feather", ".arrow", ".dta", ".sas7bdat", ".sqlite", ".db"], "a table as .csv or .parquet"),
        ([".tar", ".tar.gz", ".tgz", ".tar.xz", ".xz", ".tar.bz2", ".bz2", ".7z", ".rar"], "what is packed in it; unpack it first"),
    ];

    private static readonly string[] Tables = [".csv", ".tsv", ".tab", ".txt", ".parquet"];

    /// <param name="stream">A seekable stream.</param>
    /// <param name="name">Its name, whose extension usually decides.</param>
    /// <param name="options">How the training data were read.</param>
    /// <param name="otherwise">The kind if nothing tells; null to refuse the file.</param>
    public static SampleFile Of(Stream stream, string name, ReadingOptions options, SampleFile? otherwise = null)
    {
        string extension = Path.GetExtension(name).ToLowerInvariant();
        var head = new byte[Head];
        int count = stream.ReadAtLeast(head, Head, throwOnEndOfStream: false);
        stream.Position = 0;
        return extension switch
        {
            _ when PictureFolder.IsPicture(name) => SampleFile.Picture,
            ".npy" => SampleFile.Npy,
            ".npz" => SampleFile.Npz,
            // JSON Lines are also called that.
            _ when Foreign.Any(f => f.Endings.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase))) && !(options.IsTable && extension == ".json") => throw Unknown(name, extension),
            _ when options.IsTable || IsTable(name) => SampleFile.Table,
            _ when options.CifarLabels > 0 && stream.Length % (Cifar.Pixels + options.CifarLabels) == 0 => SampleFile.Cifar,
            _ => OfBytes(head.AsSpan(0, count)) ?? otherwise ?? throw Unknown(name, extension),
        };
    }

    /// <summary>Whether a file name is that of a table, gzipped or not.</summary>
    public static bool IsTable(string name)
    {
        string extension = Path.GetExtension(name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3] : name).ToLowerInvariant();
        return Tables.Contains(extension) || TableRows.IsNamed(extension);
    }

    private static SampleFile? OfBytes(ReadOnlySpan<byte> head) => head switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G'] or [0xFF, 0xD8, 0xFF, _] or [(byte)'G', (byte)'I', (byte)'F', (byte)'8'] or [(byte)'R', (byte)'I', (byte)'F', (byte)'F'] => SampleFile.Picture,
        [0x93, (byte)'N', (byte)'U', (byte)'M'] => SampleFile.Npy,
        [(byte)'P', (byte)'K', 3, 4] => SampleFile.Npz,
        [0, 0, >= 8 and <= 14, _] or [0x1F, 0x8B, ..] => SampleFile.Idx,
        _ => null,
    };

    private static GpuGradException Unknown(string name, string extension)
    {
        (string[] endings, string expected) = Array.Find(Foreign, f => f.Endings.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)));
        string ending = endings?.Where(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)).MaxBy(e => e.Length) ?? extension;
        return new(Fault.Data, $"{name}: files of type '{ending}' are not read; expected {expected ?? "a table (.csv, .tsv, .jsonl, .parquet), a picture (.jpg, .png, .webp, .gif, .bmp), .npy, .npz, IDX, or - for rows from standard input"}");
    }
}
