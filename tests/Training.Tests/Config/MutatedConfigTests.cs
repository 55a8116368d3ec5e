using System.Text;
using System.Text.RegularExpressions;
using GpuGrad.Kernels.Random;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Config;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Config;

/// <summary>Configs changed at random, in their bytes and in their words: each is an experiment or one line that says what is wrong.</summary>
public sealed class MutatedConfigTests : IDisposable
{
    private const long MostMemory = 64 << 20;

    // Any layer, schedule, augmentation and group, so that each can go wrong.
    private const string Whole = """
        name: test
        seed: 1
        device: cpu
        threads: 2
        target: {test-accuracy: 0.5}
        data: {dataset: {digits: {train: 100, distortion: 0.5}}, batch: 4, validation: 0.1, augment: [{shift: 2}, {flip: horizontal}]}
        model:
          - conv: {filters: 6, kernel: 5, padding: same, name: first}
          - batchnorm
          - leaky-relu: 0.1
          - maxpool: 2
          - residual: [{conv: {filters: 6, kernel: 3, padding: same}}, relu]
          - flatten
          - dropout: 0.3
          - dense: {units: 10, bias: true, init: {normal: 0.1}}
        loss: {softmax-cross-entropy: {label-smoothing: 0.1}}
        train:
          epochs: 2
          optimizer: {adam: {lr: 1e-3, beta1: 0.9}}
          schedule: {cosine: {warmup: 2}}
          clip: {norm: 1.0}
          groups: [{layers: ["first"], lr-factor: 0.1}]
          early-stopping: 3
        checkpoint: {every: 5, keep: 2}
        """;

    private static readonly string[] Words =
    [
        "0", "-1", "1e308", "1e-320", "99999999999", "2147483647", ".inf", ".nan", "null", "~", "true", "''", "\"x\"", "[]", "{}", "[1, 2]", "{a: 1}", "&a x", "*a",
        "!!int 1", "!<x> 1", "|", ">", "? a", "- -", "#", "%YAML 9", "---", "...", "\t", "\u0000", "\u2028", "\uFEFF", "ü", "0x10", "1_000", "0,5", "1.5.2", "conv", "dense: 3", "relu",
    ];

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_changed_config_is_bound_or_refused_in_one_line()
    {
        Assert.True(Try(Encoding.UTF8.GetBytes(Whole), "unchanged"));
        int mutants = Effort.Count(2000, 100_000), bound = 0;
        for (int i = 0; i < mutants; i++)
        {
            var random = new RandomStream(30, Purpose.Explore, (uint)i);
            byte[] mutant = i % 2 == 0 ? Hostile.Mutate(Encoding.UTF8.GetBytes(Whole), random) : Encoding.UTF8.GetBytes(WithOtherWords(random));
            bound += Try(mutant, $"mutant {i}: {Encoding.UTF8.GetString(mutant)}") ? 1 : 0;
        }
        Assert.InRange(bound, 1, mutants - 1);
        Effort.Report("mutants yaml", $"{mutants} changed files: {bound} read, {mutants - bound} refused in one line");
    }

    private bool Try(byte[] yaml, string what)
    {
        string path = folder.Write("c.yaml", yaml);
        long before = GC.GetAllocatedBytesForCurrentThread();
        double begun = Spent.Seconds();
        Exception? e = Hostile.Record(() => ModelCheck.Check(RunConfigFile.Load(path).Config));
        Assert.True(Spent.Seconds() - begun < Hostile.SlowestSeconds, $"took {Spent.Seconds() - begun} s: {what}");
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < MostMemory, $"{allocated} bytes were asked for: {what}");
        if (e is null)
            return true;
        // A layer may also be asked for that no machine has room for.
        Assert.True(e is GpuGradException { Fault: Fault.Config or Fault.Memory }, $"{e}\n{what}");
        Assert.True(Regex.IsMatch(e.Message, "^" + Regex.Escape(path) + "(:[0-9]+:[0-9]+: |: not UTF-8 text)") && !e.Message.Contains('\n', StringComparison.Ordinal), $"{e.Message} {what}");
        return false;
    }

    // Words of the file for others, or for words that YAML gives a meaning.
    private static string WithOtherWords(RandomStream random)
    {
        List<string> tokens = [.. Regex.Split(Whole, "([ ,:\\[\\]{}\n]+)")];
        for (int times = 1 + random.NextInt(2); times > 0; times--)
        {
            int at = random.NextInt(tokens.Count);
            tokens[at] = random.NextInt(3) == 0 ? tokens[random.NextInt(tokens.Count)] : Words[random.NextInt(Words.Length)];
        }
        return string.Concat(tokens);
    }
}
