using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Transfer;

namespace GpuGrad.Cli.Views;

/// <summary>Which weights a run begins with: what was loaded, and what was not and why.</summary>
internal static class TransferView
{
    private const int MostRows = 40;

    public static void Show(WeightTransfer transfer, Output output)
    {
        int loaded = transfer.Loaded.Count();
        output.Line(Format.Invariant($"weights    {loaded:N0} of {transfer.Parameters.Count:N0} parameters and running statistics from {transfer.File}"));
        // What was left is why anybody looks.
        string[][] left = [.. transfer.Left.Concat(transfer.Extra).Select(t => Row(t, t.Why!))];
        string[][] rows = [.. left, .. transfer.Loaded.Take(Math.Max(0, MostRows - left.Length)).Select(t => Row(t, t.From == t.Name ? "loaded" : $"loaded from {t.From}"))];
        output.Line();
        output.Table(["tensor", "shape", ""], rows.Take(MostRows));
        int hidden = left.Length + loaded - Math.Min(rows.Length, MostRows);
        if (hidden > 0)
            output.Line(Format.Invariant($"… and {hidden:N0} more; all of them are in init-from.json"));
        output.Line();
    }

    private static string[] Row(TransferredTensor tensor, string what) => [tensor.Name, $"[{string.Join(", ", tensor.Shape)}]", what];
}
