using System.Buffers.Binary;
using System.Text;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>Checkpoint files as a hostile or a wrong program would write them: the checksums are right, something else is not.</summary>
internal static class CraftedCheckpoint
{
    public const int Head = 16;
    public const int Foot = 40;

    public sealed record Part(string Name, byte Kind, byte[] Bytes, long? Length = null);

    public static byte[] Of(IReadOnlyList<Part> parts, long? count = null, int? version = null)
    {
        var bytes = new List<byte> { 0x89, (byte)'G', (byte)'G', (byte)'C', (byte)'K', 13, 10, 26 };
        bytes.AddRange(BitConverter.GetBytes((long)(version ?? 1)));
        foreach (Part part in parts)
            bytes.AddRange(part.Bytes);
        long table = bytes.Count;
        foreach (Part part in parts)
        {
            byte[] name = Encoding.UTF8.GetBytes(part.Name);
            bytes.AddRange([.. BitConverter.GetBytes((ushort)name.Length), .. name, part.Kind]);
            bytes.AddRange([.. BitConverter.GetBytes(part.Length ?? part.Bytes.Length), .. BitConverter.GetBytes(Checksum.Of(part.Bytes))]);
        }
        bytes.AddRange([.. BitConverter.GetBytes(count ?? parts.Count), .. BitConverter.GetBytes(table), .. BitConverter.GetBytes((long)bytes.Count + Foot)]);
        bytes.AddRange([.. new byte[8], 26, 10, 13, (byte)'K', (byte)'C', (byte)'G', (byte)'G', 0x89]);
        byte[] file = [.. bytes];
        Seal(file);
        return file;
    }

    /// <summary>Makes the foot's checksum right, wherever the table is said to begin.</summary>
    public static void Seal(byte[] file)
    {
        int foot = file.Length - Foot;
        long table = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(foot + 8));
        if (table < Head || table > foot)
            return;
        ulong checksum = Checksum.Of([.. file.AsSpan(0, Head), .. file.AsSpan((int)table..foot), .. file.AsSpan(foot, 24)]);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(foot + 24), checksum);
    }
}
