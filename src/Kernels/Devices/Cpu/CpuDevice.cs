using System.Globalization;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Kernels.Plans;

namespace GpuGrad.Kernels.Devices.Cpu;

/// <summary>Every op in C# with SIMD on all cores: what people without a GPU train on.</summary>
public sealed class CpuDevice : Device
{
    private readonly ThreadTeam team;

    /// <param name="threads">Size of the team; 0 for one thread a processor.</param>
    public CpuDevice(int threads = 0) => team = new ThreadTeam(threads > 0 ? threads : Environment.ProcessorCount);

    public int Threads => team.Size;

    public override string Id => "cpu";

    public override string Name => Describe(team.Size);

    /// <summary>Description of the processor, the threads (0: one per processor) and the vector width.</summary>
    public static string Describe(int threads)
    {
        int count = threads > 0 ? threads : Environment.ProcessorCount;
        return string.Create(CultureInfo.InvariantCulture, $"{Simd.ProcessorName}, {count} thread{(count == 1 ? "" : "s")}, {Simd.Description}");
    }

    public override DeviceBuffer Allocate(string name, long bytes) => new HostBuffer(name, bytes, Guard);

    public override void Dispose() => team.Dispose();

    internal override Executor Bind(PlanLayout layout) => new CpuExecutor(layout, team);

    private sealed class CpuExecutor : Executor
    {
        private readonly ThreadTeam team;
        private readonly CpuScratch scratch;
        private readonly CpuPhase[] phases;
        private readonly int[] firstPhase; // of node i; one more at the end

        public CpuExecutor(PlanLayout layout, ThreadTeam team)
        {
            this.team = team;
            scratch = new CpuScratch(layout.Memory);
            firstPhase = new int[layout.Nodes.Count + 1];
            try
            {
                phases = [.. Bind(layout)];
            }
            catch
            {
                scratch.Dispose(); // memory that one node got before another one got none
                throw;
            }
        }

        private List<CpuPhase> Bind(PlanLayout layout)
        {
            var list = new List<CpuPhase>();
            for (int i = 0; i < layout.Nodes.Count; i++)
            {
                Node node = layout.Nodes[i];
                scratch.BeginNode(i);
                if (!node.Op.IsView)
                    node.Op.Cpu(new CpuBinding(node, layout, team.Size, list, scratch));
                firstPhase[i + 1] = list.Count;
            }
            scratch.Commit();
            return list;
        }

        public override void Run(int first, int last) => team.Run(phases, firstPhase[first], firstPhase[last]);

        public override void PoisonScratch(int node) => scratch.Poison(node);

        public override void Dispose() => scratch.Dispose();
    }
}
