using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>A run folder, and somebody else's files outside of it that nothing may touch.</summary>
public abstract class ForeignFiles : IDisposable
{
    private protected const string Precious = "precious";

    private protected readonly TestFolder folder = new();
    private protected readonly TestFolder elsewhere = new();

    private protected ForeignFiles()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there that tests do not have");
        File.WriteAllText(elsewhere["victim"], Precious);
        RunFolder.CreateAt(Run).Dispose();
        File.WriteAllText(In("config.yaml"), "name: x\n");
    }

    private protected string Run => folder["run"];

    public void Dispose()
    {
        folder.Dispose();
        elsewhere.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected string In(string name) => Path.Combine(Run, name);
}
