using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Arrays in separate npy files, which may be larger than memory.</summary>
public sealed record NpyConfig : DatasetConfig
{
    /// <summary>File of the training inputs: [N, features], [N, H, W] or [N, C, H, W].</summary>
    public required string X { get; init => field = Require.NotEmpty(value); }

    /// <summary>File of the training labels (integers), masks or targets; not read with `target: input`.</summary>
    [DefaultText("**required**, but for `target: input`")]
    public string? Y { get; init => field = value is null ? null : Require.NotEmpty(value); }

    public string? TestX { get; init; }

    public string? TestY { get; init; }

    /// <summary>Pictures are [N, H, W, C] instead of [N, C, H, W].</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Names of the classes in order.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    internal override ReadingOptions Reading => new() { ChannelsLast = ChannelsLast };

    public override DataSet Load(DataContext context)
    {
        if (Y is null && !context.WithoutAnswers)
            throw ConfigException.At(Source, "npy lacks 'y', the file of labels or targets; expected it, or 'target: input' in the data section");
        if (!context.WithoutAnswers && TestX is null != TestY is null)
            throw ConfigException.At(Source, "npy has one of 'test-x' and 'test-y'; expected both or none");
        string x = DataFile.Resolve(context, X);
        string testX = TestX is null ? x : DataFile.Resolve(context, TestX);
        SampleSet train = Read(x, Y);
        SampleSet? test = TestX is null ? null : Read(testX, TestY);
        return ArraySamples.DataSet(train, test, testX, Y is null ? X : $"{X} and {Y}", context.WithoutAnswers ? null : ClassNames);

        SampleSet Read(string path, string? y) =>
            ArrayFiles.Samples(path, context.WithoutAnswers ? null : DataFile.Resolve(context, y!), context.Cache, ChannelsLast, context.IgnoreIndex);
    }
}
