using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;

namespace GpuGrad.Kernels.Devices.Reference;

/// <summary>Runs every op in plain loops over <c>double</c> on one thread: slow, simple, and the oracle for all other devices.</summary>
public sealed class ReferenceDevice : Device
{
    public override string Id => "reference";

    public override string Name => "plain loops in double precision, the oracle of the tests";

    public override int RealSize => sizeof(double);

    public override bool Fuses => false;

    public override DeviceBuffer Allocate(string name, long bytes) => new HostBuffer(name, bytes, Guard);

    public override void Dispose()
    {
    }

    internal override Executor Bind(PlanLayout layout) => new ReferenceExecutor(layout);

    private sealed class ReferenceExecutor(PlanLayout layout) : Executor
    {
        private readonly ReferenceArguments[] arguments = [.. layout.Nodes.Select(n => new ReferenceArguments(n, layout))];

        public override void Run(int first, int last)
        {
            for (int i = first; i < last; i++)
            {
                Node node = arguments[i].Node;
                if (node.Op.IsView)
                    continue;
                arguments[i].Begin();
                node.Op.Reference(arguments[i]);
            }
        }
    }
}
