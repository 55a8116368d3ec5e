using ILGPU;

namespace GpuGrad.Kernels.Ops.Attention;

/// <summary>Addressing of the rows that a thread reads and writes.</summary>
internal static partial class AttentionKernels
{
    /// <summary>The rows of a head: offset of the first, stride, number, width.</summary>
    private readonly struct Source(int begin, int row, int length, int width)
    {
        public readonly int Begin = begin, Row = row, Length = length, Width = width;

        public Source At(int offset) => new(Begin + offset, Row, Length, Width);
    }

    /// <summary>The elements of a result's row that belong to one thread.</summary>
    private readonly struct Target(int begin, int width, int lane)
    {
        public readonly int Lane = lane;

        public Target At(int offset) => new(begin + offset, width, Lane);

        public void Clear(ArrayView<float> into) => Scale(into, 0f);

        // A factor of 0 clears, whatever was there.
        public void Scale(ArrayView<float> into, float factor)
        {
            for (int d = Lane; d < width; d += Lanes)
                into[begin + d] = factor == 0f ? 0f : into[begin + d] * factor;
        }

        public void Add(ArrayView<float> into, int d, float value, float shrink)
        {
            if (d + Lane < width)
                into[begin + d + Lane] = (into[begin + d + Lane] * shrink) + value;
        }
    }

    /// <summary>The first of a thread's four weights; the others belong to every eighth key after it.</summary>
    private readonly struct Weights(int n, int head, int query, int key)
    {
        public readonly int N = n, Head = head, Query = query, Key = key;
    }

    private readonly struct Four(float a, float b, float c, float d)
    {
        public readonly float A = a, B = b, C = c, D = d;

        // The distance is that of the first of the four.
        public Four Receding(float slope, int distance) => new(
            A - (slope * IntrinsicMath.Abs(distance)), B - (slope * IntrinsicMath.Abs(distance - Lanes)), C - (slope * IntrinsicMath.Abs(distance - (2 * Lanes))), D - (slope * IntrinsicMath.Abs(distance - (3 * Lanes))));

        public float At(int i) => i == 0 ? A : i == 1 ? B : i == 2 ? C : D;
    }
}
