using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data;

/// <summary>Where samples come from.</summary>
/// <remarks><see cref="DatasetCatalog"/> lists all.</remarks>
public abstract record DatasetConfig : IChoice<DatasetConfig>, ILocated
{
    public static string What => "data set";

    public static IReadOnlyList<Choice> Choices => DatasetCatalog.All;

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>The shape, where it is known without reading a file: the network is then checked before data is touched.</summary>
    [NotConfig]
    public virtual DataShape? KnownShape => null;

    /// <summary>Whether it may bring validation samples of its own, which its files tell.</summary>
    internal virtual bool MayHaveValidation => false;

    /// <summary>How its files are read; other files later are read the same way.</summary>
    internal virtual ReadingOptions Reading => new();

    /// <summary>Reads or generates the samples.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: one line naming the file, the offset or line, what was found and expected.</exception>
    public abstract DataSet Load(DataContext context);
}
