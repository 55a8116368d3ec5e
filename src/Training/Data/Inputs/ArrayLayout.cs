using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>Reshapes arrays to samples of a known shape, from each of the layouts that training takes.</summary>
internal static class ArrayLayout
{
    /// <summary>
    /// Samples from [N, C, H, W] or [N, H, W, C], [N, H, W] with one channel, [N, features], [N] with one feature; or a single
    /// sample without N.
    /// </summary>
    public static SampleSet Fit(NumberArray x, string name, FittedInput fitted, bool channelsLast)
    {
        Shape shape = fitted.Shape.Shape;
        int[] sizes = x.Sizes;
        int[]? last = shape.Rank == 3 ? [shape[1], shape[2], shape[0]] : null, plane = shape.Rank == 3 && shape[0] == 1 ? [shape[1], shape[2]] : null;
        bool many = sizes.Length > 1 && Is(sizes[1..], shape.Sizes), manyLast = sizes.Length > 1 && Is(sizes[1..], last);
        if (channelsLast && manyLast)
            return ArraySamples.Inputs(x, name, channelsLast: true);
        if (Is(sizes, shape.Sizes) && shape.Count > 1)
            return ArraySamples.Inputs(x with { Sizes = [1, .. sizes] }, name, channelsLast: false);
        if (many || (sizes.Length > 1 && Is(sizes[1..], plane)) || (sizes.Length == 1 && Is([1], shape.Sizes)))
            return ArraySamples.Inputs(x, name, channelsLast: false) with { Shape = shape };
        if (manyLast)
            return ArraySamples.Inputs(x, name, channelsLast: true);
        if (Is(sizes, last) || Is(sizes, plane))
            return ArraySamples.Inputs(x with { Sizes = [1, .. sizes, .. Is(sizes, last) ? Array.Empty<int>() : [1]] }, name, channelsLast: true);
        IEnumerable<string> layouts = new[] { shape.Sizes.ToArray(), last, plane }.OfType<int[]>().Select(s => $"[N, {string.Join(", ", s)}]").Distinct();
        throw DataFault.In(name, $"an array of shape {new Shape(sizes)}", $"{string.Join(" or ", layouts)}, as the network was trained on");
    }

    private static bool Is(ReadOnlySpan<int> sizes, ReadOnlySpan<int> wanted) => !wanted.IsEmpty && sizes.SequenceEqual(wanted);
}
