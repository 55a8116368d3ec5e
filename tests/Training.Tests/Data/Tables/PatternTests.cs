using System.Reflection;
using System.Text.RegularExpressions;
using GpuGrad.Training.Config;

namespace GpuGrad.Training.Tests.Data.Tables;

public sealed class PatternTests
{
    /// <summary>A limit in time is one of the wall clock: on a machine with a hundred busy processes a table of plain numbers ran into one of a second.</summary>
    [Fact]
    public void No_pattern_gives_up_after_a_time()
    {
        MethodInfo[] patterns = [.. typeof(RunConfig).Assembly.GetTypes()
            .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(m => m.GetCustomAttribute<GeneratedRegexAttribute>() is not null)];
        Assert.NotEmpty(patterns);
        Assert.All(patterns, m => Assert.Equal(Regex.InfiniteMatchTimeout, ((Regex)m.Invoke(null, null)!).MatchTimeout));
    }
}
