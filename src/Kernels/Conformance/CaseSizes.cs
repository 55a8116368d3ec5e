using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;

namespace GpuGrad.Kernels.Conformance;

/// <summary>Sizes of test cases: first hand-picked ones, then random ones without end.</summary>
internal static class CaseSizes
{
    private const int Longest = 17;
    private const int MostElements = 700;

    /// <summary>The hand-picked size of a round, or a random one once they are used up.</summary>
    public static T At<T>(IReadOnlyList<T> chosen, int round, Func<T> draw) => round < chosen.Count ? chosen[round] : draw();

    /// <summary>A small random shape with a rank in a range.</summary>
    public static Shape Draw(RandomStream random, int lowestRank, int highestRank)
    {
        var sizes = new int[lowestRank + random.NextInt(highestRank - lowestRank + 1)];
        int left = MostElements;
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            sizes[axis] = 1 + random.NextInt(Math.Min(left, Longest));
            left /= sizes[axis];
        }
        return new Shape(sizes);
    }

    /// <summary>A random size from 1 to <paramref name="most"/>.</summary>
    public static int Draw(RandomStream random, int most) => 1 + random.NextInt(most);
}
