using System.Globalization;

namespace GpuGrad.Training.Steps;

/// <summary>Finds a batch size that fits if one is too large, for memory or for tensors with more elements than 32 bits can count.</summary>
internal static class BatchAdvice
{
    // The size found is within one part in 16 of the largest.
    private const int Precision = 16;

    /// <summary>Runs <paramref name="attempt"/> with a batch size.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Memory"/>: it does not fit; the message names the largest batch size that does.</exception>
    public static T Attempt<T>(int batch, Func<int, T> attempt)
    {
        try
        {
            return attempt(batch);
        }
        catch (OverflowException)
        {
            throw Of($"a batch of {batch.ToString(CultureInfo.InvariantCulture)} has more numbers than can be counted", null, batch, size => attempt(size));
        }
        catch (GpuGradException e) when (e.Fault == Fault.Memory)
        {
            throw Of(e, batch, size => attempt(size));
        }
    }

    /// <summary>The same refusal, with a batch size for which <paramref name="attempt"/> succeeds.</summary>
    public static GpuGradException Of(GpuGradException refusal, int batch, Action<int> attempt) => Of(refusal.Message, refusal, batch, attempt);

    private static GpuGradException Of(string refusal, Exception? inner, int batch, Action<int> attempt)
    {
        int fits = 0;
        for (int failing = batch; failing - fits > Math.Max(1, fits / Precision);)
        {
            int size = fits + ((failing - fits) / 2);
            if (Fits(size, attempt))
                fits = size;
            else
                failing = size;
        }
        string remedy = fits > 0
            ? string.Create(CultureInfo.InvariantCulture, $"A batch of {fits} instead of {batch} would fit: --set data.batch={fits}")
            : "Not even a batch of 1 would fit; use a smaller model";
        return new GpuGradException(Fault.Memory, $"{refusal.TrimEnd('.')}. {remedy}", inner);
    }

    private static bool Fits(int size, Action<int> attempt)
    {
        try
        {
            attempt(size);
            return true;
        }
        catch (Exception e) when (e is OverflowException or GpuGradException { Fault: Fault.Memory })
        {
            return false;
        }
    }
}
