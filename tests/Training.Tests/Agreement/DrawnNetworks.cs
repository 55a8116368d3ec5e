using System.Globalization;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Agreement;

/// <summary>Networks drawn at random and trained by PyTorch, once for all tests that look at them.</summary>
public sealed class DrawnNetworks : IDisposable
{
    public const string Collection = "drawn networks";

    private const int Count = 320;

    private readonly TempFolder folder = new();
    private IReadOnlyList<AgreementCase>? cases;

    public void Dispose() => folder.Dispose();

    /// <summary>Skips the test where PyTorch is missing.</summary>
    internal IReadOnlyList<AgreementCase> Cases()
    {
        Python.RequireTorch();
        if (cases is not null)
            return cases;
        Python.Oracle("networks.py", folder.Path, "--count", Count.ToString(CultureInfo.InvariantCulture));
        cases = [.. AgreementCase.In(folder.Path).Select(c => new AgreementCase(c))];
        Assert.Equal(Count, cases.Count);
        return cases;
    }
}

[CollectionDefinition(DrawnNetworks.Collection)]
public sealed class DrawnNetworksDefinition : ICollectionFixture<DrawnNetworks>;
