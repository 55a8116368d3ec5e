using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data.Inputs;

namespace GpuGrad.Training.Data;

/// <summary>Settings of a data set.</summary>
/// <remarks><see cref="DatasetCatalog"/> lists all.</remarks>
public abstract record DatasetConfig : IChoice<DatasetConfig>, ILocated
{
    public static string What => "data set";

    public static IReadOnlyList<Choice> Choices => DatasetCatalog.All;

    [NotConfig]
    public Mark? Source { get; init; }

    /// <summary>The shape, if it is known without reading a file: the network is then checked before the data are read.</summary>
    [NotConfig]
    public virtual DataShape? KnownShape => null;

    /// <summary>Whether its files may contain validation samples.</summary>
    internal virtual bool MayHaveValidation => false;

    /// <summary>How its files are read; later files are read the same way.</summary>
    internal virtual ReadingOptions Reading => new();

    /// <summary>Reads or generates the samples.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: one line naming the file, the offset or line, what was found and what was expected.</exception>
    public abstract DataSet Load(DataContext context);
}
