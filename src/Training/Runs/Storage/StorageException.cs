using System.Globalization;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>Thrown if a file could not be written, renamed, removed or locked. Earlier contents of the disk are unchanged.</summary>
public sealed class StorageException(string path, string what, int errno, string? more = null)
    : GpuGradException(Fault.Data, $"{path}: {what}: {Errno.Text(errno, path)}{more}.")
{
    public string Path { get; } = path;

    /// <summary>The cause, a number of <see cref="Storage.Errno"/>.</summary>
    public int Number { get; } = errno;

    internal static string Space(long needed, long free) => free < 0
        ? string.Create(CultureInfo.InvariantCulture, $"; {needed} bytes needed")
        : string.Create(CultureInfo.InvariantCulture, $"; {needed} bytes needed, {free} free");
}

/// <summary>Thrown if a requested file does not exist. In an active run that is not damage: old checkpoints go when newer ones come.</summary>
public sealed class MissingFileException(string path) : GpuGradException(Fault.Data, $"{path}: cannot be read: {Errno.Text(Errno.NoEntry)}.");

/// <summary>Thrown if the folder of an active run was moved, replaced or removed.</summary>
/// <param name="path">Its original path.</param>
/// <param name="now">Its current path; null if it is gone, or if the files needed for resuming are.</param>
/// <param name="what">What it contains.</param>
public sealed class MovedFolderException(string path, string? now, string what) : GpuGradException(Fault.Data, now is null
    ? $"{path}: the folder of this run, or the config in it, was removed while it ran; nothing was written in its place. The run has stopped and cannot be resumed."
    : $"{path}: the folder of this run was moved while it ran; what has that name now was left alone. The run has stopped{what}; resume it with: gpugrad resume {now}")
{
    public string? Now { get; } = now;
}

/// <summary>Thrown for a file that is truncated, changed or of another kind.</summary>
public sealed class DamagedFileException(string path, long offset, string what)
    : GpuGradException(Fault.Data, string.Create(CultureInfo.InvariantCulture, $"{path}:{offset}: {OneLine.Of(Quotes.Shortened(what))}."))
{
    /// <summary>Offset in bytes at which the damage shows.</summary>
    public long Offset { get; } = offset;
}

/// <summary>Thrown for an intact checkpoint of a GpuGrad with another format version.</summary>
public sealed class OtherFormatException(string path, int found, int known)
    : GpuGradException(Fault.Data, string.Create(CultureInfo.InvariantCulture, $"{path}: checkpoint of format {found}; this program reads format {known}. Use the GpuGrad that wrote it."));

/// <summary>Makes unchecked text from a file fit for a one-line message.</summary>
internal static class OneLine
{
    private const int Most = 400;

    public static string Of(string text, int most = Most) =>
        string.Concat(text.Take(most).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)) + (text.Length > most ? "…" : "");
}
