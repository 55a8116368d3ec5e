using GpuGrad.Training.Distributed;

namespace GpuGrad.Training.Tests.Distributed;

/// <summary>What launchers say in the environment.</summary>
public sealed class LauncherTests
{
    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_LOCAL_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=2", "2 4 0 2 True")]
    [InlineData("PMI_SIZE=3 PMI_RANK=1 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=3", "1 3 1 3 False")]
    [InlineData("PMI_SIZE=3 PMI_RANK=0", "0 3 0 1 False")]
    [InlineData("PMI_SIZE=1 PMI_RANK=0", null)]
    [InlineData("OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0", null)]
    [InlineData("OMPI_COMM_WORLD_SIZE=two OMPI_COMM_WORLD_RANK=0", null)]
    [InlineData("PMI_SIZE=2 PMI_RANK=7", null)]
    [InlineData("", null)]
    public void A_launcher_is_known_by_its_variables(string environment, string? expected)
    {
        Dictionary<string, string> variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        Launcher? found = Launcher.Find(variables.GetValueOrDefault);
        Assert.Equal(expected, found is null ? null : $"{found.Rank} {found.Size} {found.LocalRank} {found.LocalSize} {found.IsOpenMpi}");
    }

    [Fact]
    public void Every_sample_of_a_batch_belongs_to_one_rank()
    {
        for (int size = 1; size <= 9; size++)
        {
            for (int count = 0; count <= 40; count++)
            {
                (int Begin, int Length)[] shares = [.. Enumerable.Range(0, size).Select(rank => new RankShare(rank, size).Of(count))];
                Assert.Equal(Enumerable.Range(0, count), shares.SelectMany(s => Enumerable.Range(s.Begin, s.Length)));
                Assert.InRange(shares.Max(s => s.Length) - shares.Min(s => s.Length), 0, 1);
            }
        }
    }
}
