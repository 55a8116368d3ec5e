using System.Text.Json.Nodes;

namespace GpuGrad.Training.Transfer;

/// <summary>Writes a transfer as in <c>summary.json</c> and <c>--json</c>.</summary>
public static class TransferJson
{
    public static JsonObject Of(WeightTransfer transfer) => new()
    {
        ["file"] = transfer.File,
        ["loaded"] = List(transfer.Loaded),
        ["left"] = List(transfer.Left),
        ["extra"] = List(transfer.Extra),
    };

    private static JsonArray List(IEnumerable<TransferredTensor> tensors) => [.. tensors.Select(Of)];

    private static JsonObject Of(TransferredTensor tensor)
    {
        var json = new JsonObject { ["name"] = tensor.Name };
        if (tensor.From is not null && tensor.From != tensor.Name)
            json["from"] = tensor.From;
        json["shape"] = new JsonArray([.. tensor.Shape.Select(s => JsonValue.Create(s))]);
        if (tensor.Why is not null)
            json["why"] = tensor.Why;
        return json;
    }
}
