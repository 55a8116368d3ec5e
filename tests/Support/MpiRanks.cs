using System.Globalization;

namespace GpuGrad.Tests.Support;

/// <summary>The launchers of Open MPI and MPICH, and the processes below them.</summary>
public static class MpiRanks
{
    /// <summary>What launchers need to be told on a machine that tests run on: as root, and with ranks that do not spin while they wait for others.</summary>
    public static IReadOnlyDictionary<string, string> Variables { get; } = new Dictionary<string, string>
    {
        ["OMPI_ALLOW_RUN_AS_ROOT"] = "1",
        ["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1",
        ["OMPI_MCA_mpi_yield_when_idle"] = "1",
    };

    /// <summary>The words that start so many ranks; skips the test where the MPI is missing, unless <c>GPUGRAD_REQUIRE</c> asks for it.</summary>
    /// <param name="mpi"><c>openmpi</c> or <c>mpich</c>.</param>
    /// <param name="size">How many.</param>
    public static string[] Launcher(string mpi, int size)
    {
        string path = $"/usr/bin/mpirun.{mpi}";
        bool required = Environment.GetEnvironmentVariable(Switches.Require)?.Split(',').Contains("mpi") == true;
        Assert.SkipUnless(required || File.Exists(path), $"no {path} (Debian: {(mpi == "mpich" ? "mpich" : "openmpi-bin")})");
        string[] oversubscribed = mpi == "openmpi" ? ["--oversubscribe"] : [];
        return [path, .. oversubscribed, "-n", size.ToString(CultureInfo.InvariantCulture)];
    }

    /// <summary>The processes of gpugrad below a launcher.</summary>
    public static int[] Below(int launcher)
    {
        int[] all = [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _)).Select(n => int.Parse(n!, CultureInfo.InvariantCulture))];
        ILookup<int, int> children = all.ToLookup(ParentOf);
        var found = new List<int>();
        var next = new Queue<int>([launcher]);
        while (next.TryDequeue(out int parent))
        {
            foreach (int child in children[parent])
            {
                next.Enqueue(child);
                if (Text($"/proc/{child}/cmdline").Contains("gpugrad.dll", StringComparison.Ordinal) && Text($"/proc/{child}/comm").StartsWith("dotnet", StringComparison.Ordinal))
                    found.Add(child);
            }
        }
        return [.. found];
    }

    /// <summary>The process of a rank.</summary>
    public static int Of(int launcher, string mpi, int rank) =>
        Below(launcher).First(r => Text($"/proc/{r}/environ").Split('\0').Contains($"{(mpi == "mpich" ? "PMI_RANK" : "OMPI_COMM_WORLD_RANK")}={rank}"));

    /// <summary>Whether a process runs no more.</summary>
    public static bool IsGone(int process) => Text($"/proc/{process}/comm") == "" || Text($"/proc/{process}/stat").Contains(") Z", StringComparison.Ordinal);

    private static int ParentOf(int process) =>
        Text($"/proc/{process}/status").Split('\n').FirstOrDefault(l => l.StartsWith("PPid:", StringComparison.Ordinal)) is string line ? int.Parse(line[5..], CultureInfo.InvariantCulture) : 0;

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // it has ended
        }
    }
}
