using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Schedules;

namespace GpuGrad.Training.Sweeps;

/// <summary>Contents of a sweep file: a search for hyperparameters.</summary>
public sealed record SweepConfig : ILocated
{
    /// <summary>The config that every trial starts from, relative to the sweep file.</summary>
    public required string Base { get; init => field = Require.NotEmpty(value); }

    /// <summary>The validation metric that trials are compared by; <c>train.monitor</c> of the base by default.</summary>
    public Metric? Monitor { get; init; }

    /// <summary>Keys of the base, written as for <c>--set</c>, and the values to try.</summary>
    public required IReadOnlyDictionary<string, DimensionConfig> Space { get; init; }

    /// <summary>Search method.</summary>
    public SearchConfig Search { get; init; } = new RandomSearchConfig();

    /// <summary>Number of trials; a grid has as many as it has points.</summary>
    public int? Trials { get; init => field = value is int count ? Require.Between(count, 1, 100_000) : null; }

    /// <summary>Seed of the search.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Trials at a time; one for each GPU, or for every two processors, by default.</summary>
    public int? Parallel { get; init => field = value is int count ? Require.Between(count, 1, 1024) : null; }

    /// <summary>Stops bad trials early: all trials train a few epochs, the best continue.</summary>
    public HalvingConfig? Halving { get; init; }

    [NotConfig]
    public Mark? Source { get; init; }
}

/// <summary>
/// Successive halving as in ASHA (Li et al., 2020): a trial continues if it is among the best <c>1/factor</c> of those that came as far. Trials are
/// counted in the order of their numbers, not of their ends, so a sweep gives the same result however many run at a time.
/// </summary>
public sealed record HalvingConfig
{
    /// <summary>One trial in this many continues.</summary>
    [Shorthand]
    public int Factor { get; init => field = Require.Between(value, 2, 100); } = 3;

    /// <summary>Epochs that every trial trains.</summary>
    public int First { get; init => field = Require.Positive(value); } = 1;

    /// <summary>Epochs after which trials are compared; the last is the whole training.</summary>
    public IReadOnlyList<int> Rungs(int epochs)
    {
        var rungs = new List<int>();
        for (long at = First; at < epochs; at *= Factor)
            rungs.Add((int)at);
        return [.. rungs, epochs];
    }
}

/// <summary>Search method: how the values of the next trial are chosen.</summary>
public abstract record SearchConfig : IChoice<SearchConfig>, ILocated
{
    public static string What => "search";

    public static IReadOnlyList<Choice> Choices { get; } =
    [
        new("random", typeof(RandomSearchConfig), "values drawn from the whole space"),
        new("grid", typeof(GridSearchConfig), "every combination"),
        new("tpe", typeof(TpeSearchConfig), "values like those of the best trials so far: tree-structured Parzen estimators (Bergstra et al., 2011)"),
    ];

    [NotConfig]
    public Mark? Source { get; init; }

    internal abstract ISearch Over(SweepSpace space, ulong seed);
}

public sealed record RandomSearchConfig : SearchConfig
{
    internal override ISearch Over(SweepSpace space, ulong seed) => new RandomSearch(space, seed);
}

public sealed record GridSearchConfig : SearchConfig
{
    /// <summary>Number of values of a key with a range, both ends included.</summary>
    [Shorthand]
    public int Points { get; init => field = Require.Between(value, 2, 1000); } = 3;

    internal override ISearch Over(SweepSpace space, ulong seed) => new GridSearch(space, Points, Source);
}

public sealed record TpeSearchConfig : SearchConfig
{
    /// <summary>Number of random trials before the first that learns from others.</summary>
    [Shorthand]
    public int Startup { get; init => field = Require.Between(value, 2, 10_000); } = 10;

    /// <summary>Candidates per key; the most promising is taken.</summary>
    public int Candidates { get; init => field = Require.Between(value, 1, 10_000); } = 24;

    internal override ISearch Over(SweepSpace space, ulong seed) => new TpeSearch(space, seed, this);
}
