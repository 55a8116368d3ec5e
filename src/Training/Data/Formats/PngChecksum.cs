using System.IO.Hashing;

namespace GpuGrad.Training.Data.Formats;

/// <summary>The checksum at the end of a PNG's chunk.</summary>
internal static class PngChecksum
{
    public static uint Of(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        var crc = new Crc32();
        crc.Append(type);
        crc.Append(data);
        return crc.GetCurrentHashAsUInt32();
    }
}
