using ILGPU;

namespace GpuGrad.Kernels.Devices.Accelerated;

/// <summary>Reductions over the threads of a group, halves onto halves: the same order, so the same bits, every time.</summary>
internal static class GroupReduce
{
    /// <summary>The group size these expect, a power of two.</summary>
    public const int Threads = 128;

    /// <summary>The sum over the group, for every thread of it. All threads must call; <paramref name="shared"/> has <see cref="Threads"/> floats.</summary>
    public static float Sum(ArrayView<float> shared, float value)
    {
        int thread = Group.IdxX;
        Group.Barrier(); // what an earlier reduction left is read by now
        shared[thread] = value;
        Group.Barrier();
        for (int width = Threads / 2; width > 0; width /= 2)
        {
            if (thread < width)
                shared[thread] += shared[thread + width];
            Group.Barrier();
        }
        return shared[0];
    }

    /// <summary>The largest over the group, for every thread of it; NaN if one is.</summary>
    public static float Max(ArrayView<float> shared, float value)
    {
        int thread = Group.IdxX;
        Group.Barrier();
        shared[thread] = value;
        Group.Barrier();
        for (int width = Threads / 2; width > 0; width /= 2)
        {
            if (thread < width)
            {
                float a = shared[thread], b = shared[thread + width];
                shared[thread] = a >= b ? a : b > a ? b : a + b; // neither holds where one is a NaN
            }
            Group.Barrier();
        }
        return shared[0];
    }
}
