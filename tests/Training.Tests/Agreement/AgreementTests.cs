using System.Globalization;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Agreement;

/// <summary>
/// Three training steps of randomly drawn networks against PyTorch in double: loss, output, activations, gradients, weights, running
/// statistics and averages. On <c>cpu</c> within 1e-5 (gradients 1e-4), on <c>reference</c> within 1e-9.
/// </summary>
[Collection(DrawnNetworks.Collection)]
public sealed class AgreementTests(ITestOutputHelper output, DrawnNetworks networks)
{
    public static TheoryData<string> Fixtures => [.. AgreementCase.Fixtures];

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void A_network_of_the_repository_trains_as_in_pytorch(string name)
    {
        var errors = new AgreementErrors();
        IReadOnlyList<string> problems = OnBothDevices(AgreementCase.Fixture(name), errors);
        Assert.True(problems.Count == 0, string.Join("\n", problems.Take(10)));
    }

    [Fact]
    public void Every_choice_occurs_in_the_networks_of_the_repository() =>
        Assert.Empty(new Occurrences(AgreementCase.Fixtures.Select(f => AgreementCase.Fixture(f).Tree)).Below(1));

    [Fact]
    public void Random_networks_train_as_in_pytorch_and_every_choice_occurs_in_them()
    {
        IReadOnlyList<AgreementCase> cases = networks.Cases();
        var errors = new AgreementErrors();
        var problems = new List<string>();
        foreach (AgreementCase drawn in cases)
            problems.AddRange(OnBothDevices(drawn, errors));
        var occurrences = new Occurrences(cases.Select(c => c.Tree));
        output.WriteLine($"{errors}\n{occurrences}");
        Assert.True(problems.Count == 0, $"{problems.Count} differ\n" + string.Join("\n", problems.Take(10)));
        Assert.Empty(occurrences.Below(3));
    }

    [Fact]
    public void Random_networks_over_sequences_train_as_in_pytorch()
    {
        using var folder = new TempFolder();
        Python.RequireTorch();
        int count = Effort.Count(200, 1000);
        Python.Oracle("networks.py", folder.Path, "--focus", "sequences", "--count", count.ToString(CultureInfo.InvariantCulture), "--seed", Effort.IsLong ? "2" : "1");
        var errors = new AgreementErrors();
        string[] problems = [.. AgreementCase.In(folder.Path).SelectMany(c => OnBothDevices(new AgreementCase(c), errors))];
        output.WriteLine(errors.ToString());
        Effort.Report("Agreement over sequences", $"{count} networks, {problems.Length} differ; largest relative errors: {errors.ToString().Replace('\n', ',')}");
        Assert.True(problems.Length == 0, $"{problems.Length} differ\n" + string.Join("\n", problems.Take(10)));
    }

    [Fact]
    public void A_wrong_answer_is_found()
    {
        AgreementCase right = AgreementCase.Fixture(AgreementCase.Fixtures.First());
        using var folder = new TempFolder();
        string path = Path.Combine(folder.Path, right.Name);
        right.CopyTo(path, (name, values) =>
        {
            if (name == "2/loss")
                values[0] *= 1 + 1e-4;
        });
        string problem = Assert.Single(OnBothDevices(new AgreementCase(path), new AgreementErrors()), p => p.Contains("cpu", StringComparison.Ordinal));
        Assert.Contains("2/loss", problem);
    }

    private static IReadOnlyList<string> OnBothDevices(AgreementCase one, AgreementErrors errors)
    {
        errors.Note("PyTorch's float32:", "forward", one.SingleError(gradients: false), one.Name);
        errors.Note("PyTorch's float32:", "grad", one.SingleError(gradients: true), one.Name);
        using Device cpu = new CpuDevice(2), reference = new ReferenceDevice();
        return [.. one.Problems(cpu, errors), .. one.Problems(reference, errors)];
    }
}
