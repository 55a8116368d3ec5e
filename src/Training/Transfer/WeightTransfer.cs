using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Transfer;

/// <summary>Outcome for a parameter, or for a tensor of the file.</summary>
/// <param name="Name">The parameter's name; for a tensor that has no parameter, its name after renaming.</param>
/// <param name="From">The name in the file; null if it is not there.</param>
/// <param name="Shape">The parameter's shape, or the tensor's.</param>
/// <param name="Why">Why it was not loaded; null if it was.</param>
public sealed record TransferredTensor(string Name, string? From, IReadOnlyList<long> Shape, string? Why);

/// <summary>Transfer of weights from a file to a network, by name.</summary>
public sealed record WeightTransfer
{
    private const string Counter = "num_batches_tracked";
    private const int Piece = 1 << 18;
    private const int MostListed = 3;

    /// <summary>The file that they came from.</summary>
    public required string File { get; init; }

    /// <summary>Every parameter and running statistic of the network, in its order.</summary>
    public required IReadOnlyList<TransferredTensor> Parameters { get; init; }

    /// <summary>Tensors of the file that the network has no parameter for, in the order of the file.</summary>
    public required IReadOnlyList<TransferredTensor> Extra { get; init; }

    public IEnumerable<TransferredTensor> Loaded => Parameters.Where(p => p.Why is null);

    /// <summary>Parameters that keep their random initial values.</summary>
    public IEnumerable<TransferredTensor> Left => Parameters.Where(p => p.Why is not null);

    /// <summary>Copies all matching tensors to a model whose parameters are initialised.</summary>
    /// <exception cref="GpuGradException">
    /// <see cref="Fault.Data"/>: nothing matches, two tensors would become one, or with <see cref="InitFromConfig.Strict"/> anything is left over.
    /// Nothing has been copied in that case.
    /// </exception>
    public static WeightTransfer Apply(InitFromConfig config, Model model)
    {
        using WeightSource source = WeightSource.Open(config.File);
        WeightTransfer transfer = Match(config, source, model.Network);
        var piece = new double[Piece];
        foreach (TransferredTensor loaded in transfer.Loaded)
        {
            Parameter parameter = model.Network.Parameters.First(p => p.Name == loaded.Name);
            for (long first = 0; first < parameter.Shape.Length; first += Piece)
            {
                Span<double> part = piece.AsSpan(0, (int)Math.Min(Piece, parameter.Shape.Length - first));
                source.Read(loaded.From!, first, part);
                model.Write(parameter, part, first);
            }
        }
        return transfer;
    }

    private static WeightTransfer Match(InitFromConfig config, WeightSource source, Network network)
    {
        var renamed = new Dictionary<string, (string From, IReadOnlyList<long> Shape)>(StringComparer.Ordinal);
        var extra = new List<TransferredTensor>();
        foreach ((string from, IReadOnlyList<long> shape) in source.Tensors.Where(t => !t.Name.EndsWith(Counter, StringComparison.Ordinal)))
        {
            if (config.NameOf(from) is not string name)
                extra.Add(new TransferredTensor(from, from, shape, "left out by init-from.rename"));
            else if (!renamed.TryAdd(name, (from, shape)))
                throw Refused(source.Path, $"'{renamed[name].From}' and '{from}' would both become '{name}'; expected names that differ after init-from.rename");
        }
        TransferredTensor[] parameters = [.. network.Parameters.Select(p => Of(p, renamed))];
        HashSet<string> known = [.. network.Parameters.Select(p => p.Name)];
        extra.AddRange(renamed.Where(r => !known.Contains(r.Key)).Select(r => new TransferredTensor(r.Key, r.Value.From, r.Value.Shape, "the network has no such parameter")));
        var transfer = new WeightTransfer { File = source.Path, Parameters = parameters, Extra = extra };
        if (!transfer.Loaded.Any())
            throw Refused(source.Path, $"none of its tensors ({Names(source.Tensors.Select(Shown))}) fits a parameter of the network ({Names(parameters.Select(p => (p.Name, p.Shape)).Select(Shown))}); expected the same names and shapes, or a pattern in init-from.rename");
        if (config.Strict && transfer.Left.Concat(extra.Where(e => e.Why!.StartsWith("the", StringComparison.Ordinal))).FirstOrDefault() is { } first)
            throw Refused(source.Path, $"{Shown((first.Name, first.Shape))}: {first.Why}; init-from.strict allows nothing to be left");
        return transfer;
    }

    private static TransferredTensor Of(Parameter parameter, Dictionary<string, (string From, IReadOnlyList<long> Shape)> renamed)
    {
        long[] shape = [.. parameter.Shape.Sizes.ToArray().Select(s => (long)s)];
        if (!renamed.TryGetValue(parameter.Name, out (string From, IReadOnlyList<long> Shape) found))
            return new TransferredTensor(parameter.Name, null, shape, "not in the file");
        string? why = found.Shape.SequenceEqual(shape) ? null : $"has shape [{string.Join(", ", found.Shape)}] in the file";
        return new TransferredTensor(parameter.Name, found.From, shape, why);
    }

    private static string Shown((string Name, IReadOnlyList<long> Shape) tensor) => $"'{tensor.Name}' [{string.Join(", ", tensor.Shape)}]";

    private static string Names(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return string.Join(", ", all.Take(MostListed)) + (all.Length > MostListed ? $" and {all.Length - MostListed} more" : "");
    }

    private static GpuGradException Refused(string path, string what) => new(Fault.Data, $"{path}: {OneLine.Of(Quotes.Shortened(what), 600)}");
}
