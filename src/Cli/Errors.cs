namespace GpuGrad.Cli;

/// <summary>Turns what went wrong into a line for the user and an exit code.</summary>
internal static class Errors
{
    public static int Report(Exception e)
    {
        switch (e)
        {
            case GpuGradException known:
                Console.Error.WriteLine($"gpugrad: {known.Message}");
                return ExitCode.Of(known.Fault);
            case OutOfMemoryException or InsufficientMemoryException:
                Console.Error.WriteLine("gpugrad: out of memory; use a smaller batch or a smaller model.");
                return ExitCode.Memory;
            case IOException or UnauthorizedAccessException:
                Console.Error.WriteLine($"gpugrad: {e.Message.ReplaceLineEndings(" ")}");
                return ExitCode.Data;
            case OperationCanceledException:
                Console.Error.WriteLine("gpugrad: stopped.");
                return ExitCode.Unexpected;
            default:
                // A defect: the stack is what a report needs.
                Console.Error.WriteLine($"gpugrad: unexpected {e}");
                return ExitCode.Unexpected;
        }
    }
}
