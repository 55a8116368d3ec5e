using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Ilgpu;
using GpuGrad.Kernels.Devices.Ilgpu.Loading;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;
using ILGPU.Backends.PTX;

namespace GpuGrad.Kernels.Tests.Ptx;

/// <summary>A kernel as a CUDA device gets it.</summary>
internal sealed record KernelText(KernelKey Key, string Ptx)
{
    /// <summary>With the threads of its group, for one method may be loaded for several.</summary>
    public string Name => Key.Threads == 0 ? Key.Name : FormattableString.Invariant($"{Key.Name} ({Key.Threads})");

    /// <summary>Threads of a group; kernels with an index get the loader's choice.</summary>
    public int Threads => Key.Threads == 0 ? 256 : Key.Threads;
}

/// <summary>Every kernel that the conformance cases and the training of the configs load; products with the largest tiles too, which sizes as small as theirs never get.</summary>
internal static class EveryKernel
{
    private const int LargestTile = 0;
    private static readonly Dictionary<string, IReadOnlyList<KernelText>> Known = [];

    /// <summary>By name, as this interpreted device gets them.</summary>
    public static IReadOnlyList<KernelText> Of(string id)
    {
        lock (Known)
        {
            if (!Known.TryGetValue(id, out IReadOnlyList<KernelText>? kernels))
                Known[id] = kernels = Collect(id);
            return kernels;
        }
    }

    private static List<KernelText> Collect(string id)
    {
        using var device = (IlgpuDevice)TestDevice.Open(id);
        foreach (OpCase testCase in OpFamilies.All.SelectMany(f => f.Cases(Math.Max(f.Special, 60))))
        {
            foreach (int? tile in testCase.Op.HasPrecision ? [null, LargestTile] : new int?[] { null })
            {
                device.Tile = tile;
                new CaseRun(testCase, device).Dispose(); // binding loads the kernels, nothing runs
            }
        }
        device.Tile = null;
        foreach (string config in Directory.GetFiles(Path.Combine(Effort.Root, "configs"), "*.yaml"))
            Bind(config, device);
        device.Loader.WaitForAll();
        var texts = new KernelTexts(device.Accelerator, KernelCache.OfUser());
        return [.. device.Loader.Kernels.Select(k => new KernelText(k, ((PTXCompiledKernel)texts.Find(k)()).PTXAssembly)).OrderBy(k => k.Name, StringComparer.Ordinal)];
    }

    private static void Bind(string config, Device device)
    {
        RunConfig run = RunConfigFile.Load(config, []).Config;
        if (run.Data.KnownShape is not { } shape)
            return;
        Network network = ModelCheck.Check(run, shape);
        using var model = new Model(run, network, device);
        var source = new BatchSource("batch", StepBatch.Random(network, shape, run.Data.Batch, 1), Normalization.None(shape.Shape[0]), run.Data.Augmentation);
        model.Load(1, source, [source], run.Data.Batch);
    }
}
