using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Ops.Normalization;

/// <summary>
/// The loops shared by all normalising ops, over a run of floats. <c>S</c> is the layout of the statistics (one for the run,
/// or one per element, as for the columns of a matrix), <c>A</c> that of gamma and beta; x̂ = (x - mean)·inverse.
/// </summary>
internal static unsafe class NormLoops
{
    // Float sums of at most this many terms per lane are added up in double.
    private const int Chunk = 4096;

    /// <summary>Lanes of the widest vector.</summary>
    public const int MostLanes = 16;

    /// <summary>y = x̂·γ + β.</summary>
    public static void Normalize<S, A>(float* x, Center center, Affine affine, int count, float* y) where S : struct, ISpread where A : struct, ISpread
    {
        float one = 1, zero = 0;
        Affine known = affine.IsNone ? new Affine(&one, &zero) : affine;
        if (Simd.Is512)
            Normalize<V512, S, A>(x, center, known, count, y);
        else if (Simd.Is256)
            Normalize<V256, S, A>(x, center, known, count, y);
        else
            Normalize<V128, S, A>(x, center, known, count, y);
    }

    /// <summary>distances += x - guess and squares += (x - guess)², elementwise.</summary>
    public static void AddDistances(float* x, float* guess, int count, float* distances, float* squares)
    {
        if (Simd.Is512)
            AddDistances<V512>(x, guess, count, distances, squares);
        else if (Simd.Is256)
            AddDistances<V256>(x, guess, count, distances, squares);
        else
            AddDistances<V128>(x, guess, count, distances, squares);
    }

    /// <summary>
    /// distances += x - guess and squares += (x - guess)² for consecutive planes of some channels: one guess per
    /// channel, <see cref="MostLanes"/> sums of each kind.
    /// </summary>
    public static void AddPlaneDistances(float* x, float* guess, int planes, int inner, float* distances, float* squares)
    {
        if (Simd.Is512)
            AddPlanes<V512, Distance>(x, x, guess, planes, inner, distances, squares);
        else if (Simd.Is256)
            AddPlanes<V256, Distance>(x, x, guess, planes, inner, distances, squares);
        else
            AddPlanes<V128, Distance>(x, x, guess, planes, inner, distances, squares);
    }

    /// <summary>sums += dy and products += dy·(x - mean), in the same layout.</summary>
    public static void AddPlaneProducts(float* dy, float* x, float* mean, int planes, int inner, float* sums, float* products)
    {
        if (Simd.Is512)
            AddPlanes<V512, Gradient>(dy, x, mean, planes, inner, sums, products);
        else if (Simd.Is256)
            AddPlanes<V256, Gradient>(dy, x, mean, planes, inner, sums, products);
        else
            AddPlanes<V128, Gradient>(dy, x, mean, planes, inner, sums, products);
    }

    /// <summary>Σ γ·dy and Σ γ·dy·x̂ over a run with one mean; γ is 1 if <paramref name="gamma"/> is null.</summary>
    public static (double Sum, double Product) GradientSums<A>(float* dy, float* x, Center center, float* gamma, int count) where A : struct, ISpread
    {
        float one = 1;
        float* g = gamma is null ? &one : gamma;
        double sum = 0, product = 0;
        for (int begin = 0; begin < count; begin += Chunk)
        {
            int length = Math.Min(Chunk, count - begin);
            float* part = A.From(g, begin);
            (float s, float p) =
                Simd.Is512 ? Sums<V512, A>(dy + begin, x + begin, *center.Mean, part, length)
                : Simd.Is256 ? Sums<V256, A>(dy + begin, x + begin, *center.Mean, part, length)
                : Sums<V128, A>(dy + begin, x + begin, *center.Mean, part, length);
            sum += s;
            product += p;
        }
        return (sum, product * *center.Inverse);
    }

    /// <summary>dβ += dy and dγ += dy·x̂, elementwise.</summary>
    public static void AddToAffine<S>(float* dy, float* x, Center center, int count, Affine gradient) where S : struct, ISpread
    {
        if (Simd.Is512)
            AddToAffine<V512, S>(dy, x, center, count, gradient);
        else if (Simd.Is256)
            AddToAffine<V256, S>(dy, x, center, count, gradient);
        else
            AddToAffine<V128, S>(dy, x, center, count, gradient);
    }

    /// <summary>dx = (γ·dy - m₁ - x̂·m₂)·inverse, where m₁ and m₂ are the means of γ·dy and of γ·dy·x̂.</summary>
    public static void InputGradient<S, A>(float* dy, float* x, Center center, float* gamma, float* m1, float* m2, int count, float* dx)
        where S : struct, ISpread where A : struct, ISpread
    {
        float one = 1;
        float* g = gamma is null ? &one : gamma;
        if (Simd.Is512)
            InputGradient<V512, S, A>(dy, x, center, g, m1, m2, count, dx);
        else if (Simd.Is256)
            InputGradient<V256, S, A>(dy, x, center, g, m1, m2, count, dx);
        else
            InputGradient<V128, S, A>(dy, x, center, g, m1, m2, count, dx);
    }

    private static void AddDistances<V>(float* x, float* guess, int count, float* distances, float* squares) where V : struct, IVector<V>
    {
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
        {
            V d = V.Load(x + i) - V.Load(guess + i);
            (V.Load(distances + i) + d).Store(distances + i);
            V.Fma(d, d, V.Load(squares + i)).Store(squares + i);
        }
        for (; i < count; i++)
        {
            float d = x[i] - guess[i];
            distances[i] += d;
            squares[i] += d * d;
        }
    }

    private static void AddPlanes<V, T>(float* terms, float* x, float* centers, int planes, int inner, float* sums, float* products)
        where V : struct, IVector<V> where T : struct, ITerm
    {
        for (int plane = 0; plane < planes; plane++, terms += inner, x += inner, sums += MostLanes, products += MostLanes)
        {
            V center = V.Broadcast(centers + plane), sum = V.Load(sums), product = V.Load(products);
            int i = 0;
            for (; i <= inner - V.Lanes; i += V.Lanes)
            {
                V distance = V.Load(x + i) - center, term = T.Of(V.Load(terms + i), distance);
                sum += term;
                product = V.Fma(term, distance, product);
            }
            sum.Store(sums);
            product.Store(products);
            for (int lane = 0; i < inner; i++, lane++)
            {
                float distance = x[i] - centers[plane], term = T.Of(terms[i], distance);
                sums[lane] += term;
                products[lane] += term * distance;
            }
        }
    }

    private static void Normalize<V, S, A>(float* x, Center center, Affine affine, int count, float* y)
        where V : struct, IVector<V> where S : struct, ISpread where A : struct, ISpread
    {
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
        {
            V scale = S.Load<V>(center.Inverse, i) * A.Load<V>(affine.Gamma, i);
            V.Fma(V.Load(x + i) - S.Load<V>(center.Mean, i), scale, A.Load<V>(affine.Beta, i)).Store(y + i);
        }
        for (; i < count; i++)
            y[i] = ((x[i] - S.At(center.Mean, i)) * (S.At(center.Inverse, i) * A.At(affine.Gamma, i))) + A.At(affine.Beta, i);
    }

    private static (float Sum, float Product) Sums<V, A>(float* dy, float* x, float mean, float* gamma, int count)
        where V : struct, IVector<V> where A : struct, ISpread
    {
        V center = V.Of(mean), s0 = V.Of(0), s1 = s0, p0 = s0, p1 = s0;
        int i = 0;
        for (; i <= count - (2 * V.Lanes); i += 2 * V.Lanes)
        {
            V a = V.Load(dy + i) * A.Load<V>(gamma, i);
            V b = V.Load(dy + i + V.Lanes) * A.Load<V>(gamma, i + V.Lanes);
            s0 += a;
            s1 += b;
            p0 = V.Fma(a, V.Load(x + i) - center, p0);
            p1 = V.Fma(b, V.Load(x + i + V.Lanes) - center, p1);
        }
        for (; i <= count - V.Lanes; i += V.Lanes)
        {
            V a = V.Load(dy + i) * A.Load<V>(gamma, i);
            s0 += a;
            p0 = V.Fma(a, V.Load(x + i) - center, p0);
        }
        float sum = (s0 + s1).Sum(), product = (p0 + p1).Sum();
        for (; i < count; i++)
        {
            float g = dy[i] * A.At(gamma, i);
            sum += g;
            product += g * (x[i] - mean);
        }
        return (sum, product);
    }

    private static void AddToAffine<V, S>(float* dy, float* x, Center center, int count, Affine gradient) where V : struct, IVector<V> where S : struct, ISpread
    {
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
        {
            V g = V.Load(dy + i);
            V normal = (V.Load(x + i) - S.Load<V>(center.Mean, i)) * S.Load<V>(center.Inverse, i);
            V.Fma(g, normal, V.Load(gradient.Gamma + i)).Store(gradient.Gamma + i);
            (V.Load(gradient.Beta + i) + g).Store(gradient.Beta + i);
        }
        for (; i < count; i++)
        {
            gradient.Gamma[i] += dy[i] * ((x[i] - S.At(center.Mean, i)) * S.At(center.Inverse, i));
            gradient.Beta[i] += dy[i];
        }
    }

    private static void InputGradient<V, S, A>(float* dy, float* x, Center center, float* gamma, float* m1, float* m2, int count, float* dx)
        where V : struct, IVector<V> where S : struct, ISpread where A : struct, ISpread
    {
        int i = 0;
        for (; i <= count - V.Lanes; i += V.Lanes)
        {
            V inverse = S.Load<V>(center.Inverse, i);
            V normal = (V.Load(x + i) - S.Load<V>(center.Mean, i)) * inverse;
            V g = V.Fma(V.Load(dy + i), A.Load<V>(gamma, i), -S.Load<V>(m1, i));
            ((g - (normal * S.Load<V>(m2, i))) * inverse).Store(dx + i);
        }
        for (; i < count; i++)
        {
            float inverse = S.At(center.Inverse, i);
            float normal = (x[i] - S.At(center.Mean, i)) * inverse;
            dx[i] = ((dy[i] * A.At(gamma, i)) - S.At(m1, i) - (normal * S.At(m2, i))) * inverse;
        }
    }

    // A term that is summed, and multiplied by the distance to the center.
    private interface ITerm
    {
        static abstract T Of<T>(T dy, T distance);
    }

    private readonly struct Distance : ITerm
    {
        public static T Of<T>(T dy, T distance) => distance;
    }

    private readonly struct Gradient : ITerm
    {
        public static T Of<T>(T dy, T distance) => dy;
    }
}
