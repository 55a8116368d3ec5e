using System.Globalization;
using System.Text.RegularExpressions;
using GpuGrad.Kernels.Devices;
using GpuGrad.Kernels.Devices.Host;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Tests.Support;

namespace GpuGrad.Torture.Tests;

/// <summary>Memory that is not there: one line, exit code 5, and a batch size that would fit.</summary>
public sealed class MemoryTests : IDisposable
{
    private readonly Experiment experiment = Experiment.Rich(epochs: 1, every: 3);
    private readonly Func<long?> left = HostMemory.Left;
    private readonly long used = HostMemory.Used;

    private string Run => experiment.In("run");

    [Fact]
    public void The_buffers_of_a_device_that_computes_in_this_processs_memory_count_as_that_emulated()
    {
        using Device device = TestDevice.Open("emulated");
        using (var memory = new DeviceMemory(device))
        {
            _ = memory[new Slot("numbers", ElementType.Real, 1000)];
            Assert.Equal(used + 4000, HostMemory.Used);
        }
        Assert.Equal(used, HostMemory.Used);
    }

    public void Dispose()
    {
        DeviceMemory.Allocating = null;
        HostMemory.Left = left;
        experiment.Dispose();
    }

    [Fact]
    public void Whichever_allocation_fails_the_program_ends_with_5_and_says_what_would_fit()
    {
        int refused = 0;
        string[] devices = [.. DeviceCatalog.List().Select(d => d.Id)];
        foreach (string device in devices)
        {
            for (int nth = 1; RefusedAt(device, nth); nth += Effort.Count(7, 1))
                refused++;
        }
        Assert.True(refused > Effort.Count(3, 20) * devices.Length);
        Effort.Report("allocations", $"{refused} allocations refused, one at a time, on {string.Join(", ", devices)}: exit 5, the largest buffers and a batch size named, nothing left allocated");
    }

    private bool RefusedAt(string device, int nth)
    {
        int count = 0;
        DeviceMemory.Allocating = (_, name, bytes) =>
        {
            if (++count == nth)
                throw new OutOfDeviceMemoryException("the test", name, bytes, bytes - 1, 1 << 30);
        };
        Ended ended = Gpugrad.Inside("train", experiment.Config, "--device", device, "--out", Run, "--set", "train.epochs=1", "--set", "diagnostics.init-audit=false"); // it does without
        string what = string.Create(CultureInfo.InvariantCulture, $"{device}, allocation {nth}: {ended}");
        Assert.True(HostMemory.Used == used, $"{what}: {HostMemory.Used - used} bytes are left allocated");
        if (count < nth)
        {
            Assert.True(ended.Code == 0, what);
            Directory.Delete(Run, recursive: true);
            return false;
        }
        Assert.True(ended.Code == 5, what);
        AssertNothingStays();
        string line = Assert.Single(ended.Errors.Trim().Split('\n'));
        Assert.Matches(@"^gpugrad: out of memory: '[^']+' needs [0-9.]+ MiB; the test has [0-9.]+ MiB free of 1024.0 MiB\. Largest: [^.]+ [0-9.]+ MiB(, .* MiB)*\. (A batch of [0-9]+ instead of 12 would fit: --set data.batch=[0-9]+|Not even a batch of 1 would fit; .*)$", line);
        return true;
    }

    // The same folder can be that of a run with a batch that fits.
    private void AssertNothingStays() => Assert.False(Directory.Exists(Run));

    [Fact]
    public void The_suggested_batch_size_fits_and_a_larger_one_does_not()
    {
        int limits = 0;
        foreach (int mebibytes in Effort.IsLong ? new[] { 24, 32, 48, 64, 96, 128, 192, 256 } : [48])
        {
            string[] train = ["train", experiment.Config, "--out", Run, "--set", "train.accumulate=null", "--set", "train.epochs=1", "--set", "data.validation=null", "--set", "train.keep-best=null", "--set", "model.0.conv.filters=2000"];
            Ended refused = Under(mebibytes, [.. train, "--set", "data.batch=200"]);
            Assert.True(refused.Code == 5, refused.ToString());
            Match advice = Regex.Match(refused.Errors, "--set data.batch=([0-9]+)");
            Assert.True(advice.Success, refused.ToString());
            int batch = int.Parse(advice.Groups[1].Value, CultureInfo.InvariantCulture);
            AssertNothingStays();
            Assert.Equal(0, Under(mebibytes, [.. train, "--set", FormattableString.Invariant($"data.batch={batch}")]).Code);
            Directory.Delete(Run, recursive: true);
            Assert.Equal(5, Under(mebibytes, [.. train, "--set", FormattableString.Invariant($"data.batch={(batch * 5 / 4) + 2}")]).Code);
            AssertNothingStays();
            limits++;
        }
        Effort.Report("batches", $"{limits} limits of memory: the batch named fits, one a quarter larger does not");
    }

    [Fact]
    public void What_others_have_left_too_little_of_is_refused_before_anything_is_allocated_and_the_batch_named_fits()
    {
        // Enough for the data and for some batches, not for this one; the machine itself has far more.
        const long Left = 120 << 20; // 48 of it for the runtime
        long most = 0;
        HostMemory.Left = () => Left - (HostMemory.Used - used);
        DeviceMemory.Allocating = (_, _, _) => most = Math.Max(most, HostMemory.Used - used);
        string[] train = ["train", experiment.Config, "--out", Run, "--set", "train.accumulate=null", "--set", "data.validation=null", "--set", "train.keep-best=null", "--set", "model.0.conv.filters=4000"];
        Ended refused = Gpugrad.Inside([.. train, "--set", "data.batch=200"]);
        Assert.True(refused.Code == 5, refused.ToString());
        Match told = Regex.Match(refused.Errors.Trim(), @"^gpugrad: out of memory: 'training' needs ([0-9.]+) MiB; this machine has ([0-9.]+) MiB free of [0-9.]+ MiB\. Largest: arena [0-9.]+ MiB, [^\n]*\. A batch of ([0-9]+) instead of 200 would fit: --set data\.batch=\3$");
        Assert.True(told.Success, refused.ToString());
        Assert.InRange(double.Parse(told.Groups[2].Value, CultureInfo.InvariantCulture), 1, 120);
        Assert.InRange(most, 1, Left);
        AssertNothingStays();
        Ended fits = Gpugrad.Inside([.. train, "--set", $"data.batch={told.Groups[3].Value}"]);
        Assert.True(fits.Code == 0, fits.ToString());
        Assert.Equal(used, HostMemory.Used);
    }

    [Fact]
    public void Samples_that_the_machine_has_no_room_for_are_refused_before_they_are_made()
    {
        HostMemory.Left = () => 10 << 20;
        Ended refused = Gpugrad.Inside("train", experiment.Config, "--out", Run, "--set", "data.dataset={random: {shape: [1, 100, 100], classes: 3, train: 2000}}");
        Assert.True(refused.Code == 5, refused.ToString());
        Assert.Contains("out of memory: 'samples' needs ", Assert.Single(refused.Errors.Trim().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public void Under_any_limit_of_the_heap_the_program_ends_with_0_or_5()
    {
        int enough = 0, refused = 0;
        // With less the runtime itself does not begin.
        for (int kibibytes = 6 << 10; kibibytes < 24 << 10; kibibytes += Effort.Count(8 << 10, 256))
        {
            Ended ended = Under(kibibytes / 1024.0, "train", experiment.Config, "--out", Run);
            Assert.True(ended.Code is 0 or 5, FormattableString.Invariant($"{kibibytes} KiB: {ended}"));
            Assert.True(ended.Code == 0 || Regex.IsMatch(ended.Errors.Trim(), "^gpugrad: out of memory[^\n]*$"), FormattableString.Invariant($"{kibibytes} KiB: {ended}"));
            enough += ended.Code == 0 ? 1 : 0;
            refused += ended.Code == 0 ? 0 : 1;
            if (Directory.Exists(Run))
                Directory.Delete(Run, recursive: true);
        }
        Effort.Report("heap limits", $"{refused} limits too low: exit 5 in one line; {enough} sufficed");
    }

    private static Ended Under(double mebibytes, params string[] arguments) =>
        Gpugrad.Run(new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = ((long)(mebibytes * (1 << 20))).ToString("x", CultureInfo.InvariantCulture) }, [], arguments);
}
