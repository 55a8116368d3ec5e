using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>The complete state of a run between two steps: a trainer that restores it continues with the same bits.</summary>
public sealed record Checkpoint
{
    public required RunState State { get; init; }

    /// <summary>The resolved config, as YAML.</summary>
    public required string Config { get; init; }

    /// <summary>Fingerprint of the data; differs if any sample does.</summary>
    public required string DataFingerprint { get; init; }

    /// <summary>Id and name of the device that computed it.</summary>
    public required string Device { get; init; }

    /// <summary>Name and version of the program that wrote it.</summary>
    public string Program { get; init; } = ProgramVersion.Text;

    /// <summary>Length of <c>metrics.jsonl</c> in bytes; a resumed run truncates it to this.</summary>
    public long MetricsLength { get; init; }

    /// <summary>Lengths in bytes of the logs in the config (<c>log</c>), by file name; null if it has none.</summary>
    public Dictionary<string, long>? LogLengths { get; init; }

    /// <summary>Offset of each parameter in the buffers.</summary>
    public IReadOnlyList<CheckpointParameter> Parameters { get; init; } = [];

    /// <summary>A device in the form of <see cref="Device"/>.</summary>
    public static string NameOf(Kernels.Devices.Device device) => $"{device.Id} ({device.Name})";

    /// <summary>Device memory, bit by bit. Names are unique.</summary>
    public required IReadOnlyList<CheckpointBuffer> Buffers { get; init; }
}

/// <summary>Position of a parameter.</summary>
/// <param name="Name">Full name, e.g. <c>3.weight</c>.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Buffer">The buffer that holds it.</param>
/// <param name="Offset">Its first element in the buffer.</param>
public sealed record CheckpointParameter(string Name, IReadOnlyList<int> Shape, string Buffer, long Offset);

/// <summary>Type of a buffer's elements, little-endian. The numbers are stored in files.</summary>
public enum CheckpointElement : byte
{
    Float32 = 1,
    Float64 = 2,
    Int32 = 3,
    Byte = 4,
}

/// <summary>A range of device memory, read on request: from the device while saving, from the file while loading.</summary>
/// <param name="name">Unique within a checkpoint.</param>
/// <param name="element">Type of its elements.</param>
/// <param name="length">Number of elements.</param>
/// <param name="source">Reads its bytes.</param>
public sealed class CheckpointBuffer(string name, CheckpointElement element, long length, ByteSource source)
{
    public string Name { get; } = name;

    public CheckpointElement Element { get; } = element;

    public long Length { get; } = length;

    public long Bytes => checked(Length * SizeOf(Element));

    /// <param name="offset">Offset in bytes.</param>
    /// <param name="destination">Filled with the bytes at the offset.</param>
    public void Read(long offset, Span<byte> destination) => source(offset, destination);

    public static int SizeOf(CheckpointElement element) => element switch
    {
        CheckpointElement.Float64 => sizeof(double),
        CheckpointElement.Float32 or CheckpointElement.Int32 => sizeof(float),
        CheckpointElement.Byte => sizeof(byte),
        _ => throw new ArgumentOutOfRangeException(nameof(element), element, "not a type of elements"),
    };

    /// <summary>Element format of a device.</summary>
    public static CheckpointElement ElementOf(ElementType element, int realSize) => element switch
    {
        ElementType.Int32 => CheckpointElement.Int32,
        ElementType.Byte => CheckpointElement.Byte,
        _ => realSize == sizeof(double) ? CheckpointElement.Float64 : CheckpointElement.Float32,
    };
}
