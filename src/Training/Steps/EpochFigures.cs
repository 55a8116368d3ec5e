namespace GpuGrad.Training.Steps;

/// <summary>Loss and accuracy over the samples of an epoch, each sample counted once.</summary>
/// <param name="Loss">Mean loss; with class weights the weighted mean, whatever the size of the batches.</param>
/// <param name="Accuracy">Share of samples classified correctly; NaN for regression.</param>
/// <param name="Samples">Samples counted.</param>
public readonly record struct EpochFigures(double Loss, double Accuracy, long Samples);
