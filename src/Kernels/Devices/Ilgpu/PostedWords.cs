using ILGPU;

namespace GpuGrad.Kernels.Devices.Ilgpu;

/// <summary>
/// A few words sent to the device as a kernel argument. The driver copies arguments when the launch is
/// enqueued, so neither host nor device waits for the other.
/// </summary>
internal readonly record struct PostedWords(int W0, int W1, int W2, int W3, int W4, int W5, int W6, int W7, int W8)
{
    public const int Length = 9;

    public static PostedWords Of(ReadOnlySpan<int> words)
    {
        Span<int> w = stackalloc int[Length];
        w.Clear();
        words.CopyTo(w);
        return new(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8]);
    }

    public static void Store(Index1D i, ArrayView<int> target, PostedWords words)
    {
        int at = i.X;
        int low = at < 2 ? at < 1 ? words.W0 : words.W1 : at < 3 ? words.W2 : words.W3;
        int high = at < 6 ? at < 5 ? words.W4 : words.W5 : at < 7 ? words.W6 : words.W7;
        target[i] = at < 4 ? low : at < 8 ? high : words.W8;
    }
}
