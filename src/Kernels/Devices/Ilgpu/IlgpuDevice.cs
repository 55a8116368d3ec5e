using GpuGrad.Kernels.Devices.Ilgpu.Loading;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Plans;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// A device that runs the ILGPU kernels: CUDA, OpenCL, or their emulation in C#. A step is a list of launches on one stream;
/// the host does not wait until a result is read.
/// </summary>
public sealed class IlgpuDevice : Device
{
    private readonly Context? owned;

    /// <param name="id">The id that <c>--device</c> takes, such as <c>cuda:0</c>.</param>
    /// <param name="accelerator">Disposed with this device.</param>
    /// <param name="owned">A context to dispose too.</param>
    public IlgpuDevice(string id, Accelerator accelerator, Context? owned = null)
    {
        Id = id;
        Accelerator = accelerator;
        Loader = new KernelLoader(accelerator);
        this.owned = owned;
    }

    public override string Id { get; }

    public override string Name => Accelerator.Name;

    // Coalesced access on CUDA, and the sub-buffer alignment of most OpenCL devices.
    public override int Alignment => 256;

    public override bool RunsAhead => true;

    public override bool RunsKernels => true;

    public override string? KernelNote => Loader.Note;

    internal Accelerator Accelerator { get; }

    internal KernelLoader Loader { get; }

    /// <summary>Free memory in bytes; negative if unknown: OpenCL reports only the total.</summary>
    internal long FreeMemory
    {
        get
        {
            try
            {
                return (Accelerator as CudaAccelerator)?.GetFreeMemory() ?? -1;
            }
            catch (CudaException)
            {
                return -1; // asked while another error is being reported
            }
        }
    }

    internal long TotalMemory => Accelerator.MemorySize;

    /// <summary>For tests: the index of the tile that GEMMs use; null for the fastest.</summary>
    internal int? Tile { get; set; }

    public override bool UsesHostMemory => Accelerator is CPUAccelerator || (Accelerator.Device is CLDevice device && device.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU));

    /// <summary>Launches the kernel that writes posted words.</summary>
    internal Action<Index1D, ArrayView<int>, PostedWords> Poster =>
        field ??= Loader.Items<ArrayView<int>, PostedWords>(PostedWords.Store);

    public override DeviceBuffer Allocate(string name, long bytes) => AcceleratorFaults.Guard(this, name, bytes, () => new IlgpuBuffer(this, name, bytes));

    public override void Require(string what, long bytes)
    {
        base.Require(what, bytes);
        if (UsesHostMemory)
            return;
        long free = FreeMemory;
        if (bytes > (free < 0 ? TotalMemory : free))
            throw new OutOfDeviceMemoryException(Id, what, bytes, free, TotalMemory);
    }

    public override void Dispose()
    {
        Loader.Dispose();
        try
        {
            Accelerator.Dispose();
        }
        catch (AcceleratorException)
        {
            // ILGPU unloads even kernels that the driver refused, and a lost device fails every call. The cause has been reported already.
        }
        owned?.Dispose();
    }

    internal override Executor Bind(PlanLayout layout) => AcceleratorFaults.Guard(this, "binding a plan", 0, () => new KernelExecutor(layout, this));

    private sealed class KernelExecutor : Executor
    {
        private readonly IlgpuDevice device;
        private readonly KernelScratch scratch;
        private readonly Action[] launches;
        private readonly int[] firstLaunch; // of node i; one more at the end
        private readonly LaunchGraphs graphs;

        public KernelExecutor(PlanLayout layout, IlgpuDevice device)
        {
            this.device = device;
            scratch = new KernelScratch(layout.Memory);
            firstLaunch = new int[layout.Nodes.Count + 1];
            try
            {
                launches = Bind(layout);
                graphs = new LaunchGraphs(device.Loader, launches);
            }
            catch
            {
                scratch.Dispose(); // what was allocated before memory ran out
                throw;
            }
        }

        public override int Launches => launches.Length;

        private Action[] Bind(PlanLayout layout)
        {
            var list = new List<Action>();
            for (int i = 0; i < layout.Nodes.Count; i++)
            {
                Node node = layout.Nodes[i];
                scratch.BeginNode(i);
                if (!node.Op.IsView)
                    node.Op.Kernel(new KernelBinding(node, layout, device, list, scratch));
                firstLaunch[i + 1] = list.Count;
            }
            scratch.Commit();
            return [.. list];
        }

        public override void Run(int first, int last)
        {
            try
            {
                device.Accelerator.Bind();
                graphs.Run(firstLaunch[first], firstLaunch[last]);
            }
            catch (Exception e) when (AcceleratorFaults.Translate(device, "a launch", e) is { } fault)
            {
                throw fault;
            }
        }

        public override void PoisonScratch(int node) => scratch.Poison(node);

        public override void Synchronize()
        {
            try
            {
                device.Loader.Stream.Synchronize();
            }
            catch (Exception e) when (AcceleratorFaults.Translate(device, "waiting for the device", e) is { } fault)
            {
                throw fault;
            }
        }

        public override void Dispose()
        {
            graphs.Dispose();
            scratch.Dispose();
        }
    }
}
