using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Distributed;

namespace GpuGrad.Training.Steps;

/// <summary>Brings a model and its samples to the device, or reports before the first step that they do not fit.</summary>
internal sealed class ModelLoading(RunConfig config, Model model, ModelPlans plans, RankShare share)
{
    /// <summary>See <see cref="Model.Load"/>.</summary>
    /// <returns>Bytes of memory that this process will hold while training, as far as is known then.</returns>
    public long Load(ulong seed, BatchSource training, IReadOnlyList<BatchSource> evaluated, int batchSize)
    {
        OutOfDeviceMemoryException? lack;
        long resident;
        try
        {
            (lack, resident) = TryLoad(seed, training, evaluated, batchSize);
        }
        catch (TooLargeException e)
        {
            model.Dispose();
            throw BatchAdvice.Of(e, batchSize, size => ModelPlans.RequireCountable(Layouts(training, evaluated, size)));
        }
        if (lack is null)
            return resident;
        var advice = new MemoryAdvice(lack, model.DeviceMemory);
        model.Dispose();
        throw advice.Give(
            batchSize,
            size => plans.Needed(Layouts(training, evaluated, size)),
            size =>
            {
                using var trial = new Model(config, model.Network, model.Device, share);
                return trial.TryLoad(seed, training, evaluated, size);
            });
    }

    /// <summary>One attempt to load; returns the error, or null.</summary>
    public (OutOfDeviceMemoryException? Lack, long Resident) TryLoad(ulong seed, BatchSource training, IReadOnlyList<BatchSource> evaluated, int batchSize)
    {
        long resident = Environment.WorkingSet, used = HostMemory.Used;
        try
        {
            IReadOnlyList<PlannedGraph> layouts = Layouts(training, evaluated, batchSize);
            RequireRoom(plans.Needed(layouts));
            model.Initialise(seed, training);
            GiveBackInitialValues();
            // Everything that the run will ever need, so that it fails now and not after an hour.
            foreach (Slot slot in model.Memory.Lasting)
                _ = model.DeviceMemory[slot];
            foreach (BatchSource source in evaluated.Prepend(training))
                source.Upload(model.DeviceMemory);
            plans.Bind(layouts);
            resident += HostMemory.Used - used + HostMemory.RuntimeGrowth;
            HostMemory.Require("the .NET runtime", HostMemory.RuntimeGrowth, ofHeap: false);
            return (null, resident);
        }
        catch (OutOfDeviceMemoryException e)
        {
            return (e, 0);
        }
    }

    private IReadOnlyList<PlannedGraph> Layouts(BatchSource training, IReadOnlyList<BatchSource> evaluated, int batchSize) =>
        plans.Layouts(training, evaluated, batchSize, watch: config.Diagnostics.Every > 0);

    // If the total has no room, refuse before the first page is touched: with the machine full, Linux would kill this process, or another
    // one, between two buffers. A parameter's initial values are doubles in the host's memory before they are on the device.
    private void RequireRoom(PlannedMemory planned)
    {
        long values = model.Network.Parameters.Select(p => p.Shape.Length * sizeof(double)).DefaultIfEmpty(0).Max();
        double written = new[] { model.Memory.Parameters, model.Memory.State, model.Memory.Ema }.OfType<Slot>().Sum(s => (double)s.Length * model.Device.RealSize);
        HostMemory.Require("initial values", values);
        double needed = model.Device.UsesHostMemory ? Math.Max(planned.Bytes, written + values) : planned.Bytes;
        model.Device.Require("training", (long)Math.Min(needed, long.MaxValue / 2));
    }

    // They are garbage now, twice the size of the largest parameter, and the next collection may come late.
    private void GiveBackInitialValues()
    {
        const long WorthACollection = 4 << 20;
        if (model.Network.Parameters.Any(p => p.Shape.Length > WorthACollection))
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
