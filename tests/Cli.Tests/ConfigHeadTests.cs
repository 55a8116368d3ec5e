using System.Globalization;
using System.Text.RegularExpressions;
using GpuGrad.Tests.Support;

namespace GpuGrad.Cli.Tests;

/// <summary>What the head of a config says to expect comes true, whatever vectors the processor has.</summary>
public sealed class ConfigHeadTests : IDisposable
{
    private readonly Gpugrad gpugrad = new();

    public void Dispose() => gpugrad.Dispose();

    public static TheoryData<string, int> Configs
    {
        get
        {
            var configs = new TheoryData<string, int>();
            string[] small = [.. Directory.GetFiles(Path.Combine(Gpugrad.Configs, "seeds"), "*.yaml"), Path.Combine(Gpugrad.Configs, "spirals.yaml")];
            foreach (string path in Effort.IsLong ? [.. small, Path.Combine(Gpugrad.Configs, "digits.yaml")] : small)
            {
                foreach (int width in new[] { 128, 256, 512 }.Where(w => w <= Widest))
                    configs.Add(Path.GetRelativePath(Gpugrad.Configs, path), width);
            }
            return configs;
        }
    }

    private static int Widest => System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated ? 512 : System.Runtime.Intrinsics.Vector256.IsHardwareAccelerated ? 256 : 128;

    [Theory]
    [MemberData(nameof(Configs))]
    public void A_config_reaches_what_its_head_says(string config, int width)
    {
        string path = Path.Combine(Gpugrad.Configs, config);
        string head = Assert.Single(File.ReadLines(path), l => l.StartsWith("# Expected: ", StringComparison.Ordinal));
        gpugrad.Variables["GPUGRAD_SIMD"] = width.ToString(CultureInfo.InvariantCulture);
        Answer answer = gpugrad.Run("train", path, "--device", "cpu", "--out", "run", "--json");
        if (head.StartsWith("# Expected: exit code 4", StringComparison.Ordinal))
        {
            Assert.Equal(ExitCode.NonFinite, answer.Code);
            return;
        }
        double accuracy = 100 * (double)answer.Json()["test_accuracy"]!;
        Match range = Regex.Match(head, "^# Expected: ([0-9.]+) to ([0-9.]+) % test accuracy"), least = Regex.Match(head, "^# Expected: ([0-9.]+) % test accuracy or more");
        Assert.True(range.Success || least.Success, $"{config}: a range, or a figure 'or more': {head}");
        Assert.InRange(accuracy, Number(range.Success ? range : least, 1), range.Success ? Number(range, 2) : 100);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void What_the_page_on_health_says_of_dead_units_comes_true(int width)
    {
        string page = File.ReadAllText(Path.Combine(Gpugrad.Configs, "..", "docs", "health.md")).ReplaceLineEndings(" "), head = File.ReadAllText(Path.Combine(Gpugrad.Configs, "seeds", "dead-relu.yaml"));
        Match said = Regex.Match(page, "comes at step ([0-9]+) to ([0-9]+), names ([0-9]+) to ([0-9]+) of the 64 units and suggests a rate of ([0-9.]+) to ([0-9.]+); the run ends at ([0-9]+) to ([0-9]+) %. With the suggested rate, relu itself reaches ([0-9]+) % or more");
        Assert.True(said.Success, "docs/health.md says other things of dead-relu.yaml than this test looks for");
        double[] n = [.. Enumerable.Range(1, 9).Select(i => Number(said, i))];
        Assert.Contains(FormattableString.Invariant($"at step {n[0]} to {n[1]} alarm G001 names {n[2]} to {n[3]} of the 64 units"), head, StringComparison.Ordinal);
        Assert.Contains(FormattableString.Invariant($"advises, {n[4]} to {n[5]} (no alarm, {n[8]} %"), head, StringComparison.Ordinal);
        Assert.Contains(FormattableString.Invariant($"# Expected: {n[6]} to {n[7]} % test accuracy"), head, StringComparison.Ordinal);

        gpugrad.Variables["GPUGRAD_SIMD"] = width.ToString(CultureInfo.InvariantCulture);
        Answer answer = gpugrad.Run("train", Path.Combine(Gpugrad.Configs, "seeds", "dead-relu.yaml"), "--device", "cpu", "--out", "run").Done();
        Match alarm = Regex.Match(answer.Errors.ReplaceLineEndings(" "), "! G001 dead units, step ([0-9]+): ([0-9]+) of 64 units of 2 \\(relu\\) .*?Try: (--set train.optimizer.momentum.lr=([0-9.]+)),");
        Assert.True(alarm.Success, answer.ToString());
        Assert.InRange(Number(alarm, 1), n[0], n[1]);
        Assert.InRange(Number(alarm, 2), n[2], n[3]);
        Assert.InRange(Number(alarm, 4), n[4], n[5]);
        Answer better = gpugrad.Run("train", Path.Combine(Gpugrad.Configs, "seeds", "dead-relu.yaml"), "--device", "cpu", "--out", "better", "--json", "--set", alarm.Groups[3].Value["--set ".Length..]);
        Assert.DoesNotContain("! G001", better.Errors, StringComparison.Ordinal);
        Assert.InRange(100 * (double)better.Json()["test_accuracy"]!, n[8], 100);
    }

    public static TheoryData<int> Widths => [.. new[] { 128, 256, 512 }.Where(w => w <= Widest)];

    private static double Number(Match match, int group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
}
