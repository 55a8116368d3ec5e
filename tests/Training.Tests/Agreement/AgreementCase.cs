using System.Runtime.CompilerServices;
using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Data;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tools;

namespace GpuGrad.Training.Tests.Agreement;

/// <summary>
/// A network that <c>tests/Support/oracle/networks.py</c> drew and PyTorch trained for three steps: NAME.yaml, NAME.safetensors, and
/// NAME.npz with the batch and everything PyTorch computed in double.
/// </summary>
internal sealed class AgreementCase
{
    private const int Steps = 3;

    private readonly string path;
    private readonly LoadedConfig loaded;
    private readonly IReadOnlyDictionary<string, NumberArray> arrays;

    /// <param name="path">The files without their endings.</param>
    public AgreementCase(string path)
    {
        this.path = path;
        arrays = Npz.Read(path + ".npz");
        loaded = RunConfigFile.Load(path + ".yaml");
    }

    public RunConfig Config => loaded.Config;

    /// <summary>The config as it is written.</summary>
    public YamlMapping Tree => loaded.Tree;

    public string Name => Path.GetFileName(path);

    public DataShape Shape => Config.Data.KnownShape!;

    public SampleSet Samples() => StepBatch.FromNpz(path + ".npz", Shape, Config);

    /// <summary>Gives a model the weights that the first step begins with.</summary>
    public void Prepare(Model model)
    {
        model.Initialise(Config.Seed);
        WeightFile.Load(path + ".safetensors", model);
    }

    /// <summary>The cases in the repository, by name.</summary>
    public static IEnumerable<string> Fixtures => In(Folder()).Select(c => Path.GetFileName(c)!);

    public static AgreementCase Fixture(string name) => new(Path.Combine(Folder(), name));

    /// <summary>Every case of a folder.</summary>
    public static IEnumerable<string> In(string folder) =>
        Directory.GetFiles(folder, "*.yaml").Order(StringComparer.Ordinal).Select(f => Path.ChangeExtension(f, null));

    /// <summary>What PyTorch itself is off by in float32: loss, output and weights; gradients.</summary>
    public double SingleError(bool gradients) => arrays[gradients ? "single/grad" : "single/forward"].ToDoubles()[0];

    /// <summary>Runs the steps on a device, as <c>gpugrad step</c> does, and says where they differ.</summary>
    public IReadOnlyList<string> Problems(Device device, AgreementErrors errors)
    {
        Network network = ModelCheck.Check(Config, Shape);
        SampleSet samples = Samples();
        var problems = new List<string>();
        var compared = new HashSet<string>();
        for (int step = 1; step <= Steps; step++)
        {
            IReadOnlyList<NamedTensor> found = StepDump.Run(Config, network, device, samples, Normalization.None(Shape.Shape[0]), Prepare, step);
            double size = SizeOfGradients(step);
            foreach (NamedTensor tensor in found.Where(t => IsExpected(t.Name, step)))
            {
                compared.Add($"{step}/{tensor.Name}");
                problems.AddRange(Compare(tensor, step, size, device, errors));
            }
        }
        string[] left = [.. arrays.Keys.Where(k => char.IsAsciiDigit(k[0])).Except(compared)];
        return [.. problems, .. left.Select(l => $"{Name}: PyTorch gives {l}, gpugrad step does not")];
    }

    /// <summary>Writes the case elsewhere with what PyTorch computed changed.</summary>
    public void CopyTo(string target, Action<string, double[]> change)
    {
        File.Copy(path + ".yaml", target + ".yaml");
        File.Copy(path + ".safetensors", target + ".safetensors");
        NpzWriter.Save(target + ".npz", npz =>
        {
            foreach ((string name, NumberArray array) in arrays)
            {
                double[] values = [.. array.ToDoubles()];
                change(name, values);
                npz.Add(name, array.Sizes, values);
            }
        });
    }

    // Activations are kept of the first step only.
    private static bool IsExpected(string name, int step) => step == 1 || !name.StartsWith("activation/", StringComparison.Ordinal);

    private IEnumerable<string> Compare(NamedTensor tensor, int step, double sizeOfGradients, Device device, AgreementErrors errors)
    {
        string name = $"{step}/{tensor.Name}", quantity = tensor.Name.Split('/')[0];
        if (!arrays.TryGetValue(name, out NumberArray? array))
            return [$"{Name}: gpugrad step gives {name}, PyTorch does not"];
        double[] expected = array.ToDoubles();
        if (quantity != "loss" && !array.Sizes.AsSpan().SequenceEqual(tensor.Shape.Sizes))
            return [$"{Name}: {name} has shape {tensor.Shape}, PyTorch's is [{string.Join(", ", array.Sizes)}]"];
        Tolerance tolerance = device.RealSize == sizeof(double) ? Tolerance.AgreementInDouble : quantity == "grad" ? Tolerance.AgreementOfGradients : Tolerance.Agreement;
        if (quantity == "grad" && Tolerance.IsCancelled(expected, sizeOfGradients))
            tolerance = tolerance.ForCancelled(sizeOfGradients);
        else
            errors.Note(device.Id, quantity, Tolerance.RelativeError(expected, tensor.Values), Name);
        return tolerance.Explain($"{Name} on {device.Id}: {name}", expected, tensor.Values) is string problem ? [problem] : [];
    }

    private double SizeOfGradients(int step) =>
        Tolerance.Rms([.. arrays.Where(a => a.Key.StartsWith(FormattableString.Invariant($"{step}/grad/"), StringComparison.Ordinal)).SelectMany(a => a.Value.ToDoubles())]);

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Cases");
}

/// <summary>The worst relative error of each quantity on each device, and where it was.</summary>
internal sealed class AgreementErrors
{
    private readonly SortedDictionary<string, (double Error, string Where)> worst = new(StringComparer.Ordinal);

    public void Note(string device, string quantity, double error, string where)
    {
        string key = $"{device} {quantity}";
        if (!worst.TryGetValue(key, out (double Error, string) before) || error > before.Error)
            worst[key] = (error, where);
    }

    public override string ToString() => string.Join("\n", worst.Select(w => FormattableString.Invariant($"{w.Key}: {w.Value.Error:E2} ({w.Value.Where})")));
}
