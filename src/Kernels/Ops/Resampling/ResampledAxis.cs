namespace GpuGrad.Kernels.Ops.Resampling;

/// <summary>Interpolation of one axis from an axis of another length.</summary>
public enum Interpolation
{
    /// <summary>The position under the new one: ⌊d·H/P⌋.</summary>
    Nearest,

    /// <summary>The two positions around (d + ½)·H/P - ½, weighted by nearness; beyond the border, the border itself.</summary>
    Bilinear,
}

/// <summary>
/// One axis in integer arithmetic: which positions a new one reads, and which new ones read an old one. With H/P reduced to h/p the position
/// ((2d + 1)h - p) / 2p is exact, so that a kernel and the CPU never disagree about a neighbour.
/// </summary>
/// <param name="In">Length of the old axis.</param>
/// <param name="Out">Length of the new axis.</param>
/// <param name="Step">h: the old length over the greatest common divisor of both.</param>
/// <param name="Unit">p: the new length over it.</param>
/// <param name="Linear">1 for the two neighbours, 0 for the nearest.</param>
internal readonly record struct ResampledAxis(int In, int Out, int Step, int Unit, int Linear)
{
    public static ResampledAxis Of(int length, int result, Interpolation mode)
    {
        (int a, int b) = (length, result);
        while (b != 0)
            (a, b) = (b, a % b);
        return new ResampledAxis(length, result, length / a, result / a, mode == Interpolation.Bilinear ? 1 : 0);
    }

    /// <summary>Whether every position fits in 32 bits.</summary>
    public bool Fits => ((2L * Out) + 3) * Step <= int.MaxValue && ((2L * In) + 3) * Unit <= int.MaxValue;

    /// <summary>The first position that the new position d reads.</summary>
    public int Place(int d) => Linear != 0 ? Position(d) / (2 * Unit) : d * Step / Unit;

    /// <summary>The second one; the same at the border, and for nearest.</summary>
    public int Next(int place) => Linear != 0 && place < In - 1 ? place + 1 : place;

    /// <summary>The weight of the second position.</summary>
    public float Share(int d) => Linear != 0 ? (float)(Position(d) % (2 * Unit)) / (2 * Unit) : 0f;

    /// <summary>The first new position that reads the old position h.</summary>
    public int First(int h)
    {
        if (Linear == 0)
            return Over(h * Unit);
        return h == 0 ? 0 : Over(((2 * h) - 1) * Unit) / 2;
    }

    /// <summary>One past the last new position that reads h.</summary>
    public int End(int h) => Linear == 0 ? Over((h + 1) * Unit) : Math.Min(Out, Over(((2 * h) + 3) * Unit) / 2);

    /// <summary>Weight of the old position h in the new position d.</summary>
    public float Weight(int d, int h)
    {
        if (Linear == 0)
            return 1f;
        int place = Place(d);
        float share = Share(d);
        return place != h ? share : Next(place) == h ? 1f : 1f - share;
    }

    private int Position(int d)
    {
        int position = (((2 * d) + 1) * Step) - Unit;
        return position > 0 ? position : 0;
    }

    private int Over(int dividend) => (dividend + Step - 1) / Step;
}
