using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Preview;

internal readonly record struct Colour(byte R, byte G, byte B)
{
    public static Colour White { get; } = new(255, 255, 255);

    public static Colour Ink { get; } = new(40, 40, 40);

    public static Colour Line { get; } = new(200, 200, 200);

    // Okabe and Ito's colours first: distinguishable with colour blindness.
    private static readonly Colour[] Palette =
    [
        new(0, 114, 178), new(230, 159, 0), new(0, 158, 115), new(204, 121, 167), new(213, 94, 0),
        new(86, 180, 233), new(120, 94, 60), new(240, 228, 66), new(90, 90, 90), new(60, 20, 120),
    ];

    public static Colour OfClass(int label) => Palette[label % Palette.Length];
}

/// <summary>A picture to draw on.</summary>
internal sealed class Canvas
{
    private readonly byte[] pixels;

    public Canvas(int width, int height)
    {
        (Width, Height) = (width, height);
        pixels = new byte[checked(width * height * 3)];
        Array.Fill(pixels, (byte)255);
    }

    public int Width { get; }

    public int Height { get; }

    public byte[] ToPng() => PngWriter.Write(new Picture(Width, Height, 3, pixels));

    public void Set(int x, int y, Colour colour)
    {
        if (x < 0 || x >= Width || y < 0 || y >= Height)
            return;
        int at = ((y * Width) + x) * 3;
        (pixels[at], pixels[at + 1], pixels[at + 2]) = (colour.R, colour.G, colour.B);
    }

    public void Fill(int x, int y, int width, int height, Colour colour)
    {
        for (int j = y; j < y + height; j++)
        {
            for (int i = x; i < x + width; i++)
                Set(i, j, colour);
        }
    }

    public void Frame(int x, int y, int width, int height, Colour colour)
    {
        Fill(x, y, width, 1, colour);
        Fill(x, y + height - 1, width, 1, colour);
        Fill(x, y, 1, height, colour);
        Fill(x + width - 1, y, 1, height, colour);
    }

    /// <summary>A filled circle of 5 pixels.</summary>
    public void Dot(int x, int y, Colour colour)
    {
        Fill(x - 2, y - 1, 5, 3, colour);
        Fill(x - 1, y - 2, 3, 5, colour);
    }

    /// <summary>One line of text, clipped to the width.</summary>
    public void Text(int x, int y, string text, Colour colour, int width = int.MaxValue)
    {
        foreach (char letter in Fit(text, width))
        {
            for (int j = 0; j < Font.Height; j++)
            {
                for (int i = 0; i < Font.Width; i++)
                {
                    if (Font.IsSet(letter, i, j))
                        Set(x + i, y + j, colour);
                }
            }
            x += Font.Advance;
        }
    }

    private static string Fit(string text, int width)
    {
        int most = Math.Max(1, (int)((width + 1L) / Font.Advance));
        return text.Length <= most ? text : text[..(most - 1)] + ".";
    }
}
