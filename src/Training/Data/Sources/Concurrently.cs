using System.Runtime.ExceptionServices;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Work done side by side, whose errors come out as they are and always the same one: the first in order.</summary>
internal static class Concurrently
{
    public static T[] Run<T>(params IReadOnlyList<Func<T>> work)
    {
        var results = new T[work.Count];
        For(work.Count, i => results[i] = work[i]());
        return results;
    }

    public static void For(int count, Action<int> body)
    {
        var errors = new Exception?[count];
        Parallel.For(0, count, (i, state) =>
        {
            if (state.ShouldExitCurrentIteration)
                return;
            try
            {
                body(i);
            }
            catch (Exception e)
            {
                errors[i] = e;
                // What comes before may fail as well and must be heard first; what comes after need not be tried.
                state.Break();
            }
        });
        Exception? first = Array.Find(errors, e => e is not null);
        if (first is not null)
            ExceptionDispatchInfo.Throw(first);
    }
}
