using System.Text;
using System.Text.Json;
using Google.Protobuf;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tests.Storage;
using Tensorboard;
using static GpuGrad.Training.Tests.Logs.LogRun;
using HistogramLog = GpuGrad.Training.Logs.TensorBoard.HistogramLog;
using Value = Tensorboard.Summary.Types.Value;

namespace GpuGrad.Training.Tests.Logs;

public sealed class TensorBoardTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_checksum_is_the_one_of_the_description()
    {
        // RFC 3720, B.4: 32 bytes of zeros.
        Assert.Equal(0x8A9136AAu, ~EventReader.Crc32C(new byte[32], uint.MaxValue));
        Assert.Equal(0xE3069283u, ~EventReader.Crc32C("123456789"u8, uint.MaxValue));
    }

    [Fact]
    public void Every_figure_of_the_log_is_a_scalar_at_its_step()
    {
        Train(folder["run"]);
        Event head = EventReader.ReadAll(folder["run"])[0];
        Assert.Equal("brain.Event:2", head.FileVersion);
        Assert.InRange(head.WallTime, DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 600, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        Dictionary<(string, long), float> scalars = Scalars(folder["run"]);
        JsonElement[] lines = [.. MetricsLog.Read(folder["run/metrics.jsonl"])];
        int told = 0;
        foreach (JsonElement line in lines.Where(l => !l.TryGetProperty("alarm", out _) && !l.TryGetProperty("remark", out _)))
        {
            long step = line.GetProperty("step").GetInt64();
            foreach (JsonProperty figure in line.EnumerateObject().Where(p => p.Name is not ("step" or "epoch") && p.Value.ValueKind == JsonValueKind.Number))
            {
                if (TagOf(line, figure.Name) is string tag)
                {
                    Assert.Equal((float)figure.Value.GetDouble(), scalars[(tag, step)]);
                    told++;
                }
            }
        }
        Assert.Equal(scalars.Count, told);
        Assert.Contains(("loss/batch", 11L), scalars.Keys);
        Assert.Contains(("loss/validation", 12L), scalars.Keys);
        Assert.Contains(("gradient_norm/0.weight", 3L), scalars.Keys);
    }

    [Fact]
    public void Histograms_hold_the_weights_gradients_and_activations()
    {
        Train(folder["run"]);
        var histograms = EventReader.Values(folder["run"]).Where(v => v.Value.Histo is not null).ToLookup(v => v.Value.Tag, v => (v.Step, v.Value.Histo));
        Assert.Equal(
            ["activations/0", "activations/1", "activations/2", "activations/3", "gradients/0.bias", "gradients/0.weight", "gradients/3.bias", "gradients/3.weight", "weights/0.bias", "weights/0.weight", "weights/3.bias", "weights/3.weight"],
            histograms.Select(h => h.Key).Order(StringComparer.Ordinal));
        Assert.All(histograms, h => Assert.Equal([4L, 8L, 12L], h.Select(e => e.Step)));
        (long _, HistogramProto last) = histograms["weights/3.weight"].Last();
        using SafetensorsFile weights = SafetensorsFile.Open(folder["run/weights.safetensors"]);
        var expected = new double[10 * 4 * 24 * 24];
        weights.Read(weights["3.weight"]!, 0, expected);
        Assert.Equal(expected.Length, last.Num);
        Assert.Equal(last.Num, last.Bucket.Sum());
        Assert.Equal((expected.Min(), expected.Max()), (last.Min, last.Max));
        Assert.Equal(expected.Sum(), last.Sum, 1e-9);
        Assert.Equal(expected.Sum(v => v * v), last.SumSquares, 1e-9);
        for (int i = 1; i < last.Bucket.Count - 1; i++)
            Assert.InRange(last.Bucket[i] - expected.Count(v => v >= last.BucketLimit[i - 1] && v < last.BucketLimit[i]), -1, 1); // a rounded bound
        // Behind a relu nothing is negative, and 16 samples (a batch) are shown.
        Assert.Equal((16.0 * 4 * 24 * 24, 0.0), (histograms["activations/1"].Last().Histo.Num, histograms["activations/1"].Last().Histo.Min));
        Assert.Equal(Told(histograms), Told(folder["run"]));
    }

    [Fact]
    public void Samples_mistakes_and_filters_are_pictures()
    {
        Train(folder["run"]);
        var images = EventReader.Values(folder["run"]).Where(v => v.Value.Image is not null).ToLookup(v => v.Value.Tag, v => (v.Step, v.Value.Image));
        Assert.Equal(["filters/0.weight", "mistakes/test", "mistakes/validation", "samples"], images.Select(i => i.Key).Order(StringComparer.Ordinal));
        Assert.Equal([0L], images["samples"].Select(i => i.Step));
        Assert.Equal([4L, 8L, 12L], images["filters/0.weight"].Select(i => i.Step));
        foreach ((long _, Summary.Types.Image image) in images.SelectMany(i => i))
        {
            DecodedPicture picture = PictureReader.Decode(image.EncodedImageString.ToByteArray(), "image.png");
            Assert.Equal((picture.StoredWidth, picture.StoredHeight, 3), (image.Width, image.Height, image.Colorspace));
            Assert.True(picture.Pixels.Distinct().Count() > 4, "the picture is nearly empty");
        }
    }

    [Fact]
    public void The_config_is_a_text_and_its_settings_are_hyperparameters()
    {
        Train(folder["run"]);
        Value[] values = [.. EventReader.Values(folder["run"]).Select(v => v.Value)];
        Value text = values.Single(v => v.Tag == "config");
        Assert.Equal(("text", DataType.DtString), (text.Metadata.PluginData.PluginName, text.Tensor.Dtype));
        Assert.Contains("filters: 4", Encoding.UTF8.GetString(text.Tensor.StringVal.Single().Span), StringComparison.Ordinal);
        Value start = values.Single(v => v.Tag == "_hparams_/session_start_info"), end = values.Single(v => v.Tag == "_hparams_/session_end_info");
        Assert.Equal(("hparams", DataClass.Tensor), (start.Metadata.PluginData.PluginName, start.Metadata.DataClass));
        Dictionary<string, double> numbers = Settings(start.Metadata.PluginData.Content);
        Assert.Equal((0.05, 3.0, 16.0), (numbers["train.optimizer.sgd.lr"], numbers["train.epochs"], numbers["data.batch"]));
        // HParamsPluginData: field 4, session_end_info; in it field 1, status: 1 is success.
        var outer = new CodedInputStream(end.Metadata.PluginData.Content.ToByteArray());
        Assert.Equal((4u << 3) | 2, outer.ReadTag());
        var inner = new CodedInputStream(outer.ReadBytes().ToByteArray());
        Assert.Equal((1u << 3, 1), (inner.ReadTag(), inner.ReadInt32()));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(11)]
    public void A_resumed_run_continues_without_a_gap_or_a_duplicate(long broken)
    {
        Train(folder["whole"]);
        Train(folder["run"], breakBehind: 4);
        var open = new HistogramLog(folder["run"]);
        open.Update();
        Train(folder["run"], breakBehind: broken);
        open.Update();
        Train(folder["run"]);
        open.Update();
        Assert.Equal(Told(folder["whole"]), Told(open));
        Assert.Equal(Comparable(folder["whole"]), Comparable(folder["run"]));
        Assert.Equal(File.ReadAllText(folder["whole/steps.csv"]), File.ReadAllText(folder["run/steps.csv"]));
        Assert.Equal(File.ReadAllText(folder["whole/epochs.csv"]), File.ReadAllText(folder["run/epochs.csv"]));
        // A TensorBoard that has read further is told to forget what comes after the checkpoint.
        List<Event> all = EventReader.ReadAll(folder["run"]);
        Event[] starts = [.. all.Where(e => e.SessionLog?.Status == SessionLog.Types.SessionStatus.Start)];
        Assert.Equal(2, starts.Length);
        Assert.All(starts, s => Assert.All(all.Take(all.IndexOf(s)), e => Assert.True(e.Step < s.Step)));
    }

    [Fact]
    public void The_log_can_be_read_during_the_run()
    {
        bool seen = false;
        Train(folder["run"], stepped: step =>
        {
            if (step == 5)
                seen = Scalars(folder["run"]).ContainsKey(("loss/test", 4));
        });
        Assert.True(seen, "the first epoch's figures were not in the file during the second");
    }

    [Fact]
    public void Logs_are_written_only_where_they_are_asked_for()
    {
        Train(folder["run"], Yaml.Replace("log: [tensorboard, csv]", "", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFiles(folder["run"], "*tfevents*"));
        Assert.Empty(Directory.EnumerateFiles(folder["run"], "*.csv"));
    }

    [Fact]
    public void Histograms_and_images_can_be_left_out()
    {
        Train(folder["run"], Yaml.Replace("log: [tensorboard, csv]", "log: {tensorboard: {histograms: 0, images: 0}}", StringComparison.Ordinal));
        Assert.DoesNotContain(EventReader.Values(folder["run"]), v => v.Value.Histo is not null || v.Value.Image is not null);
        Assert.Contains(("loss/test", 12L), Scalars(folder["run"]).Keys);
    }

    [Fact]
    public void Logs_change_no_bit_of_the_weights()
    {
        Train(folder["with"]);
        Train(folder["without"], Yaml.Replace("log: [tensorboard, csv]", "log: csv", StringComparison.Ordinal));
        using SafetensorsFile with = SafetensorsFile.Open(folder["with/weights.safetensors"]), without = SafetensorsFile.Open(folder["without/weights.safetensors"]);
        foreach (SafetensorsTensor tensor in with.Tensors)
        {
            double[] expected = new double[tensor.Shape.Aggregate(1L, (a, b) => a * b)], found = new double[expected.Length];
            without.Read(without[tensor.Name]!, 0, expected);
            with.Read(tensor, 0, found);
            Assert.Equal(expected, found);
        }
    }

    private static string[] Told(ILookup<string, (long Step, HistogramProto Histo)> histograms) => [.. histograms.Select(h =>
        $"{h.Key}: {string.Join("; ", h.Select(e => FormattableString.Invariant($"{e.Step} {e.Histo.Min} {e.Histo.Max} {string.Join(' ', e.Histo.Bucket)}")))}").Order(StringComparer.Ordinal)];

    private static string[] Told(string run)
    {
        var log = new HistogramLog(run);
        log.Update();
        return Told(log);
    }

    private static string[] Told(HistogramLog log) => [.. log.Tags.Select(t =>
        $"{t}: {string.Join("; ", log[t].Select(e => FormattableString.Invariant($"{e.Step} {e.Low} {e.High} {string.Join(' ', e.Counts)}")))}").Order(StringComparer.Ordinal)];

    private static Dictionary<(string Tag, long Step), float> Scalars(string run) => EventReader.Values(run)
        .Where(v => v.Value.ValueCase == Value.ValueOneofCase.SimpleValue).ToDictionary(v => (v.Value.Tag, v.Step), v => v.Value.SimpleValue);

    // Everything but times.
    private static string[] Comparable(string run) =>
        [.. EventReader.Values(run).Select(v => v.Value.Tag.StartsWith("_hparams_", StringComparison.Ordinal) ? $"{v.Step} {v.Value.Tag}" : $"{v.Step} {v.Value}")];

    private static string? TagOf(JsonElement line, string figure)
    {
        if (figure.Split('/') is [string layer, string name])
            return $"{(name is "mean" or "deviation" or "zeros" or "largest" ? "activation_" : "")}{name}/{layer}";
        if (line.TryGetProperty("loss", out _))
            return figure switch { "loss" => "loss/batch", "lr" => "learning_rate", _ => "gradient_norm/all" };
        return figure == "lr" ? null : $"{figure[(figure.IndexOf('_', StringComparison.Ordinal) + 1)..]}/{figure.Split('_')[0]}";
    }

    // HParamsPluginData: field 3, session_start_info; in it field 1, a map from a text to a google.protobuf.Value.
    private static Dictionary<string, double> Settings(ByteString content)
    {
        var numbers = new Dictionary<string, double>();
        var outer = new CodedInputStream(content.ToByteArray());
        Assert.Equal((3u << 3) | 2, outer.ReadTag());
        var inner = new CodedInputStream(outer.ReadBytes().ToByteArray());
        while (inner.ReadTag() is uint tag and not 0)
        {
            if (tag != ((1u << 3) | 2))
            {
                inner.SkipLastField();
                continue;
            }
            var entry = new CodedInputStream(inner.ReadBytes().ToByteArray());
            Assert.Equal((1u << 3) | 2, entry.ReadTag());
            string key = entry.ReadString();
            Assert.Equal((2u << 3) | 2, entry.ReadTag());
            var value = Google.Protobuf.WellKnownTypes.Value.Parser.ParseFrom(entry.ReadBytes());
            if (value.KindCase == Google.Protobuf.WellKnownTypes.Value.KindOneofCase.NumberValue)
                numbers[key] = value.NumberValue;
        }
        return numbers;
    }
}
