using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Transfer;

namespace GpuGrad.Cli.Views;

/// <summary>Prints the initial weights of a run: those loaded, and those not loaded with the reason.</summary>
internal static class TransferView
{
    private const int MostRows = 40;

    public static void Show(WeightTransfer transfer, Output output)
    {
        int loaded = transfer.Loaded.Count();
        output.Line(Format.Invariant($"weights    {loaded:N0} of {transfer.Parameters.Count:N0} parameters and running statistics from {transfer.File}"));
        // The weights not loaded come first: they are the reason to look.
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
