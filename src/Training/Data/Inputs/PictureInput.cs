using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Data.Inputs;

/// <summary>Reads pictures for a trained network, resized if its training data were.</summary>
internal static class PictureInput
{
    private const string Folders = "a folder";

    public static SampleSet One(byte[] file, string name, FittedInput fitted, ReadingOptions options)
    {
        PictureLayout layout = Layout(name, "a picture", fitted, options);
        Shape shape = layout.Shape;
        DecodedPicture picture = PictureReader.Decode(file, name);
        Require(name, picture.Header, shape, options);
        var samples = new SampleSet { Shape = shape, Count = 1, Places = new SamplePlaces(name) { Files = [name] } };
        if (layout.Bits == 8)
        {
            var planes = new byte[shape.Count];
            layout.Place(picture, planes);
            return samples with { Bytes = planes };
        }
        var numbers = new double[shape.Count];
        layout.Place(picture, numbers);
        return samples.WithNumbers(numbers);
    }

    /// <summary>Pictures in a folder, or in one folder per class.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="fitted">Fitted in training.</param>
    /// <param name="options">Settings of the config.</param>
    /// <param name="cache">Where samples are kept.</param>
    /// <param name="answers">Whether the folders are classes.</param>
    /// <param name="note">Receives what was left out.</param>
    public static SampleSet Folder(string folder, FittedInput fitted, ReadingOptions options, SampleCache cache, bool answers, Action<string>? note)
    {
        PictureLayout layout = Layout(folder, Folders, fitted, options);
        if (answers && fitted.Shape is { Classes: > 0, Answer: not null })
            return Masked(folder, fitted, options, cache, layout);
        if (answers && options.Labelling is { } labelling)
            return Labelled(folder, fitted, options, labelling, cache, layout, note);
        PictureFolder found = PictureFolder.Scan(folder, folder);
        if (answers && (found.Classes is [""] || fitted.ClassNames is null))
            throw DataFault.In(folder, "no folders", "a folder of pictures for each class");
        if (found.Note is not null)
            note?.Invoke(found.Note);
        if (!options.Resizes)
            Concurrently.For(found.Pictures.Count, i => Require(found.Pictures[i].Path, PictureReader.Header(PictureReader.Bytes(found.Pictures[i].Path), found.Pictures[i].Path), layout.Shape, options));
        long bytes = checked(found.Pictures.Count * layout.Shape.Length * (layout.Bits == 8 ? 1 : sizeof(float)));
        return new PictureSet(found.Pictures, answers ? [.. fitted.ClassNames!] : null, layout, default).Samples(cache.IsInMemory(bytes), progress: null);
    }

    // Pictures with labels from a table with the name of the training data's, in the folder or beside it, or pictures in several folders.
    private static SampleSet Labelled(string folder, FittedInput fitted, ReadingOptions options, PictureLabelling labelling, SampleCache cache, PictureLayout layout, Action<string>? note)
    {
        string? table = labelling.Table is null ? null : Path.GetFileName(labelling.Table);
        string full = Path.GetFullPath(folder);
        string? found = table is null ? null : new[] { full, Path.GetDirectoryName(full.TrimEnd(Path.DirectorySeparatorChar)) ?? full }.Select(f => Path.Combine(f, table)).FirstOrDefault(File.Exists)
            ?? throw DataFault.In(folder, $"no table {DataFault.Quote(table)} in it or beside it", "the names and labels of its pictures, as in training");
        IReadOnlyList<string> names = fitted.AnswerNames ?? throw DataFault.In(folder, "pictures with labels", "a network that was trained on such");
        LabelledPictures pictures = LabelledPictures.Of([(full, PictureFolder.Scan(full, full))], full, labelling, found)[0]!;
        foreach (string line in pictures.NotesFor(folder, names))
            note?.Invoke(line);
        if (!options.Resizes)
            Concurrently.For(pictures.Files.Count, i => Require(pictures.Files[i].Path, PictureReader.Header(PictureReader.Bytes(pictures.Files[i].Path), pictures.Files[i].Path), layout.Shape, options));
        long bytes = checked(pictures.Files.Count * layout.Shape.Length * (layout.Bits == 8 ? 1 : sizeof(float)));
        return pictures.Answered(new PictureSet(pictures.Files, null, layout, default).Samples(cache.IsInMemory(bytes), progress: null), names);
    }

    // A folder with subfolders of pictures and of masks.
    private static SampleSet Masked(string folder, FittedInput fitted, ReadingOptions options, SampleCache cache, PictureLayout layout)
    {
        (string images, string maskFolder) = PairedFolders.Of(folder) ?? throw DataFault.In(folder, "no folders of pictures and masks", "folders 'images' and 'masks' in it");
        var masks = new MaskFolder(images, maskFolder) { Threshold = options.MaskThreshold, Ignored = options.IgnoreIndex };
        IReadOnlyList<PictureFile> files = PictureFolder.Scan(images, images).Pictures;
        if (!options.Resizes)
            Concurrently.For(files.Count, i => Require(files[i].Path, PictureReader.Header(PictureReader.Bytes(files[i].Path), files[i].Path), layout.Shape, options));
        MaskValues values = MaskValues.Named(fitted.ClassNames ?? [], maskFolder);
        long bytes = checked(files.Count * layout.Shape.Length * (layout.Bits == 8 ? 1 : sizeof(float)));
        return new PictureSet(files, null, layout, default).Samples(cache.IsInMemory(bytes), progress: null) with
        {
            Mask = masks.Read([.. files.Select(f => f.Path)], values, layout),
            AnswerShape = fitted.Shape.Answer,
        };
    }

    private static PictureLayout Layout(string name, string found, FittedInput fitted, ReadingOptions options)
    {
        Shape shape = fitted.Shape.Shape;
        if (shape.Rank != 3 || shape[0] is not (1 or 3))
            throw DataFault.In(name, found, $"{(found == Folders ? "a file of " : "")}samples {fitted.Sizes}, as the network was trained on");
        // Columns of a table may be pixels; an array of floats is scaled pixels; pictures that were not bytes had 16 bits.
        if (fitted.Bytes == false && !options.IsTable && !options.ArePictures)
            throw DataFault.In(name, $"{found}{(found == Folders ? " of pictures" : "")}, bytes from 0 to 255", "an array of numbers as the network was trained on, or they would be scaled differently");
        return options.Pictures with { Shape = shape, Bits = fitted.Bytes == false && options.ArePictures ? 16 : 8 };
    }

    private static void Require(string name, PictureHeader header, Shape shape, ReadingOptions options)
    {
        if (!options.Resizes && (header.Height != shape[1] || header.Width != shape[2]))
            throw DataFault.In(name, $"a picture of {header.Width} × {header.Height} pixels", $"{shape[2]} × {shape[1]} as in training, which scaled none ('resize' in the config does)");
    }
}
