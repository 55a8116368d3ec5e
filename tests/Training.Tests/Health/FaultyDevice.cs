using System.Runtime.InteropServices;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Batches;
using GpuGrad.Kernels.Plans;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Training.Tests.Health;

/// <summary>Where a number goes wrong.</summary>
/// <param name="Batch">In which batch of the run, from 0.</param>
/// <param name="Phase">In which part of its step.</param>
/// <param name="Layer">In which layer; for an update the parameter's.</param>
/// <param name="Element">Which element of the first tensor that the layer computes there.</param>
internal sealed record Fault(long Batch, Phase Phase, string Layer, int Element);

/// <summary>A device that computes one number wrong: NaN instead of what an op of a layer gave, in one batch.</summary>
internal sealed class FaultyDevice(Device inner, Fault fault, Func<long> parameterOffset) : Device
{
    public override string Id => inner.Id;

    public override string Name => inner.Name;

    public override int RealSize => inner.RealSize;

    public override int Alignment => inner.Alignment;

    public override bool Fuses => inner.Fuses;

    public override bool RunsAhead => inner.RunsAhead;

    public override DeviceBuffer Allocate(string name, long bytes) => inner.Allocate(name, bytes);

    public override void Dispose() => inner.Dispose();

    internal override Executor Bind(PlanLayout layout) => new FaultyExecutor(inner.Bind(layout), layout, fault, parameterOffset);

    private sealed class FaultyExecutor(Executor inner, PlanLayout layout, Fault fault, Func<long> parameterOffset) : Executor
    {
        private readonly int at = Enumerable.Range(0, layout.Nodes.Count).FirstOrDefault(i => IsPlace(layout.Nodes[i], fault), -1);

        public override void Run(int first, int last)
        {
            for (int i = first; i < last; i++)
            {
                inner.Run(i, i + 1);
                if (i == at && BatchNow() == fault.Batch)
                    Plant(layout.Nodes[i]);
            }
        }

        public override void Synchronize() => inner.Synchronize();

        public override void Dispose() => inner.Dispose();

        // Joined with its neighbour, a layer's op is the one whose result the layer's is.
        private static bool IsPlace(Node node, Fault fault) => node.Phase == fault.Phase && !node.Op.IsView && (fault.Phase == Phase.Update
            ? node.Op.Updates.Length > 0 && node.Outputs.Count == 0
            : node.Outputs.Count > 0 && node.Outputs[0].Type.Element == ElementType.Real && (node.Scope == fault.Layer || node.Outputs[0].Producer?.Scope == fault.Layer));

        private long BatchNow()
        {
            Tensor? clock = layout.Graph.Tensors.FirstOrDefault(t => t.Name == "clock");
            if (clock is null)
                return -1;
            Span<int> words = stackalloc int[ClockLayout.Length];
            layout.Memory[clock.Placement!.Value.Slot].Read(0, MemoryMarshal.AsBytes(words));
            return words[ClockLayout.Batch];
        }

        private void Plant(Node node)
        {
            inner.Synchronize();
            Location place = layout.Locate(fault.Phase == Phase.Update ? node.Inputs[node.Op.Updates[0]] : node.Outputs[0]);
            long element = fault.Element + (fault.Phase == Phase.Update ? parameterOffset() : 0);
            if (layout.Memory.Device.RealSize == sizeof(double))
                place.Buffer.Write(place.Offset + (element * sizeof(double)), MemoryMarshal.AsBytes<double>([double.NaN]));
            else
                place.Buffer.Write(place.Offset + (element * sizeof(float)), MemoryMarshal.AsBytes<float>([float.NaN]));
        }
    }
}
