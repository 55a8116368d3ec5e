using System.Text.Json;
using System.Text.Json.Serialization;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>Checkpoints to test with.</summary>
internal static class Samples
{
    /// <summary>A checkpoint whose every part depends on the step, so that a mix of two shows.</summary>
    public static Checkpoint At(long step, int floats = 40) => new()
    {
        State = new RunState { Epoch = 3, Cursor = 64, Step = step, Seconds = 1.5, StoppingBest = double.PositiveInfinity },
        Config = $"name: of step {step}\n",
        DataFingerprint = $"data of {step}",
        Device = "cpu",
        Program = "GpuGrad test",
        MetricsLength = step * 10,
        Parameters = [new CheckpointParameter("0.weight", [2, 3], "parameters", 16)],
        Buffers =
        [
            Buffer("parameters", CheckpointElement.Float32, floats, step),
            Buffer("optimizer slot 0", CheckpointElement.Float64, 5, step + 1),
            Buffer("counts", CheckpointElement.Int32, 3, step + 2),
            Buffer("mask", CheckpointElement.Byte, 7, step + 3),
            Buffer("nothing", CheckpointElement.Float32, 0, step),
        ],
    };

    public static CheckpointBuffer Buffer(string name, CheckpointElement element, int length, long seed)
    {
        var bytes = new byte[length * CheckpointBuffer.SizeOf(element)];
        new Random((int)seed).NextBytes(bytes);
        return Buffer(name, element, bytes);
    }

    public static CheckpointBuffer Buffer(string name, CheckpointElement element, byte[] bytes) =>
        new(name, element, bytes.Length / CheckpointBuffer.SizeOf(element), (offset, part) => bytes.AsSpan((int)offset, part.Length).CopyTo(part));

    public static byte[] BytesOf(CheckpointBuffer buffer)
    {
        var bytes = new byte[buffer.Bytes];
        buffer.Read(0, bytes);
        return bytes;
    }

    /// <summary>A record as text, lists and all: to compare by content.</summary>
    public static string Text(object? value) => JsonSerializer.Serialize(value, Options);

    private static readonly JsonSerializerOptions Options = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public static void AssertSame(Checkpoint expected, Checkpoint found)
    {
        Assert.Equal(Text(expected.State), Text(found.State));
        Assert.Equal((expected.Config, expected.DataFingerprint, expected.Device, expected.Program, expected.MetricsLength),
            (found.Config, found.DataFingerprint, found.Device, found.Program, found.MetricsLength));
        Assert.Equal(expected.Parameters.Select(p => $"{p.Name} {string.Join('x', p.Shape)} {p.Buffer} {p.Offset}"),
            found.Parameters.Select(p => $"{p.Name} {string.Join('x', p.Shape)} {p.Buffer} {p.Offset}"));
        Assert.Equal(expected.Buffers.Select(b => (b.Name, b.Element, b.Length)), found.Buffers.Select(b => (b.Name, b.Element, b.Length)));
        Assert.All(expected.Buffers.Zip(found.Buffers), pair => Assert.Equal(BytesOf(pair.First), BytesOf(pair.Second)));
    }

    /// <summary>The step of the newest whole checkpoint, all of which is of that step; null where there is none.</summary>
    public static long? WholeStepIn(CheckpointFolder folder, int floats = 40)
    {
        using CheckpointFile? file = folder.OpenNewest();
        if (file is null)
            return null;
        AssertSame(At(file.Content.State.Step, floats), file.Content);
        return file.Content.State.Step;
    }
}
