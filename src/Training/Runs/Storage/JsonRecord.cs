using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>Reads JSON that this program wrote and that may have been edited since: bounded in size, strictly typed, with one-line errors.</summary>
internal static class JsonRecord
{
    /// <summary>Largest record read; the program's own have a few thousand bytes.</summary>
    public const int MostBytes = 1 << 20;

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is missing, too large, or not such a record.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type, int most = MostBytes)
    {
        byte[] bytes = RegularFile.ReadAll(path, most);
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new JsonException("null, expected an object");
        }
        catch (Exception e) when (IsOfJson(e))
        {
            throw Damaged(path, e);
        }
    }

    public static void Require(string path, bool condition, string what)
    {
        if (!condition)
            throw new DamagedFileException(path, 0, what);
    }

    /// <summary>Whether the serializer throws this at malformed text: half a surrogate pair is an InvalidOperationException.</summary>
    public static bool IsOfJson(Exception e) => e is JsonException or InvalidOperationException or NotSupportedException or FormatException or OverflowException;

    public static DamagedFileException Damaged(string path, Exception e) =>
        new(path, (e as JsonException)?.BytePositionInLine ?? 0, e.Message.ReplaceLineEndings(" ").TrimEnd('.'));
}
