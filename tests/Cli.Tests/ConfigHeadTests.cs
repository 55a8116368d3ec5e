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

    private static double Number(Match match, int group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
}
