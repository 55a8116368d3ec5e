using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.BlackBox;

/// <summary>A copy of all that a model keeps on its device between two steps.</summary>
public sealed class Snapshot
{
    private readonly Dictionary<string, (CheckpointElement Element, byte[] Bytes)> slots = [];

    /// <summary>Steps done when it was taken.</summary>
    public long Step { get; private set; }

    /// <summary>Copies the model's state; memory of an earlier copy is used again.</summary>
    public void Take(Model model, long step)
    {
        Step = step;
        foreach (Slot slot in model.Memory.Durable)
        {
            DeviceBuffer buffer = model.DeviceMemory[slot];
            if (!slots.TryGetValue(slot.Name, out (CheckpointElement, byte[] Bytes) copy))
                slots[slot.Name] = copy = (CheckpointBuffer.ElementOf(slot.Element, model.Device.RealSize), new byte[buffer.Bytes]);
            buffer.Read(0, copy.Bytes);
        }
    }

    /// <summary>Puts the state back.</summary>
    public void Restore(Model model)
    {
        foreach (Slot slot in model.Memory.Durable)
            model.DeviceMemory[slot].Write(0, slots[slot.Name].Bytes);
    }

    /// <summary>The first parameter or running statistic that holds a number that is not finite; null where none does.</summary>
    public (Parameter Parameter, long Index)? FindNonFinite(Model model)
    {
        foreach (Slot slot in new[] { model.Memory.Parameters, model.Memory.State })
        {
            (CheckpointElement element, byte[] bytes) = slots[slot.Name];
            if (NonFiniteScan.Find(bytes, element) is >= 0 and long at)
                return PlaceOf(model, slot, at);
        }
        return null;
    }

    /// <summary>The slots by name, for a bundle.</summary>
    public IReadOnlyDictionary<string, (CheckpointElement Element, byte[] Bytes)> Slots => slots;

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
