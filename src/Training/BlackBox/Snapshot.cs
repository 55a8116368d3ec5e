using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.BlackBox;

/// <summary>A copy of a model's whole device state between two steps.</summary>
public sealed class Snapshot : IDisposable
{
    // Bytes per driver call, and the buffer of a copy in a file.
    private const int Chunk = 4 << 20;

    private readonly SnapshotRoom room;
    private readonly IReadOnlyList<(Slot Slot, long Offset, long Bytes)> places;
    private readonly int realSize;

    /// <param name="model">The model whose state it will hold.</param>
    /// <param name="folder">Folder for a file; null to hold the state in memory.</param>
    /// <exception cref="StorageException">The file could not be created.</exception>
    public Snapshot(Model model, string? folder = null)
    {
        realSize = model.Device.RealSize;
        long end = 0;
        places = [.. model.Memory.Durable.Select(s => (s, Offset: end, Bytes: Advance(ref end, s)))];
        room = folder is null ? new MemoryRoom(end) : new FileRoom(folder);
    }

    /// <summary>Number of steps done when it was taken.</summary>
    public long Step { get; private set; }

    /// <summary>The first non-finite parameter or running statistic in it; null if all are finite.</summary>
    public (Parameter Parameter, long Index)? NonFinite { get; private set; }

    /// <summary>Bytes of a copy of a model's state.</summary>
    public static long BytesOf(Model model) => model.Memory.Durable.Sum(s => checked(s.Length * model.Device.SizeOf(s.Element)));

    /// <summary>Copies the model's state, reusing the memory of an earlier copy.</summary>
    /// <exception cref="StorageException">It could not be written; the earlier copy is lost.</exception>
    public void Take(Model model, long step)
    {
        Step = step;
        NonFinite = null;
        foreach ((Slot slot, long offset, long bytes) in places)
        {
            DeviceBuffer buffer = model.DeviceMemory[slot];
            bool judged = slot == model.Memory.Parameters || slot == model.Memory.State;
            for (long at = 0; at < bytes; at += Chunk)
            {
                Span<byte> part = room.Part(offset + at, (int)Math.Min(Chunk, bytes - at));
                buffer.Read(at, part);
                room.Keep(offset + at, part);
                if (judged && NonFinite is null && NonFiniteScan.Find(part, ElementOf(slot)) is >= 0 and long found)
                    NonFinite = PlaceOf(model, slot, (at / realSize) + found);
            }
        }
    }

    /// <summary>Restores the state.</summary>
    /// <exception cref="StorageException">It could not be read.</exception>
    public void Restore(Model model)
    {
        var part = new byte[Chunk];
        foreach ((Slot slot, long offset, long bytes) in places)
        {
            for (long at = 0; at < bytes; at += Chunk)
            {
                Span<byte> some = part.AsSpan(0, (int)Math.Min(Chunk, bytes - at));
                room.Read(offset + at, some);
                model.DeviceMemory[slot].Write(at, some);
            }
        }
    }

    /// <summary>The state by slot name, for a bundle.</summary>
    public IReadOnlyDictionary<string, NumberArray> ToArrays() => places.ToDictionary(p => p.Slot.Name, p => ElementOf(p.Slot) == CheckpointElement.Float64
        ? NumberArray.Of([(int)p.Slot.Length], Values<double>(p.Offset, p.Slot.Length))
        : NumberArray.Of([(int)p.Slot.Length], Values<float>(p.Offset, p.Slot.Length)));

    public void Dispose() => room.Dispose();

    private T[] Values<T>(long offset, long length) where T : unmanaged
    {
        var values = new T[length];
        for (int first = 0; first < values.Length; first += Chunk)
        {
            Span<byte> part = MemoryMarshal.AsBytes(values.AsSpan(first, Math.Min(Chunk, values.Length - first)));
            room.Read(offset + ((long)first * Unsafe.SizeOf<T>()), part);
        }
        return values;
    }

    private CheckpointElement ElementOf(Slot slot) => CheckpointBuffer.ElementOf(slot.Element, realSize);

    private long Advance(ref long end, Slot slot)
    {
        long bytes = checked(slot.Length * CheckpointBuffer.SizeOf(ElementOf(slot)));
        end = checked(end + bytes);
        return bytes;
    }

    private static (Parameter Parameter, long Index)? PlaceOf(Model model, Slot slot, long element)
    {
        foreach (Parameter parameter in model.Network.Parameters.Where(p => model.Memory.SlotOf(p) == slot))
        {
            long index = element - model.Memory.Layout.OffsetOf(parameter);
            if (index >= 0 && index < parameter.Shape.Length)
                return (parameter, index);
        }
        return null;
    }
}
