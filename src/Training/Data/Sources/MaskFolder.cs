using System.Collections.Concurrent;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Locates and reads the masks of pictures: files of the same names in another folder, or by a pattern.</summary>
/// <param name="Pictures">Folder of the pictures.</param>
/// <param name="Masks">Folder of the masks; or a path with <c>{name}</c>, for a picture's path below its folder without extension.</param>
internal sealed record MaskFolder(string Pictures, string Masks)
{
    /// <summary>Placeholder for a picture's name in a pattern.</summary>
    public const string Name = "{name}";

    private static readonly string[] Endings = [".png", ".bmp", ".gif", ".webp", ".jpg", ".jpeg"];

    /// <summary>Gray value from which a pixel is of class 1, below it of class 0; null if each value is a class.</summary>
    public int? Threshold { get; init; }

    /// <summary>The value of ignored pixels; null for none.</summary>
    public int? Ignored { get; init; }

    /// <summary>Path of a picture's mask.</summary>
    public string Of(string picture)
    {
        string relative = Path.ChangeExtension(Path.GetRelativePath(Pictures, picture), null);
        if (Masks.Contains(Name, StringComparison.Ordinal))
        {
            string named = Masks.Replace(Name, relative, StringComparison.Ordinal);
            return File.Exists(named) ? named : throw DataFault.In(picture, "a picture without a mask", named);
        }
        string stem = Path.Combine(Masks, relative);
        return Endings.Select(e => stem + e).FirstOrDefault(File.Exists) ?? throw DataFault.In(picture, "a picture without a mask", $"{stem}.png, or 'masks' as a pattern with {Name} for its name");
    }

    /// <summary>The pictures in a folder, without the masks of others.</summary>
    public IReadOnlyList<PictureFile> Of(PictureFolder folder)
    {
        if (!Masks.Contains(Name, StringComparison.Ordinal))
            return folder.Pictures;
        HashSet<string> masks = [.. folder.Pictures.Select(p => Path.GetFullPath(Masks.Replace(Name, Path.ChangeExtension(Path.GetRelativePath(Pictures, p.Path), null), StringComparison.Ordinal)))];
        return [.. folder.Pictures.Where(p => !masks.Contains(Path.GetFullPath(p.Path)))];
    }

    /// <summary>The values that occur in the masks.</summary>
    public MaskValues Values(IReadOnlyList<string> pictures)
    {
        if (Threshold is not null)
            return new MaskValues([0, byte.MaxValue]);
        var all = new ConcurrentDictionary<int, bool>();
        Concurrently.For(pictures.Count, i =>
        {
            foreach (int value in Decode(Of(pictures[i])).Pixels.Distinct())
                all.TryAdd(value, true);
        });
        return MaskValues.Of(all.Keys, Ignored, Masks);
    }

    /// <summary>The masks as classes, in the size of the resized pictures, with nearest-neighbour sampling.</summary>
    /// <param name="pictures">The pictures' files.</param>
    /// <param name="values">Classes by value.</param>
    /// <param name="layout">How the pictures are resized.</param>
    public byte[] Read(IReadOnlyList<string> pictures, MaskValues values, PictureLayout layout)
    {
        int height = layout.Shape[1], width = layout.Shape[2], size = height * width;
        var masks = new byte[checked((long)pictures.Count * size)];
        Concurrently.For(pictures.Count, i =>
        {
            string path = Of(pictures[i]);
            (int[] pixels, int h, int w) = Decode(path);
            PictureHeader picture = PictureReader.Header(PictureReader.Bytes(pictures[i]), pictures[i]);
            if (picture.Height != h || picture.Width != w)
                throw DataFault.In(path, $"a mask of {w} × {h} pixels", $"{picture.Width} × {picture.Height} as its picture has");
            Place(path, pixels, h, w, values, ResizeFrame.Of(layout.Method, h, w, height, width), masks.AsSpan(i * size, size), width);
        });
        return masks;
    }

    private void Place(string path, int[] pixels, int height, int width, MaskValues values, ResizeFrame frame, Span<byte> mask, int toWidth)
    {
        mask.Fill(SampleSet.Ignored); // the padding
        for (int y = 0; y < frame.Height; y++)
        {
            int row = Math.Min(height - 1, (int)(frame.FromTop + ((y + 0.5) * frame.FromHeight / frame.Height)));
            for (int x = 0; x < frame.Width; x++)
            {
                int value = pixels[(row * width) + Math.Min(width - 1, (int)(frame.FromLeft + ((x + 0.5) * frame.FromWidth / frame.Width)))];
                if (value == Ignored)
                    continue;
                mask[((frame.Top + y) * toWidth) + frame.Left + x] = values.TryClass(value, out byte label) ? label
                    : throw DataFault.In(path, $"a pixel of {MaskValues.NameOf(value)}", $"one of the training masks: {DataFault.Some(values.Names)}");
            }
        }
    }

    // Gray values, or colours, which are numbers above them.
    private (int[] Pixels, int Height, int Width) Decode(string path)
    {
        DecodedPicture picture = PictureReader.Decode(PictureReader.Bytes(path), path);
        (int height, int width) = (picture.Header.Height, picture.Header.Width);
        int size = checked(height * width);
        var planes = new byte[checked(3 * size)];
        new PictureLayout(new Shape(3, height, width), 8).Place(picture, planes);
        var pixels = new int[size];
        for (int i = 0; i < size; i++)
        {
            (byte r, byte g, byte b) = (planes[i], planes[size + i], planes[(2 * size) + i]);
            pixels[i] = r == g && g == b ? r : MaskValues.Colour + ((r << 16) | (g << 8) | b);
            if (Threshold is int from && pixels[i] != Ignored)
                pixels[i] = ((299 * r) + (587 * g) + (114 * b)) / 1000 >= from ? byte.MaxValue : 0;
        }
        return (pixels, height, width);
    }
}
