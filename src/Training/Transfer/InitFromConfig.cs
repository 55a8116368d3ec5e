using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Transfer;

/// <summary>Initial weights from a file, for fine-tuning.</summary>
public sealed record InitFromConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>A run folder or a <c>.safetensors</c> file, of GpuGrad or of PyTorch.</summary>
    [Shorthand]
    public required string File { get; init => field = Require.NotEmpty(value); }

    /// <summary>Patterns that map the file's names to this network's; the first that matches a name renames it.</summary>
    public IReadOnlyList<RenameConfig> Rename { get; init; } = [];

    /// <summary>Require the file to hold exactly the network's parameters.</summary>
    public bool Strict { get; init; }

    /// <summary>The name in this network for a tensor of the file; null if it is left out.</summary>
    public string? NameOf(string tensor)
    {
        // Prefixes that torch.nn.DataParallel and torch.compile add to every name.
        foreach (string wrapper in new[] { "module.", "_orig_mod." })
            tensor = tensor.StartsWith(wrapper, StringComparison.Ordinal) ? tensor[wrapper.Length..] : tensor;
        foreach (RenameConfig rule in Rename)
        {
            if (NamePattern.Renamed(tensor, rule.From, rule.To ?? "") is string renamed)
                return rule.To is null ? null : renamed;
        }
        return tensor;
    }

    /// <summary>Refuses invalid settings before anything is read.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/> for a pattern, <see cref="Fault.Data"/> for a file that is missing or has no weights.</exception>
    public void Check()
    {
        foreach (RenameConfig rule in Rename)
            rule.Check();
        WeightSource.Open(File).Dispose();
    }

    /// <summary>The same with an absolute path.</summary>
    internal InitFromConfig In(string folder) => this with { File = Path.GetFullPath(Path.Combine(folder, File)) };
}

/// <summary>A pattern for names in the file and their replacement; each * matches any characters, which the replacement keeps.</summary>
public sealed record RenameConfig : ILocated
{
    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>E.g. <c>layer*.*.conv1.weight</c>; each * matches as few characters as possible.</summary>
    public required string From { get; init => field = Require.NotEmpty(value); }

    /// <summary>E.g. <c>block*-*.0.weight</c>; without it, matching tensors are left out.</summary>
    public string? To { get; init; }

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the replacement has a star without a counterpart.</exception>
    internal void Check()
    {
        if (To?.Count(c => c == '*') > From.Count(c => c == '*'))
            throw ConfigException.At(Source, $"init-from.rename: '{To}' has more * than '{From}'; expected at most as many; each takes the text that the same * of 'from' matched");
    }
}
