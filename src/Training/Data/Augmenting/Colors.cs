namespace GpuGrad.Training.Data.Augmenting;

/// <summary>
/// Changes of colours, for values from 0 to 255, as defined by torchvision's functional transforms. Gray is 0.2989 R + 0.587 G + 0.114 B; a
/// picture with one channel is its own gray.
/// </summary>
public static class Colors
{
    private const float Most = 255;

    /// <summary>factor·x.</summary>
    public static void Brightness(ChangingPicture picture, double factor)
    {
        foreach (ref float v in picture.Pixels)
            v = Clamp((float)factor * v);
    }

    /// <summary>factor·x + (1 - factor)·m, m the mean gray of the picture.</summary>
    public static void Contrast(ChangingPicture picture, double factor)
    {
        double sum = 0;
        for (int i = 0; i < picture.Plane; i++)
            sum += Gray(picture, i);
        float rest = (float)((1 - factor) * (sum / picture.Plane));
        foreach (ref float v in picture.Pixels)
            v = Clamp(((float)factor * v) + rest);
    }

    /// <summary>factor·x + (1 - factor)·gray, pixel by pixel.</summary>
    public static void Saturation(ChangingPicture picture, double factor)
    {
        for (int i = 0; i < picture.Plane; i++)
        {
            float rest = (float)(1 - factor) * Gray(picture, i);
            for (int at = i; at < picture.Pixels.Length; at += picture.Plane)
                picture.Pixels[at] = Clamp(((float)factor * picture.Pixels[at]) + rest);
        }
    }

    /// <summary>Rotates the hue of HSV by a fraction of the circle.</summary>
    public static void Hue(ChangingPicture picture, double turn)
    {
        Span<float> x = picture.Pixels;
        int plane = picture.Plane;
        for (int i = 0; i < plane; i++)
        {
            float r = x[i], g = x[i + plane], b = x[i + (2 * plane)];
            float value = Math.Max(r, Math.Max(g, b)), range = value - Math.Min(r, Math.Min(g, b));
            if (range <= 0)
                continue;
            double hue = value == r ? (g - b) / range : value == g ? 2 + ((b - r) / range) : 4 + ((r - g) / range);
            hue += 6 * turn;
            x[i] = Channel(5);
            x[i + plane] = Channel(3);
            x[i + (2 * plane)] = Channel(1);

            // From HSV: value - range·max(0, min(k, 4 - k, 1)), k = (n + hue) mod 6.
            float Channel(int n)
            {
                double k = n + hue;
                k -= 6 * Math.Floor(k / 6);
                return Clamp(value - (range * (float)Math.Max(0, Math.Min(Math.Min(k, 4 - k), 1))));
            }
        }
    }

    /// <summary>factor·x + (1 - factor)·smooth(x), where smooth is the mean of 3 × 3 pixels with weight 5 for the centre; the border is unchanged.</summary>
    public static void Sharpness(ChangingPicture picture, double factor)
    {
        (int height, int width) = (picture.Height, picture.Width);
        picture.Pixels.CopyTo(picture.Spare);
        for (int plane = 0; plane < picture.Pixels.Length; plane += picture.Plane)
        {
            ReadOnlySpan<float> x = picture.Pixels.Slice(plane, picture.Plane);
            Span<float> y = picture.Spare.Slice(plane, picture.Plane);
            for (int row = 1; row < height - 1; row++)
            {
                for (int column = 1; column < width - 1; column++)
                {
                    int at = (row * width) + column;
                    float sum = x[at - width - 1] + x[at - width] + x[at - width + 1] + x[at - 1] + (5 * x[at]) + x[at + 1] + x[at + width - 1] + x[at + width] + x[at + width + 1];
                    y[at] = Clamp(((float)factor * x[at]) + ((float)(1 - factor) * Round(sum / 13)));
                }
            }
        }
        picture.TakeSpare();
    }

    /// <summary>Keeps the upper bits of each value.</summary>
    public static void Posterize(ChangingPicture picture, int bits)
    {
        int mask = 0xFF << (8 - bits) & 0xFF;
        foreach (ref float v in picture.Pixels)
            v = (int)Round(v) & mask;
    }

    /// <summary>Inverts values at or above a threshold.</summary>
    public static void Solarize(ChangingPicture picture, double threshold)
    {
        foreach (ref float v in picture.Pixels)
            v = v >= threshold ? Most - v : v;
    }

    /// <summary>Stretches each channel to 0 … 255.</summary>
    public static void AutoContrast(ChangingPicture picture)
    {
        for (int plane = 0; plane < picture.Pixels.Length; plane += picture.Plane)
        {
            Span<float> x = picture.Pixels.Slice(plane, picture.Plane);
            float low = Most, high = 0;
            foreach (float v in x)
                (low, high) = (Math.Min(low, v), Math.Max(high, v));
            if (high <= low)
                continue;
            foreach (ref float v in x)
                v = Clamp((v - low) * (Most / (high - low)));
        }
    }

    /// <summary>Equalises the histogram of each channel through a table of 256 values, as Pillow's <c>ImageOps.equalize</c>.</summary>
    public static void Equalize(ChangingPicture picture)
    {
        Span<int> counts = stackalloc int[256], table = stackalloc int[256];
        for (int plane = 0; plane < picture.Pixels.Length; plane += picture.Plane)
        {
            Span<float> x = picture.Pixels.Slice(plane, picture.Plane);
            counts.Clear();
            foreach (float v in x)
                counts[(int)Round(v)]++;
            int last = counts.LastIndexOfAnyExcept(0), step = (picture.Plane - counts[last]) / 255;
            if (step == 0)
                continue;
            for (int i = 0, sum = step / 2; i < 256; sum += counts[i], i++)
                table[i] = Math.Min(255, sum / step);
            foreach (ref float v in x)
                v = table[(int)Round(v)];
        }
    }

    private static float Gray(ChangingPicture picture, int i) => picture.Channels == 1
        ? picture.Pixels[i]
        : (0.2989f * picture.Pixels[i]) + (0.587f * picture.Pixels[i + picture.Plane]) + (0.114f * picture.Pixels[i + (2 * picture.Plane)]);

    private static float Clamp(float v) => Math.Clamp(v, 0, Most);

    private static float Round(float v) => MathF.Round(v);
}
