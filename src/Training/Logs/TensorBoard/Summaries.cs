using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace GpuGrad.Training.Logs.TensorBoard;

/// <summary>Makes summary values for TensorBoard's plugins.</summary>
internal static class Summaries
{
    private const int Buckets = 64;
    private const int TensorClass = 2, FloatType = 1, StringType = 7, Rgb = 3;

    public static Summary.Types.Value Scalar(string tag, double value) => new() { Tag = tag, SimpleValue = (float)value };

    /// <summary>Text in Markdown.</summary>
    public static Summary.Types.Value Text(string tag, string markdown) => new()
    {
        Tag = tag,
        Metadata = Metadata("text", ByteString.Empty),
        Tensor = new Tensor
        {
            Dtype = StringType,
            TensorShape = new TensorShape { Dim = { new TensorShape.Types.Dim { Size = 1 } } },
            StringVal = { ByteString.CopyFromUtf8(markdown) },
        },
    };

    /// <param name="tag">Its name.</param>
    /// <param name="png">A PNG file, whose size is in its header.</param>
    public static Summary.Types.Value Image(string tag, byte[] png) => new()
    {
        Tag = tag,
        Image = new Summary.Types.Image
        {
            Width = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)),
            Height = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)),
            Colorspace = Rgb,
            EncodedImageString = UnsafeByteOperations.UnsafeWrap(png),
        },
    };

    /// <summary>Histogram of the finite numbers, with buckets of equal width; null if none is finite.</summary>
    public static Summary.Types.Value? Histogram(string tag, ReadOnlySpan<float> values)
    {
        (double low, double high, double sum, double squares, long count) = (double.PositiveInfinity, double.NegativeInfinity, 0, 0, 0);
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
                continue;
            (low, high, sum, squares, count) = (Math.Min(low, value), Math.Max(high, value), sum + value, squares + ((double)value * value), count + 1);
        }
        if (count == 0)
            return null;
        int buckets = low < high ? Buckets : 1;
        var counts = new double[buckets];
        double scale = low < high ? buckets / (high - low) : 0;
        foreach (float value in values)
        {
            if (float.IsFinite(value))
                counts[Math.Min((int)((value - low) * scale), buckets - 1)]++;
        }
        var histogram = new Histogram { Min = low, Max = high, Num = count, Sum = sum, SumSquares = squares };
        for (int i = 0; i < buckets; i++)
        {
            histogram.BucketLimit.Add(i == buckets - 1 ? high : low + ((i + 1) / scale));
            histogram.Bucket.Add(counts[i]);
        }
        return new Summary.Types.Value { Tag = tag, Histo = histogram };
    }

    /// <summary>The settings of a run, for the table of the hparams plugin.</summary>
    public static Summary.Types.Value SessionStart(IEnumerable<KeyValuePair<string, Value>> settings)
    {
        var start = new SessionStart { StartTimeSecs = EventFile.Now };
        foreach ((string name, Value value) in settings)
            start.Hparams[name] = value;
        return Session("_hparams_/session_start_info", new HyperparameterData { SessionStartInfo = start });
    }

    public static Summary.Types.Value SessionEnd(bool succeeded) =>
        Session("_hparams_/session_end_info", new HyperparameterData { SessionEndInfo = new SessionEnd { Status = succeeded ? 1 : 2, EndTimeSecs = EventFile.Now } });

    private static Summary.Types.Value Session(string tag, HyperparameterData data) => new()
    {
        Tag = tag,
        Metadata = Metadata("hparams", data.ToByteString()),
        // Empty: the content is in the metadata.
        Tensor = new Tensor { Dtype = FloatType, TensorShape = new TensorShape { Dim = { new TensorShape.Types.Dim() } } },
    };

    private static SummaryMetadata Metadata(string plugin, ByteString content) =>
        new() { PluginData = new SummaryMetadata.Types.PluginData { PluginName = plugin, Content = content }, DataClass = TensorClass };
}
