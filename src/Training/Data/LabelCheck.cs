using GpuGrad.Training.Config;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Data;

/// <summary>Detects labels that count from 1, which other tools allow.</summary>
internal static class LabelCheck
{
    /// <summary>A note if no label is 0; null otherwise.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: the network has one output less than there are classes including 0.</exception>
    public static string? Run(RunConfig config, DataSet data)
    {
        if (data.ClassNames is not null || data.Train.Labels is not int[] labels || labels.Min() is var least && least == 0)
            return null;
        int classes = data.Shape.Classes, outputs = Network.Build(config.Model, data.Shape).Output.Count;
        string found = $"labels from {least} to {classes - 1}";
        if (outputs == classes - least)
            throw DataFault.In(data.Origin, $"{found} for a network with {outputs} outputs", $"labels from 0 to {outputs - 1}; subtract {least} from each");
        return $"{data.Origin}: {found}; no sample is of class 0, which is a class all the same";
    }
}
