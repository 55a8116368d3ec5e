using GpuGrad.Kernels.Files;
using GpuGrad.Training.Runs.Storage;
using Microsoft.Win32.SafeHandles;

namespace GpuGrad.Training.Data.Formats;

/// <summary>Opens data files: only regular, non-empty ones, with one-line errors.</summary>
internal static class DataFile
{
    private const int LeastBuffer = 1 << 12, MostBuffer = 1 << 17;

    /// <summary>A path from the config, relative to the config's folder.</summary>
    /// <param name="context">Has that folder.</param>
    /// <param name="path">The path.</param>
    /// <param name="folder">Whether it is a folder.</param>
    public static string Resolve(DataContext context, string path, bool folder = false)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
            throw DataFault.In(DataFault.Quote(path), "a path with a NUL character", "a path");
        string full = Path.GetFullPath(path, Path.GetFullPath(context.Folder));
        if (!Path.IsPathFullyQualified(path) && !Path.Exists(full) && FileFacts.Of(full, follow: false) is null)
            throw DataFault.In(full, folder ? "no such folder" : "no such file", $"data; {DataFault.Quote(path)} in the config is relative to {Path.GetFullPath(context.Folder)}");
        return full;
    }

    /// <summary>Opens a file, reads it and closes it.</summary>
    public static T Read<T>(string path, Func<Stream, T> read)
    {
        try
        {
            using FileStream stream = Open(path);
            return read(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw DataFault.In(path, e.Message, "a file that can be read", e);
        }
    }

    /// <summary>Reads the whole of a file that must be small.</summary>
    public static byte[] ReadAll(string path, long most) => Read(path, stream => Whole(stream, path, most));

    /// <summary>The same for an open file.</summary>
    public static byte[] Whole(Stream stream, string name, long most)
    {
        if (stream.Length > most)
            throw DataFault.In(name, $"{stream.Length} bytes", $"at most {most}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>
    /// The entries of a folder in ordinal order, so that class numbers are the same on every machine. A link that leaves
    /// the root is refused: a data set stays within it.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="top">Links may lead anywhere within this folder.</param>
    public static FileSystemInfo[] List(string folder, string top)
    {
        try
        {
            var root = new DirectoryInfo(folder);
            if (!root.Exists)
                throw DataFault.In(folder, "no such folder", "a folder of data");
            FileSystemInfo[] entries = root.GetFileSystemInfos();
            Array.Sort(entries, (a, b) => string.CompareOrdinal(a.Name, b.Name));
            string outer = Path.TrimEndingDirectorySeparator(Real(new DirectoryInfo(top)));
            foreach (FileSystemInfo entry in entries)
            {
                if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint) && entry.LinkTarget is not null && !IsInside(Real(entry), outer))
                    throw DataFault.In(entry.FullName, "a link that leads out of the folder", $"data inside {top}; copy the file, or give its own path");
            }
            return entries;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DataFault.In(folder, e.Message, "a folder that can be read", e);
        }
    }

    private static bool IsInside(string path, string outer) => path == outer || path.StartsWith(outer + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>The path without any link in it.</summary>
    public static string Real(FileSystemInfo entry)
    {
        string real = Path.GetPathRoot(entry.FullName) ?? "";
        foreach (string name in entry.FullName[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            string next = Path.Combine(real, name);
            FileSystemInfo? target = new FileInfo(next).LinkTarget is null ? null : new FileInfo(next).ResolveLinkTarget(returnFinalTarget: true);
            // A link's target may itself be reached through links.
            real = target is null || target.FullName == next ? next : Real(target);
        }
        return real;
    }

    private static FileStream Open(string path)
    {
        if (Directory.Exists(path))
            throw DataFault.In(path, "a folder", "a file");
        SafeFileHandle handle = Handle(path);
        long length = RandomAccess.GetLength(handle);
        if (length > 0)
            return new FileStream(handle, FileAccess.Read, (int)Math.Clamp(length, LeastBuffer, MostBuffer));
        handle.Dispose();
        throw DataFault.At(path, 0, "an empty file", "data");
    }

    private static SafeFileHandle Handle(string path)
    {
        try
        {
            return RegularFile.OpenHandle(path);
        }
        catch (MissingFileException)
        {
            throw DataFault.In(path, "no such file", "a data file");
        }
    }
}
