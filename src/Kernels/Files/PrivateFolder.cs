using System.Runtime.Versioning;

namespace GpuGrad.Kernels.Files;

/// <summary>
/// A folder whose files are trusted, such as the cache of compiled kernels: nobody but this user and the administrator can have put
/// anything into it or can replace it by another folder. On Linux owners and modes are checked, on macOS only modes; Windows keeps
/// caches in the user's profile, which others cannot write to.
/// </summary>
public static class PrivateFolder
{
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const uint Administrator = 0;
    private const int MostLinks = 40; // the kernel's own limit

    /// <summary>Creates the folder if it is missing, with access for this user only, and checks it and its parents.</summary>
    /// <returns>Null if it can be used; else one line with the reason and the remedy.</returns>
    public static string? Refusal(string folder)
    {
        try
        {
            string full = Path.GetFullPath(folder);
            if (!Directory.Exists(full))
                Make(full);
            return OperatingSystem.IsWindows() ? null : RefusalOf(full, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{folder}: cannot be used ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')})";
        }
    }

    /// <summary>Whether a file in such a folder is a regular file that this user wrote and nobody else can write to.</summary>
    public static bool Trusts(string file)
    {
        if (OperatingSystem.IsWindows())
            return true;
        if (FileFacts.Of(file, follow: false) is FileFacts facts)
            return facts.Kind == FileKind.Regular && IsMine(facts.Owner) && ((UnixFileMode)facts.Mode & OthersWrite) == 0;
        var info = new FileInfo(file);
        return info.Exists && info.LinkTarget is null && (info.UnixFileMode & OthersWrite) == 0;
    }

    private static void Make(string full)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(full);
        else
            Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    // The folder itself must belong to this user only. Above it, others may write only if the sticky bit keeps them from renaming files that
    // are not theirs, as in /tmp.
    [UnsupportedOSPlatform("windows")]
    private static string? RefusalOf(string full, int links)
    {
        bool own = true;
        for (DirectoryInfo? at = new(full); at is not null; at = at.Parent, own = false)
        {
            if (RefusalOf(at, own) is string refusal)
                return refusal;
            // A link is as safe as the folders on the path of its target.
            if (at.LinkTarget is string target && (links == MostLinks || RefusalOf(Path.GetFullPath(target, at.Parent?.FullName ?? "/"), links + 1) is not null))
                return $"{at.FullName}: is a link to a folder that others may write; name a folder of your own";
        }
        return null;
    }

    [UnsupportedOSPlatform("windows")]
    private static string? RefusalOf(DirectoryInfo folder, bool own)
    {
        // For a link only its owner matters: its own mode has no effect.
        if (FileFacts.Of(folder.FullName, follow: false) is FileFacts link && !IsMine(link.Owner))
            return $"{folder.FullName}: belongs to user {link.Owner}; expected a folder of your own";
        if (FileFacts.Of(folder.FullName, follow: true) is FileFacts facts && !IsMine(facts.Owner))
            return $"{folder.FullName}: belongs to user {facts.Owner}; expected a folder of your own";
        UnixFileMode mode = File.GetUnixFileMode(folder.FullName);
        bool open = own ? (mode & OthersWrite) != 0 : (mode & OthersWrite) != 0 && (mode & UnixFileMode.StickyBit) == 0;
        return open ? $"{folder.FullName}: others may write it (mode {Convert.ToString((int)mode, 8)}); remedy: chmod go-w {folder.FullName}" : null;
    }

    private static bool IsMine(uint owner) => owner == Administrator || owner == FileFacts.Me;
}
