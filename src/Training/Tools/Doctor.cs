using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Reference;
using GpuGrad.Kernels.Numerics;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Networks;

namespace GpuGrad.Training.Tools;

/// <summary>Result of checking an op, or a tensor of a network, on a device.</summary>
/// <param name="Name">Name of the op, or of the tensor as in <c>step --dump</c>.</param>
/// <param name="Cases">Number of comparisons.</param>
/// <param name="Forward">Worst relative error forward; null if nothing was compared.</param>
/// <param name="Backward">Worst relative error of gradients; null if nothing was compared.</param>
/// <param name="Failed">Number of failed cases.</param>
/// <param name="Problem">Description of the first failure.</param>
public sealed record Diagnosis(string Name, int Cases, double? Forward, double? Backward, int Failed, string? Problem);

/// <summary>Checks a device's results against the reference device, which computes in double.</summary>
public static class Doctor
{
    private const int MostAttempts = 5;
    private const string Gradient = "grad/"; // as step --dump names tensors

    /// <summary>Checks every op on <paramref name="casesPerOp"/> shapes, forward and backward, with guards around every buffer.</summary>
    /// <param name="device">The device to examine.</param>
    /// <param name="casesPerOp">Number of shapes; those with a special code path are always checked.</param>
    /// <param name="filter">Checks only ops with this text in family/name.</param>
    /// <param name="seed">Seed of shapes and values.</param>
    public static IEnumerable<Diagnosis> Ops(Device device, int casesPerOp, string filter = "", ulong seed = 1)
    {
        foreach (OpFamily family in OpFamilies.All)
        {
            foreach (Diagnosis diagnosis in Family(family, device, casesPerOp, filter, seed))
                yield return diagnosis;
        }
    }

    /// <summary>Names of all ops as family/name.</summary>
    public static IEnumerable<string> Names() => OpFamilies.All.SelectMany(f => f.Cases(100).Select(c => $"{f.Name}/{NameOf(c)}").Distinct());

    /// <summary>
    /// Compares one training step of a network on both devices from the same weights and samples: the layers in order, then the
    /// gradients. If a value is so near the kink of a relu or a maximum that float and double are on different sides,
    /// the gradients may differ although both are right; other weights are tried then.
    /// </summary>
    public static IReadOnlyList<Diagnosis> Network(RunConfig config, Network network, Device device, SampleSet samples, Normalization normalization)
    {
        using var oracle = new ReferenceDevice();
        // With rounded factors, a difference in the last digit can grow to a whole rounding step; ops that round are checked one by one.
        config = config with { Precision = Precision.Float32 };
        IReadOnlyList<Diagnosis> diagnoses = [];
        for (ulong attempt = 0; attempt < MostAttempts; attempt++)
        {
            ulong seed = config.Seed + attempt;
            IReadOnlyList<NamedTensor> expected = StepDump.Run(config, network, oracle, samples, normalization, m => m.Initialise(seed));
            IReadOnlyList<NamedTensor> actual = StepDump.Run(config, network, device, samples, normalization, m => m.Initialise(seed));
            double gradients = Tolerance.Rms([.. expected.Where(t => IsGradient(t.Name)).SelectMany(t => t.Values)]);
            HashSet<string> cancelled = [.. expected.Where(t => IsGradient(t.Name) && Tolerance.IsCancelled(t.Values, gradients)).Select(t => t.Name)];
            diagnoses = [.. expected.Zip(actual, (e, a) => Compare(e, a, ToleranceOf(e.Name, cancelled, gradients, config.Train.Optimizer.Lr)))];
            bool onlyGradients = diagnoses.Where(d => d.Failed > 0).All(d => !IsForward(d.Name));
            if (diagnoses.All(d => d.Failed == 0) || !onlyGradients || SidesAgree(expected, actual))
                break;
        }
        return diagnoses;
    }

    private static IEnumerable<Diagnosis> Family(OpFamily family, Device device, int casesPerOp, string filter, ulong seed)
    {
        // A family cycles through its ops; the first hundred cases include them all.
        string[] names = [.. family.Cases(100, seed).Select(NameOf).Distinct()];
        Dictionary<string, int> wanted = names
            .Where(n => $"{family.Name}/{n}".Contains(filter, StringComparison.OrdinalIgnoreCase)).ToDictionary(n => n, _ => casesPerOp);
        var found = new Dictionary<string, Diagnosis>();
        foreach ((int i, OpCase testCase) in family.Cases(Math.Max(family.Special, casesPerOp * names.Length * 4), seed).Index())
        {
            string name = NameOf(testCase);
            bool special = i < family.Special;
            if (!special && wanted.Values.All(w => w <= 0))
                break;
            if (!wanted.TryGetValue(name, out int missing) || (!special && missing <= 0))
                continue;
            wanted[name] = missing - 1;
            CheckResult result = Check(testCase, device);
            Diagnosis before = found.GetValueOrDefault(name) ?? new Diagnosis($"{family.Name}/{name}", 0, null, null, 0, null);
            found[name] = before with
            {
                Cases = before.Cases + 1,
                Forward = Worse(before.Forward, result.Forward),
                Backward = testCase.Differentiable ? Worse(before.Backward, result.Backward) : before.Backward,
                Failed = before.Failed + (result.Passed ? 0 : 1),
                Problem = before.Problem ?? (result.Passed ? null : $"{testCase}: {result.Problems[0]}"),
            };
        }
        return found.Values;
    }

    private static CheckResult Check(OpCase testCase, Device device)
    {
        try
        {
            return OpCheck.Against(testCase, device);
        }
        catch (GpuGradException e) when (e.Fault is Fault.Device or Fault.Internal)
        {
            return new CheckResult(double.NaN, double.NaN, [e.Message]);
        }
    }

    private static string NameOf(OpCase testCase) => testCase.Op.Name;

    // The gradient of a bias before a batch norm is 0: a sum in which numbers as large as other gradients cancel.
    private static Tolerance ToleranceOf(string name, HashSet<string> cancelled, double sizeOfGradients, double rate)
    {
        if (IsForward(name))
            return Tolerance.Forward;
        if (cancelled.Contains(name))
            return Tolerance.Backward.ForCancelled(sizeOfGradients);
        return cancelled.Contains(Gradient + name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..]) ? Tolerance.Backward.ForStepOfNoise(rate) : Tolerance.Backward;
    }

    private static Diagnosis Compare(NamedTensor expected, NamedTensor actual, Tolerance tolerance)
    {
        bool forward = IsForward(expected.Name);
        double error = tolerance.ErrorOf(expected.Values, actual.Values);
        string? problem = tolerance.Explain(expected.Name, expected.Values, actual.Values);
        return new Diagnosis(expected.Name, 1, forward ? error : null, forward ? null : error, problem is null ? 0 : 1, problem);
    }

    private static bool IsGradient(string name) => name.StartsWith(Gradient, StringComparison.Ordinal);

    private static bool IsForward(string name) => !IsGradient(name) && !name.StartsWith("param/", StringComparison.Ordinal);

    // Whether every activation is on the same side of 0 on both devices.
    private static bool SidesAgree(IReadOnlyList<NamedTensor> expected, IReadOnlyList<NamedTensor> actual) =>
        expected.Zip(actual).Where(p => p.First.Name.StartsWith("activation/", StringComparison.Ordinal))
            .All(p => p.First.Values.Zip(p.Second.Values).All(v => v.First > 0 == v.Second > 0));

    private static double? Worse(double? a, double b) => a is null || double.IsNaN(b) || b > a ? b : a;
}
