using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Layers;

/// <summary>
/// What layers hand from one part of a sequence to the next: the state of recurrent ones, the keys and values of attention. It lies in slots, which
/// outlive the run of a plan; graphs with the same batch share them.
/// </summary>
/// <param name="name">Of what it is carried through: for messages and checkpoints.</param>
public sealed class CarriedState(string name)
{
    private readonly Dictionary<(string Name, Shape Shape), Slot> slots = [];

    /// <summary>In the order in which layers asked for them.</summary>
    public IEnumerable<Slot> Slots => slots.Values;

    /// <summary>Sets all of it to 0, as where a sequence begins.</summary>
    public void Clear(DeviceMemory memory)
    {
        foreach (Slot slot in slots.Values)
            memory.Write(slot, 0, new float[slot.Length].AsSpan());
    }

    /// <summary>State that a layer carries for every sequence.</summary>
    /// <param name="of">The layer, and what it is.</param>
    /// <param name="shape">The sequences first.</param>
    internal Slot SlotOf(string of, Shape shape)
    {
        if (!slots.TryGetValue((of, shape), out Slot? slot))
            slots[(of, shape)] = slot = new Slot($"{name} {of}", ElementType.Real, shape.Length);
        return slot;
    }
}

/// <summary>Where the step stands that a graph takes of its sequence, which comes step by step.</summary>
/// <param name="position">int [1]</param>
/// <param name="most">Steps that a sequence can have, for layers that know them apart.</param>
public sealed class StepPlace(Tensor position, int most)
{
    public int Most => most;

    /// <summary>Asked for by layers that have a place for so many steps and no more.</summary>
    public Tensor Position
    {
        get
        {
            IsAsked = true;
            return position;
        }
    }

    /// <summary>Whether some layer knows steps apart, or keeps them all.</summary>
    public bool IsAsked { get; private set; }
}
