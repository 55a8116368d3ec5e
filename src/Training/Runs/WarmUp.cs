using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Runs;

/// <summary>
/// Trains a config's network on two blank samples and discards it. A third of the time before a small network's first step goes into
/// JIT compilation; done while the data are still being read, it costs nothing.
/// </summary>
public static class WarmUp
{
    private const int Samples = 2;

    // With more weights, initialisation takes longer than the compilation that it would save.
    private const long MostParameters = 1_000_000;

    /// <summary>Does nothing if the shape of the samples is not known yet, or the device is not the CPU.</summary>
    public static void Run(LoadedConfig loaded, Device device)
    {
        RunConfig config = loaded.Config;
        if (device is not CpuDevice || config.Data.Dataset?.KnownShape is not DataShape shape)
            return;
        RunConfig small = config with { InitFrom = null, Data = config.Data with { Batch = Samples }, Train = config.Train with { Epochs = 1 } };
        try
        {
            Network network = ModelCheck.Check(small, shape);
            if (network.ParameterCount > MostParameters)
                return;
            TrainingData blank = Blank(shape, small.Data);
            using (var trainer = new Trainer(small, blank, device))
                trainer.Run();
            if (config.Diagnostics.InitAudit)
                InitAudit.Run(small, network, device, blank.Train, blank.Normalization, shape);
            _ = RunManifest.Of(device, config.Seed, blank.Fingerprint).ToJson() + ModelCard.Of(loaded, blank).ToJson();
        }
        catch (GpuGradException)
        {
            // Errors in the network are reported when it is trained on the data.
        }
    }

    private static TrainingData Blank(DataShape shape, DataConfig config)
    {
        bool picture = shape.Shape.Rank == 3;
        var samples = new SampleSet
        {
            Shape = shape.Shape,
            Count = Samples,
            Bytes = picture ? new byte[Samples * shape.Shape.Count] : null,
            Reals = picture ? null : new float[Samples * shape.Shape.Count],
            Labels = shape.Classes > 0 && shape.Answer is null ? new int[Samples] : null,
            PositionLabels = shape.HasPositionClasses ? new int[Samples * shape.Answer!.Value.Count] : null,
            Mask = shape.MaskShape is { } mask ? new byte[Samples * mask.Count] : null,
            AnswerShape = shape.Answer,
            TargetIsInput = config.Target == TargetKind.Input,
            Targets = shape.Classes > 0 || config.Target == TargetKind.Input ? null : new float[Samples * shape.Targets],
            TargetSize = shape.Classes > 0 ? 0 : shape.Targets,
        };
        return new TrainingData
        {
            Shape = shape,
            Train = samples,
            Test = samples,
            Validation = config.Validation is null ? null : samples,
            Normalization = Normalization.None(shape.Shape[0]),
            Augmentation = config.Augmentation,
            Origin = "nothing",
            Fingerprint = "",
        };
    }
}
