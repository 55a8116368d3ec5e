namespace GpuGrad.Training.Data.Formats;

/// <summary>
/// Detects a truncated progressive JPEG: its scans each refine the whole picture, and a decoder accepts the first ones,
/// so that a truncated file looks complete but blurred.
/// </summary>
internal static class JpegEnd
{
    private const byte Start = 0xD8, End = 0xD9, Scan = 0xDA, Progressive = 0xC2;

    public static bool IsThere(ReadOnlySpan<byte> file)
    {
        bool progressive = false;
        int at = 2;
        while (at + 1 < file.Length)
        {
            byte marker = file[at + 1];
            if (file[at] != 0xFF || marker == 0xFF)
            {
                at++;
                continue;
            }
            if (marker == End)
                return true;
            progressive |= marker == Progressive;
            // Start, temporary and restart markers have no length; FF 00 is a byte of a scan.
            bool alone = marker is 0 or 1 or Start or (>= 0xD0 and <= 0xD7);
            int length = alone || at + 3 >= file.Length ? 0 : (file[at + 2] << 8) | file[at + 3];
            at += 2 + length;
            if (marker == Scan || alone)
            {
                int next = at < file.Length ? file[at..].IndexOf((byte)0xFF) : -1;
                at = next < 0 ? file.Length : at + next;
            }
        }
        return !progressive;
    }
}
