using System.Text;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// A file of named sections that detects every changed bit, truncation and extra byte. All numbers are little-endian:
/// <code>
/// head    8  magic                          89 'G' 'G' 'C' 'K' CR LF 1A
///         4  format version                 1
///         4  zero
/// content    the sections' bytes, one after another without gaps
/// table      for each section, in that order:
///         2  length of the name, 1 its bytes in UTF-8
///         1  kind
///         8  length
///         8  checksum
/// foot    8  number of sections
///         8  offset of the table
///         8  length of the file
///         8  checksum of head, table and the foot before this
///         8  magic backwards
/// </code>
/// Head and foot are the same in every version, so that a program can tell a newer file from a damaged one.
/// </summary>
internal static class SectionFormat
{
    public const int Version = 1;
    public const int HeadBytes = 16;
    public const int FootBytes = 40;
    public const int MostSections = 1024;
    public const int MostNameBytes = 256;

    // The magic reveals a transfer that changes line ends or clears eighth bits, as PNG's does.
    public static ReadOnlySpan<byte> Magic => [0x89, (byte)'G', (byte)'G', (byte)'C', (byte)'K', (byte)'\r', (byte)'\n', 0x1A];

    public static ReadOnlySpan<byte> EndMagic => [0x1A, (byte)'\n', (byte)'\r', (byte)'K', (byte)'C', (byte)'G', (byte)'G', 0x89];

    public static Encoding Utf8 { get; } = new UTF8Encoding(false, throwOnInvalidBytes: true);

    /// <summary>Size of a section's entry in the table, in bytes.</summary>
    public static int EntryBytes(string name) => 2 + Utf8.GetByteCount(name) + 1 + 8 + 8;
}

/// <summary>A range of the file.</summary>
/// <param name="Name">Unique in the file.</param>
/// <param name="Kind">Type of the contents, defined by the file's owner.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Checksum"><see cref="Storage.Checksum"/> of the bytes.</param>
internal sealed record Section(string Name, byte Kind, long Offset, long Length, ulong Checksum);
