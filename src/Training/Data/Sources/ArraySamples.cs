using System.Globalization;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Rows;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Makes samples from arrays: one array of inputs, one of labels or targets.</summary>
internal static class ArraySamples
{
    private const int MostClasses = 100_000;

    /// <param name="x">Inputs [N, F], [N, H, W] (one channel), [N, C, H, W], or [N] for one feature.</param>
    /// <param name="y">Integers [N] or [N, 1] are labels, [N, H, W] or [N, 1, H, W] masks; others [N], [N, D] or [N, C, H, W] targets; null for none.</param>
    /// <param name="xName">Name of x for messages.</param>
    /// <param name="yName">Name of y for messages.</param>
    /// <param name="channelsLast">Whether pictures are [N, H, W, C].</param>
    /// <param name="ignored">The value of mask pixels that are ignored; null for none.</param>
    public static SampleSet Of(NumberArray x, NumberArray? y, string xName, string yName, bool channelsLast = false, int? ignored = null)
    {
        RequireSamples(x.Sizes, xName);
        return Answered(Inputs(x, xName, channelsLast), y, xName, yName, channelsLast, ignored);
    }

    /// <summary>The same for a file whose samples stay on disk.</summary>
    public static SampleSet OnDisk(string path, ArrayHeader header, NumberArray? y, string yName, bool channelsLast = false, int? ignored = null)
    {
        int[] sizes = header.Sizes;
        RequireSamples(sizes, path);
        if (header.Fortran && sizes.Length > 1)
            throw DataFault.In(path, $"{header.Bytes} bytes in Fortran order, in which samples are not contiguous", "C order; save it with numpy.ascontiguousarray, or set 'cache: memory'");
        if (header.Count / sizes[0] * NumberBytes.SizeOf(header.Type) > Array.MaxLength)
            throw DataFault.In(path, $"samples of {header.Count / sizes[0]} numbers", $"at most {Array.MaxLength / NumberBytes.SizeOf(header.Type)}");
        channelsLast &= sizes.Length == 4;
        var samples = new SampleSet
        {
            Shape = ShapeOf(channelsLast ? [sizes[0], sizes[3], sizes[1], sizes[2]] : sizes),
            Count = sizes[0],
            Rows = new ArrayRows(path, header, channelsLast ? sizes[3] : 1),
            Places = new SamplePlaces(path),
        };
        return Answered(samples, y, path, yName, channelsLast, ignored);
    }

    private static void RequireSamples(int[] sizes, string name)
    {
        if (sizes.Length is 0 or > 4)
            throw DataFault.In(name, $"an array of {sizes.Length} axes", "samples [N, features], [N, H, W] or [N, C, H, W]");
    }

    private static Shape ShapeOf(int[] sizes) => new(sizes.Length switch
    {
        1 => [1],
        3 => [1, .. sizes[1..]],
        _ => sizes[1..],
    });

    private static SampleSet Answered(SampleSet samples, NumberArray? y, string xName, string yName, bool channelsLast, int? ignored)
    {
        if (y is null)
            return samples;
        if (y.Sizes.Length is 0 or > 4)
            throw DataFault.In(yName, $"an array of {y.Sizes.Length} axes", "labels [N], targets [N, D], masks [N, H, W] or target images [N, C, H, W]");
        if (samples.Count != y.Sizes[0])
            throw DataFault.In(yName, $"{y.Sizes[0]} labels or targets", $"{samples.Count}, one for each sample of {xName}");
        samples = samples with { Places = samples.Places! with { Answers = yName } };
        if (y.Sizes.Length > 2)
            return WithMap(samples, channelsLast && y.Sizes.Length == 4 ? ChannelsFirst(y) : y, yName, ignored);
        bool labelled = y.IsWhole && (y.Sizes.Length == 1 || y.Sizes[1] == 1);
        return samples with
        {
            Labels = labelled ? Labels(y, yName) : null,
            Targets = labelled ? null : Finite(y.ToFloats(), y.Count / y.Sizes[0], yName),
            TargetSize = labelled ? 0 : y.Count / y.Sizes[0],
        };
    }

    // Integers are classes; an axis of one channel is dropped.
    private static SampleSet WithMap(SampleSet samples, NumberArray y, string name, int? ignored)
    {
        if (y.IsWhole && (y.Sizes.Length == 3 || y.Sizes[1] == 1))
        {
            var mask = new Shape(y.Sizes.AsSpan(^2..));
            return samples with { Mask = MaskArray.Of(y, mask, null, ignored, name), AnswerShape = mask };
        }
        var map = new Shape(y.Sizes.Length == 3 ? [1, .. y.Sizes[1..]] : y.Sizes[1..]);
        return samples with { Targets = Finite(y.ToFloats(), map.Count, name), TargetSize = map.Count, AnswerShape = map };
    }

    /// <summary>Samples without labels.</summary>
    public static SampleSet Inputs(NumberArray x, string name, bool channelsLast)
    {
        if (channelsLast && x.Sizes.Length == 4)
            x = ChannelsFirst(x);
        var samples = new SampleSet { Shape = ShapeOf(x.Sizes), Count = x.Sizes[0], Bytes = x.AsBytes, Places = new SamplePlaces(name) };
        if (x.AsBytes is not null)
            return samples;
        float[]? floats = x.IsFloats ? x.ToFloats() : null;
        if (floats is not null)
            return samples with { Reals = Finite(floats, x.Count / x.Sizes[0], name) };
        double[] doubles = x.ToDoubles();
        Finite(doubles, x.Count / x.Sizes[0], name);
        return samples.WithNumbers(doubles);
    }

    /// <summary>Samples with labels or targets of the training data's shape.</summary>
    public static SampleSet WithAnswers(SampleSet samples, NumberArray y, string name, DataShape shape, int? ignored = null)
    {
        if (shape is { Classes: > 0, Answer: Shape mask } && y.Sizes.Length > 0 && y.Sizes[0] == samples.Count)
            return samples with { Mask = MaskArray.Of(y, mask, shape.Classes, ignored, name), AnswerShape = mask };
        int targets = Math.Max(1, shape.Targets);
        if (y.Sizes.Length == 0 || y.Sizes[0] != samples.Count || y.Count != (long)samples.Count * targets)
            throw DataFault.In(name, $"an array of shape {new Shape(y.Sizes)}", targets == 1 ? $"[{samples.Count}], one for each sample" : $"[{samples.Count}, {targets}]");
        if (shape.Classes == 0)
            return samples with { Targets = Finite(y.ToFloats(), targets, name), TargetSize = targets, AnswerShape = shape.Answer };
        int[] labels = Labels(y, name);
        int wrong = labels.AsSpan().IndexOfAnyExceptInRange(0, shape.Classes - 1);
        return wrong < 0 ? samples with { Labels = labels } : throw DataFault.In(name, $"the label {labels[wrong]} of sample {wrong}", $"0 to {shape.Classes - 1} as in training");
    }

    /// <summary>A train, a test and a validation part as a data set.</summary>
    public static DataSet DataSet(SampleSet train, SampleSet? test, string testName, string origin, IReadOnlyList<string>? classNames = null, SampleSet? validation = null)
    {
        if (test is not null && test.Shape != train.Shape)
            throw DataFault.In(testName, $"samples of shape {test.Shape}", $"{train.Shape}, as in training");
        if (test is not null && (test.AnswerShape != train.AnswerShape || test.Mask is null != train.Mask is null))
            throw DataFault.In(testName, $"what is to be predicted of shape {Predicted(test)}", $"{Predicted(train)}, as in training");
        if (test is not null && (test.TargetSize != train.TargetSize || test.Labels is null != train.Labels is null))
            throw DataFault.In(testName, test.Labels is null ? $"{test.TargetSize} targets a sample" : "labels", train.Labels is null ? $"{train.TargetSize} targets a sample, as in training" : "labels, as in training");
        if (test is not null && train.AreBytes != test.AreBytes)
            throw DataFault.In(testName, test.AreBytes ? "bytes" : "numbers that are no bytes", "the same type as in training, or they would be scaled differently");
        int classes = train.Mask is not null ? Math.Max(Classes(train.Mask), test?.Mask is null ? 0 : Classes(test.Mask)) : train.Labels is null ? 0 : Math.Max(1 + train.Labels.Max(), 1 + (test?.Labels?.Max() ?? 0));
        if (classNames is not null && classNames.Count < classes)
            throw DataFault.In(origin, $"the label {classes - 1}", $"0 to {classNames.Count - 1} for the {classNames.Count} class names{(train.Labels?.Min() == 1 ? "; the labels count from 1: subtract 1" : "")}");
        var shape = new DataShape(train.Shape, classNames?.Count ?? classes, train.TargetSize) { Answer = train.AnswerShape };
        return new DataSet
        {
            Shape = shape,
            Train = train,
            Test = test,
            Validation = validation,
            ClassNames = classNames,
            Origin = origin,
            Fingerprint = Fingerprint.Of(shape, train, test, validation),
        };
    }

    private static string Predicted(SampleSet samples) => samples.AnswerShape?.ToString() ?? "[]";

    // At least two: a single class is nothing to learn, and a mask of two may happen to show one.
    private static int Classes(byte[] mask)
    {
        int most = 1;
        foreach (byte label in mask)
            most = label != SampleSet.Ignored && label > most ? label : most;
        return most + 1;
    }

    private static int[] Labels(NumberArray y, string name)
    {
        int[]? labels = y.ToInts();
        int wrong = labels is null ? -1 : labels.AsSpan().IndexOfAnyExceptInRange(0, MostClasses - 1);
        if (labels is null || wrong >= 0)
            throw DataFault.In(name, labels is null ? "labels beyond 32 bits" : $"the label {labels[wrong]} of sample {wrong}", $"classes from 0 to at most {MostClasses - 1}");
        return labels;
    }

    private static float[] Finite(float[] values, int size, string name)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                throw NotFinite(values[i], i / size, name);
        }
        return values;
    }

    private static void Finite(double[] values, int size, string name)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!(Math.Abs(values[i]) <= float.MaxValue))
                throw NotFinite(values[i], i / size, name);
        }
    }

    public static GpuGradException NotFinite(double value, int sample, string name)
    {
        string what = double.IsNaN(value) ? "not a number" : double.IsInfinity(value) ? "an infinite number" : string.Create(CultureInfo.InvariantCulture, $"{value:G3}");
        return DataFault.In(name, $"{what} in sample {sample}", $"finite numbers of at most {float.MaxValue.ToString("G3", CultureInfo.InvariantCulture)}");
    }

    private static NumberArray ChannelsFirst(NumberArray x)
    {
        (int n, int pixels, int channels) = (x.Sizes[0], x.Sizes[1] * x.Sizes[2], x.Sizes[3]);
        int[] sizes = [n, channels, x.Sizes[1], x.Sizes[2]];
        if (x.AsBytes is byte[] bytes)
            return new NumberArray(sizes, NumberType.UInt8, Swap(bytes));
        return x.IsFloats ? NumberArray.Of(sizes, Swap(x.ToFloats())) : NumberArray.Of(sizes, Swap(x.ToDoubles()));

        T[] Swap<T>(T[] from)
        {
            var to = new T[from.Length];
            for (int i = 0; i < n; i++)
            {
                for (int p = 0; p < pixels; p++)
                {
                    for (int c = 0; c < channels; c++)
                        to[(((i * channels) + c) * pixels) + p] = from[(((i * pixels) + p) * channels) + c];
                }
            }
            return to;
        }
    }
}
