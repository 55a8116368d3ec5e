using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Layers;

/// <summary>
/// State that layers carry from one part of a sequence to the next: hidden states of recurrent layers, keys and values of attention. It is stored in slots,
/// which outlive a plan's run; graphs with the same batch size share them.
/// </summary>
/// <param name="name">What the state belongs to, for messages and checkpoints.</param>
public sealed class CarriedState(string name)
{
    private readonly Dictionary<(string Name, Shape Shape), Slot> slots = [];

    /// <summary>Slots in the order in which layers requested them.</summary>
    public IEnumerable<Slot> Slots => slots.Values;

    /// <summary>Sets all state to 0, as at the start of a sequence.</summary>
    public void Clear(DeviceMemory memory)
    {
        foreach (Slot slot in slots.Values)
            memory.Write(slot, 0, new float[slot.Length].AsSpan());
    }

    /// <summary>Slot for a layer's state, one row per sequence.</summary>
    /// <param name="of">The layer, and which of its states.</param>
    /// <param name="shape">Shape; the first axis is the sequences.</param>
    internal Slot SlotOf(string of, Shape shape)
    {
        if (!slots.TryGetValue((of, shape), out Slot? slot))
            slots[(of, shape)] = slot = new Slot($"{name} {of}", ElementType.Real, shape.Length);
        return slot;
    }
}

/// <summary>Position of the single step that a graph processes of a sequence that comes step by step.</summary>
/// <param name="position">Position, int [1].</param>
/// <param name="most">Largest number of steps in a sequence, for layers that limit it.</param>
public sealed class StepPlace(Tensor position, int most)
{
    public int Most => most;

    /// <summary>Position of the step, for layers that limit the number of steps.</summary>
    public Tensor Position
    {
        get
        {
            IsAsked = true;
            return position;
        }
    }

    /// <summary>Whether a layer depends on the position, or stores every step.</summary>
    public bool IsAsked { get; private set; }
}
