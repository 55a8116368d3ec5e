using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data.Sources;

public enum ImageChannels
{
    /// <summary>One channel if every picture is gray, else three.</summary>
    Auto,
    Gray,
    Rgb,
}

/// <summary>Height and width: <c>32</c> for a square, or <c>[24, 32]</c>.</summary>
public sealed record ImageSize(int Height, int Width) : IConfigValue<ImageSize>
{
    private const int Most = 8192;

    public static string Expected => $"a side in pixels up to {Most}, or [height, width]";

    public static ImageSize? Read(YamlNode node) => node switch
    {
        YamlScalar scalar when Side(scalar) is int side => new ImageSize(side, side),
        YamlSequence { Items: [var height, var width] } when Side(height) is int h && Side(width) is int w => new ImageSize(h, w),
        _ => null,
    };

    private static int? Side(YamlNode node) =>
        node is YamlScalar { Quoted: false } s && ScalarBinder.TryWhole(s.Value, out long side) && side is > 0 and <= Most ? (int)side : null;
}

/// <summary>The size that all pictures are resized to, and how: <c>32</c>, or <c>{size: [24, 32], method: crop}</c>.</summary>
public sealed record ResizeConfig
{
    /// <summary>Side of a square, or [height, width].</summary>
    [Shorthand]
    public required ImageSize Size { get; init; }

    /// <summary>
    /// For pictures of another aspect ratio: stretch keeps the whole picture but changes its ratio, crop cuts the longer side at both ends, pad adds borders in
    /// the background colour.
    /// </summary>
    public ResizeMethod Method { get; init; }
}

/// <summary>
/// A folder with one folder of pictures per class: JPEG, PNG, WebP, GIF (its first frame) or BMP, rotated according to their EXIF data. Every
/// folder with pictures in it is a class, named by its path: <c>animals/cat</c>. Classes and pictures are sorted by code points,
/// so that they have the same labels and order on every machine. Folders train, val (or valid, validation) and test are the
/// splits. Other files are left out and counted.
/// </summary>
public sealed record ImagesConfig : DatasetConfig
{
    [Shorthand]
    public required string Path { get; init => field = Require.NotEmpty(value); }

    /// <summary>Folder of the test set, with folders of the same classes.</summary>
    public string? Test { get; init; }

    /// <summary>
    /// Table of file names and labels, instead of one folder per class: one class, several labels separated by 'label-delim', or a column of 1 and 0 per
    /// label. File names may be with or without folder and extension.
    /// </summary>
    [DefaultText("none: folders are classes")]
    public string? Labels { get; init; }

    /// <summary>Delimiter between several labels of a picture in the table of 'labels', e.g. ";".</summary>
    [DefaultText("none: a picture has one class")]
    public string? LabelDelim { get; init => field = value is null ? null : Require.NotEmpty(value); }

    /// <summary>Allow several labels per picture: the same file name in several class folders, or several rows in the table of 'labels'.</summary>
    public bool MultiLabel { get; init; }

    /// <summary>Size that all pictures are resized to; without it they must already have the same size.</summary>
    [DefaultText("none: all must have the same size")]
    public ResizeConfig? Resize { get; init; }

    /// <summary>One channel or three; auto: one if every picture is gray.</summary>
    public ImageChannels Channels { get; init; }

    /// <summary>
    /// Folder of the masks, pictures of the same names whose pixel values are classes, preferably PNG; or a path with {name} for a picture's
    /// name without its extension, below the folder of the pictures: "{name}_mask.png". Folders of the pictures are then not classes.
    /// </summary>
    [DefaultText("none; `masks` beside `images` where the folder holds these two")]
    public string? Masks { get; init; }

    /// <summary>Folder or pattern of the test set's masks.</summary>
    [DefaultText("the masks' pattern, or `masks` beside `images`")]
    public string? TestMasks { get; init; }

    /// <summary>For blurred masks of two classes: pixels from this gray value upwards are class 1.</summary>
    [DefaultText("each value is a class")]
    public int? MaskThreshold { get; init => field = value is int v ? Require.Between(v, 1, 255) : null; }

    /// <summary>Colour behind transparent areas and in the borders of padded pictures.</summary>
    public Background Background { get; init; }

    internal override bool MayHaveValidation => true;

    internal override ReadingOptions Reading => new()
    {
        ArePictures = true,
        Resizes = Resize is not null,
        MaskThreshold = MaskThreshold,
        Labelling = Labels is null && !MultiLabel ? null : new PictureLabelling(Labels, LabelDelim, MultiLabel),
        Table = new CsvOptions { LabelDelim = LabelDelim },
        Pictures = new PictureLayout(new Shape(1, 1, 1), 8) { Method = Resize?.Method ?? ResizeMethod.Stretch, Background = Background },
    };

    public override DataSet Load(DataContext context)
    {
        string folder = DataFile.Resolve(context, Path, folder: true);
        if (Masks is not null || PairedFolders.Of(folder) is not null)
            return Segmented(folder, new PictureParts(folder, null, Test is null ? null : DataFile.Resolve(context, Test, folder: true)), context);
        if (PairedParts(folder) is { } paired)
            return Segmented(folder, paired, context);
        if (MaskThreshold is not null || TestMasks is not null)
            throw ConfigException.At(Source, "images has settings of masks and no 'masks'; expected the folder of the masks, or folders 'images' and 'masks'");
        if (LabelDelim is not null && Labels is null)
            throw ConfigException.At(Source, "images has 'label-delim' without 'labels'; expected the table of the pictures' labels");
        PictureParts parts = Parts(folder, context);
        if (Reading.Labelling is { } labelling)
            return Labelled(folder, parts, labelling, context);
        PictureFolder?[] found = [.. new[] { parts.Train, parts.Validation, parts.Test }.Select(p => p is null ? null : PictureFolder.Scan(p, Root(p, folder)))];
        string[] classes = context.Fitted?.ClassNames is { } known ? [.. known] : found[0]!.Classes;
        if (found[0]!.Classes is [""])
            throw DataFault.In(parts.Train, "pictures and no folders", "a folder of pictures for each class");
        PictureSurvey survey = PictureSurvey.Of([.. found.OfType<PictureFolder>().SelectMany(f => f.Pictures)], Resize, Channels, context.Fitted?.Shape.Shape, context.Progress);
        SampleSet?[] sets = Samples([.. found.Select(f => f?.Pictures)], classes, survey, context);
        DataSet data = ArraySamples.DataSet(sets[0]!, sets[2], parts.Test ?? folder, $"pictures in {folder}", classes, sets[1]);
        return data with { Notes = [.. found.Select(f => f?.Note).OfType<string>()] };
    }

    // Pictures with labels from a table, or in several folders.
    private DataSet Labelled(string folder, PictureParts parts, PictureLabelling labelling, DataContext context)
    {
        string? table = labelling.Table is null ? null : DataFile.Resolve(context, labelling.Table);
        (string, PictureFolder)?[] folders = [.. new[] { parts.Train, parts.Validation, parts.Test }.Select(p => p is null ? ((string, PictureFolder)?)null : (p, PictureFolder.Scan(p, Root(p, folder))))];
        LabelledPictures?[] found = LabelledPictures.Of(folders, folder, labelling, table);
        bool tags = found[0]!.AreTags;
        IReadOnlyList<string> names = context.Fitted?.AnswerNames ?? TagTexts.Sorted([.. found[0]!.Labels.SelectMany(l => l).Distinct(StringComparer.Ordinal)]);
        if (names.Count is 0 or > TagTexts.MostTags)
            throw DataFault.In(table ?? folder, names.Count == 0 ? "no label of any picture" : $"{names.Count} different labels", $"1 to {TagTexts.MostTags}");
        PictureSurvey survey = PictureSurvey.Of([.. found.OfType<LabelledPictures>().SelectMany(f => f.Files)], Resize, Channels, context.Fitted?.Shape.Shape, context.Progress);
        SampleSet?[] sets = [.. Samples([.. found.Select(f => f?.Files)], null, survey, context).Zip(found, (set, f) => f?.Answered(set!, names))];
        DataSet data = ArraySamples.DataSet(sets[0]!, sets[2], parts.Test ?? folder, $"pictures in {folder}", tags ? null : names, sets[1]);
        return data with { TargetNames = tags ? names : null, Notes = [.. found.OfType<LabelledPictures>().SelectMany(f => f.NotesFor(table ?? folder, names))] };
    }

    /// <summary>The splits of a folder if each holds pictures and masks; null otherwise.</summary>
    internal static PictureParts? PairedParts(string folder) => PictureParts.Of(folder) is { } parts && PairedFolders.Of(parts.Train) is not null ? parts : null;

    // Pictures with a mask each, in any folders.
    private DataSet Segmented(string folder, PictureParts parts, DataContext context)
    {
        MaskFolder?[] masks = [.. new[] { parts.Train, parts.Validation, parts.Test }.Select(part =>
            part is null ? null : PairedFolders.Masks(part, part == parts.Train ? Masks : TestMasks ?? Pattern, context, this))];
        PictureFolder?[] pictures = [.. masks.Select(m => m is null ? null : PictureFolder.Scan(m.Pictures, m.Pictures))];
        IReadOnlyList<PictureFile>[] files = [.. masks.Zip(pictures, (m, p) => m is null ? [] : m.Of(p!))];
        PictureSurvey survey = PictureSurvey.Of([.. files.SelectMany(f => f)], Resize, Channels, context.Fitted?.Shape.Shape, context.Progress);
        PictureLayout layout = LayoutOf(survey);
        MaskValues values = context.Fitted?.ClassNames is { } known ? MaskValues.Named(known, masks[0]!.Masks) : masks[0]!.Values([.. files[0].Select(p => p.Path)]);
        SampleSet?[] sets = [.. Samples([.. masks.Zip(files, (m, found) => m is null ? null : found)], null, survey, context).Select((set, part) => set is null ? null : set with
        {
            Mask = masks[part]!.Read([.. files[part].Select(p => p.Path)], values, layout),
            AnswerShape = new Shape(layout.Shape[1], layout.Shape[2]),
        })];
        DataSet data = ArraySamples.DataSet(sets[0]!, sets[2], parts.Test ?? folder, $"pictures in {folder} with masks", values.Names, sets[1]);
        return data with { Notes = [values.Note, .. pictures.Select(p => p?.Note).OfType<string>()] };
    }

    private PictureLayout LayoutOf(PictureSurvey survey) => Reading.Pictures with { Shape = survey.Shape, Bits = survey.Bits };

    // The pictures of each split, in the order of the survey; null for a missing split.
    private SampleSet?[] Samples(IReadOnlyList<PictureFile>?[] parts, string[]? classes, PictureSurvey survey, DataContext context)
    {
        bool inMemory = context.Cache.IsInMemory(survey.Bytes);
        int first = 0;
        var sets = new SampleSet?[parts.Length];
        for (int part = 0; part < parts.Length; part++)
        {
            if (parts[part] is not { } files)
                continue;
            sets[part] = new PictureSet(files, classes, LayoutOf(survey), survey.Hashes.AsMemory(first, files.Count)).Samples(inMemory, context.Progress);
            first += files.Count;
        }
        return sets;
    }

    // A pattern locates the masks of any folder.
    private string? Pattern => Masks?.Contains(MaskFolder.Name, StringComparison.Ordinal) == true ? Masks : null;

    private PictureParts Parts(string folder, DataContext context)
    {
        PictureParts? parts = PictureParts.Of(folder);
        if (Test is null)
            return parts ?? new PictureParts(folder, null, null);
        return parts?.Test is null
            ? (parts ?? new PictureParts(folder, null, null)) with { Test = DataFile.Resolve(context, Test, folder: true) }
            : throw ConfigException.At(Source, $"images has 'test: {Test}', and {folder} has a folder for the test; expected one of the two");
    }

    // Links may lead from one split to another, but not out of the data.
    private static string Root(string part, string folder) => part.StartsWith(folder + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal) ? folder : part;
}
