using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Rows;

namespace GpuGrad.Training.Data.Augmenting;

/// <summary>Augments the pictures of a batch on the host, with their masks and target images, sample by sample.</summary>
/// <param name="changes">The augmentations.</param>
/// <param name="samples">The samples.</param>
/// <param name="normalization">Scaling of the samples, whose centres serve as means.</param>
internal sealed class BatchChanger(PictureChanges changes, SampleSet samples, Normalization normalization)
{
    /// <summary>Whether samples have masks or target images, which move with them.</summary>
    public bool HasMaps => samples.AnswerShape is not null;

    /// <summary>Augments a sample of a batch in place.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="at">Its index in the batch.</param>
    /// <param name="sample">Its index in the data set.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="number">Number of the batch in the run.</param>
    public void Change(RowBatch batch, int at, int sample, ulong seed, long number)
    {
        Shape shape = samples.Shape;
        int size = shape.Count, map = samples.AnswerShape?.Count ?? 0;
        var picture = new ChangingPicture(shape[0], shape[1], shape[2], normalization.Centre)
        {
            Mask = samples.Mask is null ? [] : samples.Mask.AsSpan(sample * map, map).ToArray(),
            Targets = samples.Targets is null || map == 0 ? [] : samples.Targets.AsSpan(sample * map, map).ToArray(),
        };
        for (int i = 0; i < size; i++)
            picture.Pixels[i] = samples.AreBytes ? batch.Bytes[(at * size) + i] : (float)batch.Numbers[(at * size) + i];
        changes.Apply(picture, seed, number, sample);
        for (int i = 0; i < size; i++)
        {
            if (samples.AreBytes)
                batch.Bytes[(at * size) + i] = (byte)Math.Clamp(MathF.Round(picture.Pixels[i]), 0, byte.MaxValue);
            else
                batch.Numbers[(at * size) + i] = picture.Pixels[i];
        }
        if (picture.Mask.Length > 0)
            picture.Mask.CopyTo(batch.Mask, at * map);
        if (picture.Targets.Length > 0)
            picture.Targets.CopyTo(batch.Targets, at * map);
    }

    /// <summary>A buffer for a batch with its masks and target images.</summary>
    public RowBatch Room(RowBatch batch, int size)
    {
        int map = checked(size * (samples.AnswerShape?.Count ?? 0));
        return batch with { Mask = samples.Mask is null ? [] : new byte[map], Targets = samples.Targets is null ? [] : new float[map] };
    }
}
