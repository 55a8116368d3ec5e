using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>The part of a checkpoint in device memory: the slots of <see cref="ModelMemory.Durable"/>.</summary>
public static class ModelState
{
    private const int Chunk = 1 << 20;

    /// <summary>The buffers to be saved. They are read from the device while the checkpoint is written.</summary>
    public static IReadOnlyList<CheckpointBuffer> BuffersOf(Model model) =>
        [.. model.Memory.Durable.Select(slot => BufferOf(slot, model.DeviceMemory))];

    /// <summary>Offset of each parameter in the buffers.</summary>
    public static IReadOnlyList<CheckpointParameter> ParametersOf(Model model) =>
        [.. model.Network.Parameters.Select(p => new CheckpointParameter(
            p.Name, p.Shape.Sizes.ToArray(), model.Memory.SlotOf(p).Name, model.Memory.Layout.OffsetOf(p)))];

    /// <summary>Copies a checkpoint's buffers to the device. Nothing is copied unless all of them fit the model.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: it is of another network, optimizer or kind of device.</exception>
    public static void Restore(Model model, Checkpoint checkpoint)
    {
        RequireSameParameters(ParametersOf(model), checkpoint.Parameters);
        Slot[] slots = [.. model.Memory.Durable];
        CheckpointBuffer[] saved = [.. slots.Select(slot => Matching(slot, model.Device, checkpoint))];
        if (checkpoint.Buffers.Count != slots.Length)
            throw Refused($"also has {string.Join(", ", checkpoint.Buffers.Except(saved).Select(b => $"'{b.Name}'"))}, which the config does not use");
        var chunk = new byte[Chunk];
        foreach ((Slot slot, CheckpointBuffer buffer) in slots.Zip(saved))
        {
            for (long offset = 0; offset < buffer.Bytes; offset += Chunk)
            {
                Span<byte> part = chunk.AsSpan(0, (int)Math.Min(Chunk, buffer.Bytes - offset));
                buffer.Read(offset, part);
                model.DeviceMemory[slot].Write(offset, part);
            }
        }
    }

    private static CheckpointBuffer BufferOf(Slot slot, DeviceMemory memory)
    {
        DeviceBuffer buffer = memory[slot];
        return new CheckpointBuffer(slot.Name, CheckpointBuffer.ElementOf(slot.Element, memory.Device.RealSize), slot.Length, buffer.Read);
    }

    private static CheckpointBuffer Matching(Slot slot, Device device, Checkpoint checkpoint)
    {
        CheckpointBuffer buffer = checkpoint.Buffers.FirstOrDefault(b => b.Name == slot.Name)
            ?? throw Refused($"has no '{slot.Name}', which the config asks for");
        if (buffer.Length != slot.Length)
            throw Refused($"has {buffer.Length} elements of '{slot.Name}', the config asks for {slot.Length}");
        CheckpointElement element = CheckpointBuffer.ElementOf(slot.Element, device.RealSize);
        // Converting to another precision would change the run.
        return buffer.Element == element ? buffer
            : throw Refused($"has '{slot.Name}' as {buffer.Element}, device {device.Id} computes in {element}; continue on a device such as {checkpoint.Device}");
    }

    private static void RequireSameParameters(IReadOnlyList<CheckpointParameter> expected, IReadOnlyList<CheckpointParameter> found)
    {
        for (int i = 0; i < Math.Max(expected.Count, found.Count); i++)
        {
            string e = i < expected.Count ? Describe(expected[i]) : "no more";
            string f = i < found.Count ? Describe(found[i]) : "no more";
            if (e != f)
                throw Refused($"has {f} as its parameter {i}, the config's network has {e}");
        }
    }

    private static string Describe(CheckpointParameter p) => $"'{p.Name}' [{string.Join(", ", p.Shape)}] at {p.Offset} of '{p.Buffer}'";

    private static GpuGradException Refused(string what) => new(Fault.Config, $"The checkpoint does not fit: it {OneLine.Of(what)}.");
}
