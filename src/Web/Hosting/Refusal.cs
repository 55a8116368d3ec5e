namespace GpuGrad.Web.Hosting;

/// <summary>An HTTP error: a status and one line that says why.</summary>
internal sealed class Refusal(int status, string message) : Exception(message.ReplaceLineEndings(" "))
{
    public int Status => status;

    /// <summary>Seconds for the Retry-After header; null if a retry would not help.</summary>
    public int? RetryAfter { get; init; }

    public static Refusal Of(GpuGradException e) => new(
        e.Fault switch
        {
            Fault.Data or Fault.Config => 400,
            Fault.NonFinite => 422,
            Fault.Memory => 413,
            _ => 500,
        },
        e.Message);
}
