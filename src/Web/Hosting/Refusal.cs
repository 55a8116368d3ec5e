namespace GpuGrad.Web.Hosting;

/// <summary>A request that is not answered as asked: a status and one line that says why.</summary>
internal sealed class Refusal(int status, string message) : Exception(message.ReplaceLineEndings(" "))
{
    public int Status => status;

    /// <summary>Seconds after which it may be worth asking again; null where it is not.</summary>
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
