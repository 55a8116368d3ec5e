using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Logs.TensorBoard;

/// <summary>Hyperparameters to compare runs by: the scalar values of the config by path, e.g. <c>train.optimizer.sgd.lr</c>, and the network's size.</summary>
internal static class Hyperparameters
{
    private static readonly string[] Left = ["name", "folder", "log", "model", "checkpoint", "diagnostics", "target"];

    public static IEnumerable<KeyValuePair<string, Value>> Of(LoadedConfig loaded, Network network) =>
    [
        .. loaded.Tree.Entries.Where(e => !Left.Contains(e.Key.Value)).SelectMany(e => Leaves(e.Key.Value, e.Value)),
        KeyValuePair.Create("train.epochs", Value.ForNumber(loaded.Config.Train.Epochs)),
        KeyValuePair.Create("data.batch", Value.ForNumber(loaded.Config.Data.Batch)),
        KeyValuePair.Create("model.parameters", Value.ForNumber(network.ParameterCount)),
        KeyValuePair.Create("model.layers", Value.ForNumber(network.AllLayers.Count(l => l.Inner.Count == 0))),
    ];

    private static IEnumerable<KeyValuePair<string, Value>> Leaves(string path, YamlNode node) => node switch
    {
        YamlMapping map => map.Entries.SelectMany(e => Leaves($"{path}.{e.Key.Value}", e.Value)),
        YamlScalar { IsNull: false } scalar => [KeyValuePair.Create(path, Of(scalar))],
        _ => [],
    };

    private static Value Of(YamlScalar scalar) =>
        !scalar.Quoted && double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? Value.ForNumber(number)
        : !scalar.Quoted && scalar.Value is "true" or "false" ? Value.ForBool(scalar.Value == "true")
        : Value.ForString(scalar.Value);
}
