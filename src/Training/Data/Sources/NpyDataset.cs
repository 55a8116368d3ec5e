using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Arrays in npy files of their own. They may be larger than memory.</summary>
public sealed record NpyConfig : DatasetConfig
{
    /// <summary>File of the training inputs: [N, features], [N, H, W] or [N, C, H, W].</summary>
    public required string X { get; init => field = Require.NotEmpty(value); }

    /// <summary>File of the training labels (whole numbers) or targets.</summary>
    public required string Y { get; init => field = Require.NotEmpty(value); }

    public string? TestX { get; init; }

    public string? TestY { get; init; }

    /// <summary>Pictures are [N, H, W, C] instead of [N, C, H, W].</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Names of the classes in order.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    internal override ReadingOptions Reading => new() { ChannelsLast = ChannelsLast };

    public override DataSet Load(DataContext context)
    {
        if (TestX is null != TestY is null)
            throw ConfigException.At(Source, "npy has one of 'test-x' and 'test-y'; expected both or none");
        (string x, string y) = (DataFile.Resolve(context, X), DataFile.Resolve(context, Y));
        string testX = TestX is null ? x : DataFile.Resolve(context, TestX);
        SampleSet train = ArrayFiles.Samples(x, y, context.Cache, ChannelsLast);
        SampleSet? test = TestY is null ? null : ArrayFiles.Samples(testX, DataFile.Resolve(context, TestY), context.Cache, ChannelsLast);
        return ArraySamples.DataSet(train, test, testX, $"{X} and {Y}", ClassNames);
    }
}
