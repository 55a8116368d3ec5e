using GpuGrad.Kernels.Files;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;
using GpuGrad.Training.Data.Tables;
using GpuGrad.Training.Data.Texts;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>
/// Reads files for a trained network as its training data were read: with the settings of the config and what training
/// fitted (<see cref="FittedInput"/>). Samples come out raw; they are scaled when a batch is made.
/// </summary>
public sealed class InputPipeline
{
    /// <summary>The path that means standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>Its name in messages.</summary>
    public const string StandardInputName = "standard input";

    private const int MostFromStandardInput = 1 << 28;

    private readonly FittedInput fitted;
    private readonly ReadingOptions options;
    private readonly IdRange? ids;
    private readonly SampleCache cache;
    private readonly bool itself;
    private readonly int? ignored;
    private readonly Action<string>? note;
    private MemoryStream? standardInput; // it can be read only once

    /// <param name="config">The experiment.</param>
    /// <param name="fitted">Fitted in training.</param>
    /// <param name="note">Receives notes about input that is valid but may not be intended.</param>
    public InputPipeline(Config.RunConfig config, FittedInput fitted, Action<string>? note = null)
    {
        this.fitted = fitted;
        this.note = note;
        cache = config.Data.Cache;
        options = (config.Data.Dataset?.Reading ?? new ReadingOptions()) with { IgnoreIndex = config.Loss.Ignored, Batch = config.Data.Batch };
        ids = IdRange.Of(config, fitted.Shape.Shape);
        itself = config.Data.Target == TargetKind.Input;
        ignored = config.Loss.Ignored;
    }

    private InputPipeline(InputPipeline other, Action<string> note)
    {
        (fitted, options, ids, cache, itself, ignored) = (other.fitted, other.options, other.ids, other.cache, other.itself, other.ignored);
        this.note = note;
    }

    /// <summary>The same pipeline with another receiver of notes. Several may be used concurrently.</summary>
    public InputPipeline Telling(Action<string> note) => new(this, note);

    /// <summary>Reads a table, arrays, pictures or a folder of pictures.</summary>
    /// <param name="path">The file; <c>-</c> for standard input.</param>
    /// <param name="answers">Whether labels or targets are needed; otherwise they are not read, but may be there.</param>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: the file is broken, or its samples don't match those in training.</exception>
    public SampleSet Read(string path, bool answers = false)
    {
        SampleSet samples = ReadAt(path, answers && !itself);
        if (answers && itself)
            samples = samples.WithoutAnswers() with { TargetIsInput = true, TargetSize = fitted.Shape.Targets, AnswerShape = fitted.Shape.Answer };
        if (answers && !samples.HasAnswers)
            throw DataFault.In(path == StandardInput ? StandardInputName : path, "no labels or targets", "a table, an archive with x and y, or a folder with a folder of pictures for each class");
        return Finished(samples);
    }

    /// <summary>Reads a picture's file.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="name">For messages.</param>
    /// <exception cref="GpuGradException">As for <see cref="Read(string, bool)"/>.</exception>
    public SampleSet ReadPicture(byte[] file, string name) => Finished(PictureInput.One(file, name, fitted, options));

    /// <summary>Reads rows: delimited text, or JSON Lines. Labels or targets may be there, but are not read.</summary>
    /// <param name="stream">A seekable stream.</param>
    /// <param name="name">Name for messages; its extension may tell the format.</param>
    /// <exception cref="GpuGradException">As for <see cref="Read(string, bool)"/>.</exception>
    public SampleSet ReadTable(Stream stream, string name) => Finished(TakesTexts ? Texts.Of(stream, name, answers: false) : Table(stream, name, answers: false));

    /// <summary>Whether samples are sentences whose tokens get tags.</summary>
    public bool TakesSentences => fitted.Text is not null && options.Tags is not null;

    /// <summary>Reads sentences, a sample each.</summary>
    /// <param name="sentences">The sentences in UTF-8, with spaces between tokens.</param>
    /// <param name="name">For messages.</param>
    /// <exception cref="GpuGradException">As for <see cref="Read(string, bool)"/>.</exception>
    public SampleSet ReadSentences(IReadOnlyList<byte[]> sentences, string name) => Finished(new TagInput(fitted, options.Tags!, note).Of(sentences, name));

    /// <summary>Whether samples are texts.</summary>
    public bool TakesTexts => fitted.Text is not null && options.Text is not null;

    /// <summary>Reads texts, one sample each.</summary>
    /// <param name="texts">Texts in UTF-8.</param>
    /// <param name="name">Name for messages.</param>
    /// <exception cref="GpuGradException">As for <see cref="Read(string, bool)"/>.</exception>
    public SampleSet ReadTexts(IReadOnlyList<byte[]> texts, string name) => Finished(Texts.Of(texts, name));

    /// <summary>Reads an array: [N, …] in each layout of files, or a single sample without N.</summary>
    /// <param name="x">The numbers.</param>
    /// <param name="name">For messages.</param>
    /// <exception cref="GpuGradException">As for <see cref="Read(string, bool)"/>.</exception>
    public SampleSet ReadArray(NumberArray x, string name) => Finished(Fit(x, name));

    /// <summary>The raw rows of a table that was read; null if it is not a table.</summary>
    /// <param name="path">The file; <c>-</c> for standard input.</param>
    /// <param name="samples">The samples read from it.</param>
    public RawTable? Raw(string path, SampleSet samples)
    {
        if (samples.Places?.Lines is not { } lines || Directory.Exists(path))
            return null;
        return path == StandardInput ? Rows(standardInput!, StandardInputName) : DataFile.Read(path, stream => Rows(stream, path));

        RawTable Rows(Stream stream, string name)
        {
            using ITableRows rows = TableRows.Open(stream, name, options.Table);
            return RawTable.Of(rows, lines, fitted.Columns);
        }
    }

    private TextInput Texts => new(fitted, options.Text!, options.Batch, note);

    private SampleSet ReadAt(string path, bool answers)
    {
        if (path == StandardInput)
            return Read(standardInput ??= FromStandardInput(), StandardInputName, answers, otherwise: SampleFile.Table);
        if (options.Series is not null)
            return OfSeries(path, answers);
        if (!Directory.Exists(path))
            return DataFile.Read(path, stream => Read(stream, path, answers));
        return TakesTexts ? Texts.Folder(path, answers) : PictureInput.Folder(path, fitted, options, cache, answers, note);
    }

    private SampleSet Finished(SampleSet samples)
    {
        if (fitted.Text is null)
            ids?.Check(samples);
        foreach (ColumnEmbedding column in fitted.Shape.Embeddings ?? [])
            column.Check(samples);
        return fitted.Bytes == true ? AsBytes(samples) : samples;
    }

    private SampleSet OfSeries(string path, bool answers)
    {
        SeriesFolder series = SeriesFolder.Read(path, null, null, answers);
        if (series.Features != fitted.Shape.Shape[^1])
            throw DataFault.In(path, $"{series.Features} columns", $"{fitted.Shape.Shape[^1]}, as the network was trained on");
        return series.ToSamples(fitted.Shape.Shape[0], answers ? fitted.ClassNames : null, note);
    }

    // Bytes are scaled by other code than numbers, with other rounding: the same sample must get the same prediction.
    private static SampleSet AsBytes(SampleSet samples)
    {
        if (samples.Reals is not float[] reals || !Array.TrueForAll(reals, v => v >= 0 && v <= byte.MaxValue && v == MathF.Floor(v)))
            return samples;
        return samples with { Reals = null, Bytes = Array.ConvertAll(reals, v => (byte)v) };
    }

    private SampleSet Read(Stream stream, string name, bool answers, SampleFile? otherwise = null)
    {
        if (fitted.Text is not null && options.Tags is { } tags)
            return new TagInput(fitted, tags, note).Of(stream, name, answers);
        if (TakesTexts)
            return Texts.Of(stream, name, answers);
        return SampleFiles.Of(stream, name, options, otherwise) switch
        {
            SampleFile.Picture => PictureInput.One(DataFile.Whole(stream, name, PictureReader.MostBytes), name, fitted, options),
            SampleFile.Npy => Fit(Npy.Read(stream, name), name),
            SampleFile.Npz => Archive(stream, name, answers),
            SampleFile.Idx => Fit(Idx.Read(stream, name), name),
            SampleFile.Cifar => Records(Cifar.Read(stream, name, options.CifarLabels == 2)),
            _ => Table(stream, name, answers),
        };
    }

    private SampleSet Table(Stream stream, string name, bool answers)
    {
        TableColumns layout = fitted.Columns ?? TableColumns.Numbers(fitted.Shape.Shape.Count);
        if (answers && fitted.Columns is null)
            throw DataFault.In(name, "a table", "a file of the kind that the network was trained on");
        CsvOptions csv = options.Table with { Layout = layout, Answers = answers, Separator = options.Table.Separator ?? CsvOptions.SeparatorOf(name) };
        CsvTable table = CsvReading.Read(stream, name, csv);
        if (answers && fitted.Shape.Classes > 0 && fitted.ClassNames is { } classes)
            table = table.WithoutFullStops(classes);
        foreach (string line in table.Notes)
            note?.Invoke(line);
        SampleSet raw = table.ToSamples(new Shape(table.Columns.Count), answers && fitted.Shape.Classes > 0 ? fitted.ClassNames : null);
        var encoder = new TableEncoder(layout);
        if (layout.Window is null)
            return encoder.Encode(raw, fitted.Shape.Shape, name, note);
        TableWindows.RequireOrder(raw);
        return new TableWindows(layout, note).Make(raw, encoder.Encode(raw, null, name, note), 0, raw.Count, answers, name);
    }

    private SampleSet Archive(Stream stream, string name, bool answers)
    {
        IReadOnlyDictionary<string, NumberArray> arrays = Npz.Read(stream, name, answers ? [options.X, options.Y] : [options.X]);
        SampleSet samples = Fit(arrays[options.X], $"{name} ('{options.X}')");
        return answers ? ArraySamples.WithAnswers(samples, arrays[options.Y], $"{name} ('{options.Y}')", fitted.Shape, ignored) : samples;
    }

    private SampleSet Fit(NumberArray x, string name)
    {
        SampleSet samples = ArrayLayout.Fit(x, name, fitted, options.ChannelsLast);
        if (fitted.Bytes == true && !samples.AreBytes && IsScaled(samples))
            note?.Invoke($"{name}: all numbers are between 0 and 1, but the training data were bytes from 0 to 255, which the network scales itself");
        return samples;
    }

    private static bool IsScaled(SampleSet samples)
    {
        IReadOnlyList<ChannelStatistics> statistics = ChannelStatistics.Of(samples);
        return statistics.All(s => s.Minimum >= 0 && s.Maximum <= 1) && statistics.Any(s => s.Mean is > 0 and < 1);
    }

    private SampleSet Records(CifarFile file)
    {
        var shape = new Shape(3, Cifar.Side, Cifar.Side);
        int[] labels = options.CoarseLabels ? file.Coarse! : file.Labels;
        return new SampleSet { Shape = shape, Count = labels.Length, Bytes = file.Pixels, Labels = labels };
    }

    // Arrays and pictures need the whole length.
    private static MemoryStream FromStandardInput()
    {
        if (!StandardDescriptor.IsInherited(StandardDescriptor.Input))
            throw DataFault.In(StandardInputName, "closed", "samples, or the name of a file instead of -");
        try
        {
            using Stream input = Console.OpenStandardInput();
            return Buffered(input);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DataFault.In(StandardInputName, e.Message, "samples, or the name of a file instead of -", e);
        }
    }

    private static MemoryStream Buffered(Stream input)
    {
        var whole = new MemoryStream();
        var piece = new byte[1 << 16];
        for (int count = input.Read(piece); count > 0; count = input.Read(piece))
        {
            whole.Write(piece, 0, count);
            if (whole.Length > MostFromStandardInput)
                throw DataFault.In(StandardInputName, $"more than {MostFromStandardInput} bytes", "less; give the name of a file");
        }
        if (whole.Length == 0)
            throw DataFault.In(StandardInputName, "no rows", "samples");
        whole.Position = 0;
        return whole;
    }
}
