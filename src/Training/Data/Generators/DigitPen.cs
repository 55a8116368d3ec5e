using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using GpuGrad.Kernels.Random;

namespace GpuGrad.Training.Data.Generators;

/// <summary>
/// Draws one digit: chooses a form, perturbs its points one by one, bends them together by a smooth field, then scales,
/// slants, rotates and moves the whole; the pen's width varies along the stroke, its edge is soft, and noise is added to the
/// picture. Only basic arithmetic and square roots are used, so that the bytes are the same everywhere.
/// </summary>
internal sealed class DigitPen
{
    public const int Side = 28;

    // Row length of the ink: a multiple of four, with room for a group of four that starts at the last pixel.
    private const int Stride = 32;

    private const int Steps = 10;
    private const double Size = 21, Middle = (Side - 1) / 2.0;

    private readonly RandomStream random;
    private readonly double amount;
    private readonly double[] ink = new double[Side * Stride];
    private readonly double[] bend = new double[18];
    private readonly double widthX, widthY, slant, sin, cos, moveX, moveY, radius, edge, swell;

    /// <param name="random">Random numbers for this digit.</param>
    /// <param name="amount">Strength of the distortion: 0 for print, 1 is usual.</param>
    public DigitPen(RandomStream random, double amount)
    {
        this.random = random;
        this.amount = amount;
        widthX = 0.95 + Spread(0.20);
        widthY = 1 + Spread(0.13);
        slant = 0.06 + Spread(0.3);
        (sin, cos) = Exact.Turn(Spread(15.0 / 360));
        moveX = Spread(3);
        moveY = Spread(2.5);
        radius = 1.25 + Spread(0.55);
        edge = 0.75 + Spread(0.25);
        swell = Spread(0.3);
        for (int i = 0; i < bend.Length; i++)
            bend[i] = Spread(0.07);
    }

    public void Draw(int digit, Span<byte> target)
    {
        foreach (PenPoint[] stroke in DigitStrokes.Form(digit, random.NextInt(DigitStrokes.FormsOf(digit))))
            Draw(stroke);
        double strength = 255 * (0.86 + Spread(0.14)), noise = Math.Abs(Spread(30));
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
                target[(y * Side) + x] = (byte)Math.Clamp(Math.Floor((strength * ink[(y * Stride) + x]) + (noise * Exact.QuickNormal(random)) + 0.5), 0, 255);
        }
    }

    // A smooth curve through the perturbed points (Catmull-Rom spline), as short straight pieces.
    private void Draw(PenPoint[] stroke)
    {
        PenPoint[] points = Array.ConvertAll(stroke, p => Place(new PenPoint(p.X + Spread(0.035), p.Y + Spread(0.035))));
        PenPoint from = points[0];
        for (int i = 0; i + 1 < points.Length; i++)
        {
            PenPoint before = points[Math.Max(0, i - 1)], a = points[i], b = points[i + 1], after = points[Math.Min(points.Length - 1, i + 2)];
            for (int step = 1; step <= Steps; step++)
            {
                double t = (double)step / Steps, along = (i + t) / (points.Length - 1);
                var to = new PenPoint(Spline(before.X, a.X, b.X, after.X, t), Spline(before.Y, a.Y, b.Y, after.Y, t));
                Piece(from, to, radius * (1 + (swell * ((2 * along) - 1))));
                from = to;
            }
        }
    }

    private static double Spline(double before, double a, double b, double after, double t) =>
        0.5 * ((2 * a) + (t * (b - before + (t * ((2 * before) - (5 * a) + (4 * b) - after + (t * ((3 * (a - b)) + after - before)))))));

    // Maps the unit square to pixels.
    private PenPoint Place(PenPoint p)
    {
        (double bendX, double bendY) = (Bend(p, 0), Bend(p, 9));
        double x = (p.X + bendX - 0.5) * widthX, y = (p.Y + bendY - 0.5) * widthY;
        x -= slant * y;
        return new PenPoint(Middle + moveX + (Size * ((x * cos) - (y * sin))), Middle + moveY + (Size * ((x * sin) + (y * cos))));
    }

    // A displacement given at 3 × 3 points with linear interpolation.
    private double Bend(PenPoint p, int first)
    {
        double x = Math.Clamp(2 * p.X, 0, 1.999), y = Math.Clamp(2 * p.Y, 0, 1.999);
        (int left, int top) = ((int)x, (int)y);
        (x, y) = (x - left, y - top);
        int at = first + (3 * top) + left;
        return ((1 - y) * (((1 - x) * bend[at]) + (x * bend[at + 1]))) + (y * (((1 - x) * bend[at + 3]) + (x * bend[at + 4])));
    }

    // Ink decreases from full to none over the edge, by the distance from the piece. Four pixels at a time, each with the same operations
    // and so the same bits as one alone; those out of reach get no ink.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Piece(PenPoint a, PenPoint b, double width)
    {
        double reach = width + edge, dx = b.X - a.X, dy = b.Y - a.Y, length = (dx * dx) + (dy * dy);
        int left = Math.Max(0, (int)Math.Ceiling(Math.Min(a.X, b.X) - reach)), right = Math.Min(Side - 1, (int)Math.Floor(Math.Max(a.X, b.X) + reach));
        int top = Math.Max(0, (int)Math.Ceiling(Math.Min(a.Y, b.Y) - reach)), bottom = Math.Min(Side - 1, (int)Math.Floor(Math.Max(a.Y, b.Y) + reach));
        Vector256<double> zero = Vector256<double>.Zero, one = Vector256.Create(1.0), two = Vector256.Create(2.0), three = Vector256.Create(3.0);
        Vector256<double> dxs = Vector256.Create(dx), dys = Vector256.Create(dy), lengths = Vector256.Create(length);
        Vector256<double> reaches = Vector256.Create(reach), edges = Vector256.Create(2 * edge);
        for (int y = top; y <= bottom; y++)
        {
            Vector256<double> fromY = Vector256.Create(y - a.Y);
            for (int x = left; x <= right; x += Vector256<double>.Count)
            {
                Vector256<double> fromX = Vector256.Create((double)x, x + 1, x + 2, x + 3) - Vector256.Create(a.X);
                Vector256<double> along = length > 0 ? Vector256.Min(Vector256.Max(((fromX * dxs) + (fromY * dys)) / lengths, zero), one) : zero;
                Vector256<double> offX = fromX - (along * dxs), offY = fromY - (along * dys);
                Vector256<double> depth = (reaches - Vector256.Sqrt((offX * offX) + (offY * offY))) / edges;
                Vector256<double> t = Vector256.Min(Vector256.Max(depth, zero), one), smooth = t * t * (three - (two * t));
                ref double at = ref ink[(y * Stride) + x];
                Vector256.Max(Vector256.LoadUnsafe(ref at), smooth).StoreUnsafe(ref at);
            }
        }
    }

    private double Spread(double most) => amount * random.NextUniform(-most, most);
}
