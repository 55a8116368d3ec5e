using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Steps;

/// <summary>The buffers that plans will need, computed from their layouts before anything is allocated.</summary>
internal sealed class PlannedMemory
{
    /// <param name="layouts">Plans that share one arena.</param>
    /// <param name="durable">Slots needed besides those of the plans.</param>
    /// <param name="device">The device that will hold them.</param>
    public PlannedMemory(IEnumerable<PlanLayout> layouts, IEnumerable<Slot> durable, Device device)
    {
        var slots = new HashSet<Slot>(durable);
        long arena = 0;
        foreach (PlanLayout layout in layouts)
        {
            arena = Math.Max(arena, layout.ArenaBytes);
            slots.UnionWith(layout.Nodes.SelectMany(n => n.Inputs.Concat(n.Outputs)).Select(t => t.Base.Placement?.Slot).OfType<Slot>());
        }
        Buffers = [("arena", arena), .. slots.Select(s => (s.Name, checked(s.Length * device.SizeOf(s.Element))))];
    }

    public IReadOnlyList<(string Name, long Bytes)> Buffers { get; }

    public double Bytes => Buffers.Sum(b => (double)b.Bytes);
}
