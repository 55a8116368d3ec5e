using GpuGrad.Tests.Support;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>The real thing: another process saves a checkpoint while strace makes the kernel's calls fail or kills it.</summary>
public sealed class KernelFaultTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("fsync:error=EIO:when=1", "could not be synced to disk: input/output error (EIO)")]
    [InlineData("fsync:error=EIO:when=2", "its folder could not be synced, so a power failure may undo it: input/output error (EIO)")]
    [InlineData("fsync:error=ENOSPC:when=1", "no space left on the device (ENOSPC); ")]
    [InlineData("fsync:error=EINTR:when=1..3", null)]
    [InlineData("write:error=ENOSPC:when=1", "no space left on the device (ENOSPC); ")]
    [InlineData("write:error=EDQUOT:when=1", "disk quota used up (EDQUOT); ")]
    [InlineData("write:error=EINTR:when=1", null)]
    [InlineData("rename,renameat,renameat2:error=EACCES:when=1", "permission denied (EACCES)")]
    [InlineData("unlink,unlinkat:error=EIO:when=1", null)]
    [InlineData("fsync:signal=SIGKILL:when=1", "")]
    [InlineData("rename,renameat,renameat2:signal=SIGKILL:when=1", "")]
    [InlineData("write:signal=SIGKILL:when=1", "")]
    public void A_call_that_fails_in_the_kernel_is_reported_and_a_whole_checkpoint_loads(string injection, string? message)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "strace is not installed");
        foreach (int step in new[] { 100, 200 })
            new CheckpointFolder(folder.Path).Save(Samples.At(step), keep: 2);
        (int code, string output) = Child.Run($"save|{folder.Path}|300", "/bin/sh", "-c", Script(injection), "sh");
        string trace = Trace();
        Assert.True(trace.Contains("INJECTED", StringComparison.Ordinal) || message?.Length == 0, $"nothing was injected: {trace} {output}");
        if (message is null)
            Assert.Equal((0, "saved"), (code, output.Trim()));
        else if (message.Length == 0)
            Assert.NotEqual(0, code);
        else
            Assert.True(code == 9 && output.StartsWith("refused: " + folder["step-00000300.ckpt"], StringComparison.Ordinal) && output.Contains(message, StringComparison.Ordinal), $"{code}: {output}");
        Assert.True(Samples.WholeStepIn(new CheckpointFolder(folder.Path)) is 200 or 300);
    }

    // Only calls on the folder and the new file are touched, those of the runtime go through. The name of the file while it is written
    // holds the number of the process, which -D makes that of the shell.
    private string Script(string injection) =>
        $"exec /usr/bin/strace -D -f -o '{folder["trace"]}' -P '{folder.Path}' -P '{folder[".step-00000300.ckpt.tmp-"]}'$$ -P '{folder["step-00000100.ckpt"]}' "
        + $"-e trace={injection[..injection.IndexOf(':', StringComparison.Ordinal)]} -e inject={injection} \"$@\"";

    // The tracer may outlive the process that it traced for a moment.
    private string Trace()
    {
        string text = "";
        Patience.Until(() => (text = File.Exists(folder["trace"]) ? File.ReadAllText(folder["trace"]) : "").Contains("+++", StringComparison.Ordinal), "the end of the trace");
        return text;
    }
}
