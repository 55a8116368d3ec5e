using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Exchange;

/// <summary>
/// The parameters and running statistics of a network as a safetensors file, with the names and shapes of the equivalent
/// <c>torch.nn.Sequential</c>: <c>load_state_dict</c> takes what is saved here, and what PyTorch saved is loaded here.
/// </summary>
public static class WeightFile
{
    // PyTorch's batch norm counts batches; nothing depends on it here, and its loader does not need it.
    private const string Counter = ".num_batches_tracked";
    private const int MostListed = 5;
    private const int Piece = 1 << 18;

    /// <param name="path">The file.</param>
    /// <param name="model">The model with the weights.</param>
    /// <param name="average">Whether to save the moving averages if they are kept.</param>
    /// <param name="metadata">Texts to add, e.g. the config.</param>
    public static void Save(string path, Model model, bool average = true, IReadOnlyDictionary<string, string>? metadata = null) =>
        SafetensorsWriter.Write(path, Tensors(model, average), metadata);

    /// <summary>The same, in an open folder.</summary>
    public static void Save(WorkFolder folder, string name, Model model, IReadOnlyDictionary<string, string>? metadata = null) =>
        SafetensorsWriter.Write(folder, name, Tensors(model, average: true), metadata);

    /// <summary>Copies weights to a model's parameters, and to their moving averages if these are kept. Copies nothing unless all match.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a parameter is missing, surplus or of another shape.</exception>
    public static void Load(string path, Model model)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Load(file, model);
    }

    /// <summary>The same from an open file.</summary>
    public static void Load(SafetensorsFile file, Model model)
    {
        Check(file, model.Network);
        var piece = new double[Piece];
        foreach (Parameter parameter in model.Network.Parameters)
        {
            for (long first = 0; first < parameter.Shape.Length; first += Piece)
            {
                Span<double> part = piece.AsSpan(0, (int)Math.Min(Piece, parameter.Shape.Length - first));
                file.Read(file[parameter.Name]!, first, part);
                model.Write(parameter, part, first);
            }
        }
    }

    /// <summary>Refuses a file whose tensors are not the network's, before memory is allocated for it.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: a parameter is missing, surplus or of another shape.</exception>
    public static void Check(SafetensorsFile file, Network network)
    {
        string path = file.Path;
        string[] missing = [.. network.Parameters.Where(p => file[p.Name] is null).Select(p => p.Name)];
        string[] extra = [.. file.Tensors.Select(t => t.Name).Where(n => !n.EndsWith(Counter, StringComparison.Ordinal)).Except(network.Parameters.Select(p => p.Name))];
        if (missing.Length > 0)
            throw Refused(path, $"it has no {List(missing)}{(extra.Length > 0 ? $", but {List(extra)}" : "")}");
        if (extra.Length > 0)
            throw Refused(path, $"the network has no {List(extra)}");
        foreach (Parameter parameter in network.Parameters)
        {
            SafetensorsTensor tensor = file[parameter.Name]!;
            if (!tensor.Shape.SequenceEqual(parameter.Shape.Sizes.ToArray().Select(s => (long)s)))
                throw Refused(path, $"'{parameter.Name}' has shape [{string.Join(", ", tensor.Shape)}], expected {parameter.Shape}");
        }
    }

    private static IEnumerable<TensorToWrite> Tensors(Model model, bool average) =>
        model.Network.Parameters.Select(p => TensorToWrite.Streamed(p.Name, p.Shape.Sizes, (first, part) => model.Read(p, first, part, average)));

    private static string List(string[] names) =>
        string.Join(", ", names.Take(MostListed).Select(n => $"'{n}'")) + (names.Length > MostListed ? $" and {names.Length - MostListed} more" : "");

    private static GpuGradException Refused(string path, string what) => new(Fault.Data, $"{path}: does not fit the network: {OneLine.Of(Quotes.Shortened(what))}.");
}
