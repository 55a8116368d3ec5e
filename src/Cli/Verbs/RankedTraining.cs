using System.Diagnostics;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;
using GpuGrad.Training.Config;
using GpuGrad.Training.Data;
using GpuGrad.Training.Distributed;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Cli.Verbs;

/// <summary>Runs a verb under an MPI launcher: rank 0 prints and writes, the others compute.</summary>
internal static class RankedTraining
{
    // An error in a config or in data occurs on every rank: the others wait this long, so that rank 0 reports it.
    private static readonly TimeSpan ForRank0 = TimeSpan.FromSeconds(5);

    // Within this time a launcher ends a process that called MPI_Abort.
    private static readonly TimeSpan ToAbort = TimeSpan.FromSeconds(2);

    /// <summary>Runs the body of a verb, alone or as one of several ranks.</summary>
    /// <param name="output">Output of rank 0.</param>
    /// <param name="body">Receives the other ranks; null if this process is alone.</param>
    /// <param name="remedy">Advice for when a rank is lost.</param>
    public static int Run(Output output, Func<Mpi?, int> body, string remedy = "Continue from the last checkpoint with gpugrad resume.")
    {
        if (Launcher.Find() is not { } launcher)
            return body(null);
        if (launcher.Rank > 0)
            Output.Mute(launcher.Rank);
        using var ranks = Mpi.Start(launcher);
        using var heartbeat = new Heartbeat(ranks, what => Leave(ranks, $"{what}; all ranks stop. {remedy}"));
        try
        {
            int code = body(ranks);
            // Only rank 0 reports how the training ended: a launcher takes any other code for a rank that crashed.
            return ranks.Rank == 0 ? code : ExitCode.Done;
        }
        catch (NonFiniteException) when (ranks.Rank > 0)
        {
            return ExitCode.Done;
        }
        catch (Exception e)
        {
            if (ranks.Rank > 0 && e is GpuGradException { Fault: Fault.Config or Fault.Data })
                Thread.Sleep(ForRank0);
            int code = Errors.Report(e, output);
            heartbeat.Dispose();
            if (e is not NonFiniteException)
                ranks.Abort(code);
            return code;
        }
    }

    // A rank is lost, and the others are blocked in a call that does not return. If rank 0 is lost, the first of the others reports it.
    private static void Leave(Mpi ranks, string what)
    {
        Thread.Sleep(Math.Min(2000, 500 * Math.Max(0, ranks.Rank - 1)));
        Output.Error($"gpugrad: {what}");
        var abort = new Thread(() => ranks.Abort(ExitCode.Device)) { IsBackground = true };
        abort.Start();
        abort.Join(ToAbort);
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }

    /// <summary>Open MPI's launcher gives its ranks a terminal that nobody sees: neither this program nor .NET may write control codes to it.</summary>
    public static void NoTerminal()
    {
        if (Launcher.Find() is { IsOpenMpi: true })
            Environment.SetEnvironmentVariable("TERM", "dumb");
    }

    /// <summary>The config for this rank: its own GPU if there are any, else its share of the processors.</summary>
    public static LoadedConfig For(LoadedConfig loaded, ICollectives? ranks)
    {
        if (ranks is null)
            return loaded;
        RunConfig config = loaded.Config;
        string id = DeviceCatalog.Find(config.Device).Id, kind = id.Split(':')[0];
        string[] gpus = [.. DeviceCatalog.List().Where(d => d.IsGpu && d.Id.StartsWith(kind + ":", StringComparison.Ordinal)).Select(d => d.Id)];
        if (gpus.Length > 0)
            return loaded with { Config = config with { Device = gpus[ranks.LocalRank % gpus.Length] } };
        // A launcher that binds ranks to processors has distributed them already.
        int threads = config.Threads > 0 ? config.Threads : Math.Max(1, Environment.ProcessorCount / (IsBound() ? 1 : ranks.LocalSize));
        return loaded with { Config = config with { Threads = threads } };
    }

    /// <summary>Trains on ranks other than 0: no run folder, no metrics, no output.</summary>
    public static int Compute(LoadedConfig loaded, TrainingData data, Device device, ICollectives ranks, StopSignals signals, bool isNew, int? until)
    {
        RunConfig config = loaded.For(data).Config;
        using NcclRanks? onDevices = NcclRanks.Of(ranks, device);
        using var trainer = new Trainer(isNew ? config : config with { InitFrom = null }, data, device, null, onDevices ?? ranks);
        trainer.Run(signals.Stop, until ?? int.MaxValue);
        onDevices?.End();
        return ExitCode.Done;
    }

    private static bool IsBound() => OperatingSystem.IsLinux() && File.Exists("/sys/devices/system/cpu/online") && Environment.ProcessorCount < Online();

    // A list such as 0-3,6.
    private static int Online() => File.ReadAllText("/sys/devices/system/cpu/online").Trim().Split(',').Sum(r => r.Split('-') is [var a, var b] ? Number(b) - Number(a) + 1 : 1);

    private static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
