using System.Runtime.ExceptionServices;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Runs work in parallel and reports the same error every time: the first in order.</summary>
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
                // Earlier items may fail as well and take precedence; later ones need not be tried.
                state.Break();
            }
        });
        Exception? first = Array.Find(errors, e => e is not null);
        if (first is not null)
            ExceptionDispatchInfo.Throw(first);
    }
}
