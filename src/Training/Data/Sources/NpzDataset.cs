using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Arrays from an npz archive.</summary>
public sealed record NpzConfig : DatasetConfig
{
    /// <summary>The archive.</summary>
    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    /// <summary>Name of the array of inputs.</summary>
    public string X { get; init => field = Require.NotEmpty(value); } = "x";

    /// <summary>Name of the array of labels (integers), masks or targets; not read with `target: input`.</summary>
    public string Y { get; init => field = Require.NotEmpty(value); } = "y";

    /// <summary>Archive of the test set; its arrays have the same names as the training set's unless others are given.</summary>
    public string? Test { get; init; }

    /// <summary>Name of the test inputs; without <see cref="Test"/>, in the same archive.</summary>
    [DefaultText("that of `x`, where `test` is given")]
    public string? TestX { get; init; }

    [DefaultText("that of `y`, where `test` is given")]
    public string? TestY { get; init; }

    /// <summary>Pictures are [N, H, W, C] instead of [N, C, H, W].</summary>
    public bool ChannelsLast { get; init; }

    [DefaultText("their numbers")]
    public IReadOnlyList<string>? ClassNames { get; init; }

    internal override ReadingOptions Reading => new() { X = X, Y = Y, ChannelsLast = ChannelsLast };

    public override DataSet Load(DataContext context)
    {
        if (!context.WithoutAnswers && TestX is null != TestY is null)
            throw ConfigException.At(Source, "npz has one of 'test-x' and 'test-y'; expected both or none");
        string path = DataFile.Resolve(context, Path);
        SampleSet train = Read(path, X, Y, context);
        string testPath = Test is null ? path : DataFile.Resolve(context, Test);
        SampleSet? test = Test is null && TestX is null ? null : Read(testPath, TestX ?? X, TestY ?? Y, context);
        DataSet data = ArraySamples.DataSet(train, test, testPath, path, context.WithoutAnswers ? null : ClassNames);
        return LooksLast(train.Shape)
            ? data with { Notes = [$"{path}: samples of shape {train.Shape} are read as {train.Shape[0]} channels of {train.Shape[1]} × {train.Shape[2]} pixels; 'channels-last: true' reads {train.Shape[2]} channels of {train.Shape[0]} × {train.Shape[1]}"] }
            : data;
    }

    private bool LooksLast(Shape shape) => !ChannelsLast && shape.Rank == 3 && shape[2] is (1 or 3 or 4) && shape[0] is not (1 or 3 or 4);

    private SampleSet Read(string path, string x, string y, DataContext context) => DataFile.Read(path, stream =>
    {
        IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(stream, path, context.WithoutAnswers ? [x] : [x, y]);
        return ArraySamples.Of(arrays[x], context.WithoutAnswers ? null : arrays[y], $"{path} ('{x}')", $"{path} ('{y}')", ChannelsLast, context.IgnoreIndex);
    });
}
