namespace GpuGrad.Kernels.Tests.Ptx;

internal static class Messages
{
    /// <summary>The message has all these parts; a failure shows it whole.</summary>
    public static void Has(Exception error, params string[] parts)
    {
        foreach (string part in parts)
            Assert.True(error.Message.Contains(part, StringComparison.Ordinal), $"'{part}' is not in: {error.Message}");
    }
}
