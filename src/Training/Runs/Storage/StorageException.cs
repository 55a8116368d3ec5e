using System.Globalization;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>A file could not be written, renamed, removed or locked. What was on the disk before is unchanged.</summary>
public sealed class StorageException(string path, string what, int errno, string? more = null)
    : GpuGradException(Fault.Data, $"{path}: {what}: {Errno.Text(errno, path)}{more}.")
{
    public string Path { get; } = path;

    /// <summary>Why, as in <see cref="Storage.Errno"/>.</summary>
    public int Number { get; } = errno;

    internal static string Space(long needed, long free) => free < 0
        ? string.Create(CultureInfo.InvariantCulture, $"; {needed} bytes needed")
        : string.Create(CultureInfo.InvariantCulture, $"; {needed} bytes needed, {free} free");
}

/// <summary>A file that was asked for is not there. In a run that goes on that is no damage: old checkpoints go when newer ones come.</summary>
public sealed class MissingFileException(string path) : GpuGradException(Fault.Data, $"{path}: cannot be read: {Errno.Text(Errno.NoEntry)}.");

/// <summary>The folder of a run was moved, replaced or removed while the run went on.</summary>
/// <param name="path">Where the run had it.</param>
/// <param name="now">Where it lies now; null where it is gone, or what a run needs to be resumed.</param>
/// <param name="what">What is in it.</param>
public sealed class MovedFolderException(string path, string? now, string what) : GpuGradException(Fault.Data, now is null
    ? $"{path}: the folder of this run, or the config in it, was removed while it ran; nothing was written in its place. The run has stopped and cannot be resumed."
    : $"{path}: the folder of this run was moved while it ran; what has that name now was left alone. The run has stopped{what}; resume it with: gpugrad resume {now}")
{
    public string? Now { get; } = now;
}

/// <summary>A file is not what was once written: cut, changed or never one of its kind.</summary>
public sealed class DamagedFileException(string path, long offset, string what)
    : GpuGradException(Fault.Data, string.Create(CultureInfo.InvariantCulture, $"{path}:{offset}: {OneLine.Of(Quotes.Shortened(what))}."))
{
    /// <summary>Byte of the file at which it shows.</summary>
    public long Offset { get; } = offset;
}

/// <summary>A whole and undamaged checkpoint, but of a GpuGrad whose format is not this one's.</summary>
public sealed class OtherFormatException(string path, int found, int known)
    : GpuGradException(Fault.Data, string.Create(CultureInfo.InvariantCulture, $"{path}: checkpoint of format {found}; this program reads format {known}. Use the GpuGrad that wrote it."));

/// <summary>Text out of a file that nobody has looked at, on its way into a message.</summary>
internal static class OneLine
{
    private const int Most = 400;

    public static string Of(string text, int most = Most) =>
        string.Concat(text.Take(most).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)) + (text.Length > most ? "…" : "");
}
