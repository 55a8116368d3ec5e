using GpuGrad.Kernels.Numerics;
using ILGPU;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// Tree reductions over the threads of a group, or of each of its teams. The tree depends only on the
/// size of the team, so the bits are the same every time.
/// </summary>
internal static class GroupReduce
{
    /// <summary>The required group size, a power of two.</summary>
    public const int Threads = 128;

    /// <summary>The sum over the group, returned to every thread. All threads must call it; <paramref name="shared"/> has <see cref="Threads"/> floats.</summary>
    public static float Sum(ArrayView<float> shared, float value) => Sum(shared, Threads, value);

    /// <summary>The sum over each team, returned to every thread of it; teams without work must call it too.</summary>
    /// <param name="shared"><see cref="Threads"/> floats of shared memory.</param>
    /// <param name="team">Neighbouring threads that belong together, a power of two.</param>
    /// <param name="value">What the thread adds.</param>
    public static float Sum(ArrayView<float> shared, int team, float value)
    {
        int thread = Group.IdxX, place = thread % team;
        Group.Barrier(); // until all have read the result of an earlier reduction
        shared[thread] = value;
        Group.Barrier();
        for (int width = team / 2; width > 0; width /= 2)
        {
            if (place < width)
                shared[thread] += shared[thread + width];
            Group.Barrier();
        }
        return shared[thread - place];
    }

    /// <summary>The maximum over the group, NaN if a value is NaN; called like the sum.</summary>
    public static float Max(ArrayView<float> shared, float value) => Max(shared, Threads, value);

    /// <summary>The maximum over each team, NaN if a value is NaN; called like the sum.</summary>
    public static float Max(ArrayView<float> shared, int team, float value)
    {
        int thread = Group.IdxX, place = thread % team;
        Group.Barrier();
        shared[thread] = value;
        Group.Barrier();
        for (int width = team / 2; width > 0; width /= 2)
        {
            if (place < width)
                shared[thread] = Larger(shared[thread], shared[thread + width]);
            Group.Barrier();
        }
        return shared[thread - place];
    }

    /// <summary>The larger of two; NaN if either is.</summary>
    public static float Larger(float a, float b) => F32.Max(new(a), new(b)).Value;
}
