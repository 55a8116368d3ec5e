using GpuGrad.Kernels.Random;

namespace GpuGrad.Training.Data.Augmenting;

/// <summary>A random change of a picture on the host.</summary>
public interface IPictureChange
{
    /// <summary>Whether it moves pixels.</summary>
    bool MovesPixels { get; }

    /// <param name="picture">The picture to change.</param>
    /// <param name="random">Random numbers of this picture in this batch.</param>
    void Apply(ChangingPicture picture, RandomStream random);
}

/// <summary>Augmentations on the host, as pictures are read: resampling first, then colours, then RandAugment.</summary>
/// <param name="Crop">Null for none.</param>
/// <param name="Colors">Null for none.</param>
/// <param name="RandAugment">Null for none.</param>
public sealed record PictureChanges(ResizedCropConfig? Crop = null, ColorJitterConfig? Colors = null, RandAugmentConfig? RandAugment = null)
{
    public bool MovesPixels => Crop is not null || RandAugment is not null;

    /// <summary>Applies the changes to a sample of a batch.</summary>
    /// <param name="picture">The sample with its mask and target images.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="batch">Number of the batch in the run.</param>
    /// <param name="sample">Index in the data set.</param>
    public void Apply(ChangingPicture picture, ulong seed, long batch, int sample)
    {
        (uint a, uint b, _, _) = Philox.Bits(
            0, (uint)sample, unchecked((uint)batch), unchecked((uint)(batch >> 32) << 8) | (uint)Purpose.Change, unchecked((uint)seed), (uint)(seed >> 32));
        var random = new RandomStream(((ulong)b << 32) | a, Purpose.Change);
        foreach (IPictureChange? change in new IPictureChange?[] { Crop, Colors, RandAugment })
            change?.Apply(picture, random);
    }
}
