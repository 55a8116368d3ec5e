namespace GpuGrad.Training.Sweeps;

/// <summary>A trial to be trained up to a rung.</summary>
public readonly record struct SweepJob(int Trial, int Rung);

/// <summary>
/// Which trial is trained how far, and when that is known. Decisions count trials in the order of their numbers, however they end, and a search learns of
/// the trials before the last few alone. So the same file gives the same sweep, however long trials take and wherever it was killed.
/// </summary>
public sealed class SweepSchedule
{
    private readonly ISearch search;
    private readonly int trials;
    private readonly int factor;
    private readonly int lag;
    private readonly List<double[]> points = [];
    private readonly List<int>[] entrants; // of each rung, in the order of their promotion
    private readonly int[] settled; // entrants of each rung whose results have been looked at
    private readonly List<int> rungOf = []; // rung that each trial was sent to
    private readonly HashSet<SweepJob> started = [];
    private readonly Dictionary<SweepJob, double> scores = [];

    /// <param name="search">Picks points.</param>
    /// <param name="trials">Number of trials.</param>
    /// <param name="rungs">Number of rungs: how often trials are compared, including the end.</param>
    /// <param name="factor">One of this many trials continues to the next rung.</param>
    /// <param name="lag">A pick depends on the trials up to so many before it: as many may run at a time.</param>
    public SweepSchedule(ISearch search, int trials, int rungs, int factor, int lag)
    {
        (this.search, this.trials, this.factor, this.lag) = (search, trials, factor, lag);
        entrants = [.. Enumerable.Range(0, rungs).Select(_ => new List<int>())];
        settled = new int[rungs];
    }

    /// <summary>The points picked so far, trial by trial.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Points => points;

    /// <summary>Whether nothing is left to train.</summary>
    public bool IsOver => entrants[0].Count == trials && entrants.Select((e, r) => (e, r)).All(x => settled[x.r] == x.e.Count);

    /// <summary>The best of those that came farthest; null before any result.</summary>
    public int? Best { get; private set; }

    /// <summary>Less is better; NaN for a trial that was not trained so far or failed.</summary>
    public double ScoreOf(SweepJob job) => scores.GetValueOrDefault(job, double.NaN);

    /// <summary>The highest rung that a trial was sent to.</summary>
    public int RungOf(int trial) => rungOf[trial];

    /// <summary>The next trial to run, the most advanced first. Null if results must arrive first, or nothing is left.</summary>
    public SweepJob? Next()
    {
        for (int rung = entrants.Length - 1; rung >= 0; rung--)
        {
            foreach (int trial in entrants[rung])
            {
                if (started.Add(new SweepJob(trial, rung)))
                    return new SweepJob(trial, rung);
            }
        }
        int next = points.Count;
        if (next >= trials || (search.Learns && settled[0] < next - lag + 1))
            return null;
        int learned = search.Learns ? Math.Max(0, next - lag + 1) : 0;
        points.Add(search.Pick(next, [.. Enumerable.Range(0, learned).Select(t => new KnownTrial(points[t], scores[new SweepJob(t, 0)]))]));
        entrants[0].Add(next);
        rungOf.Add(0);
        started.Add(new SweepJob(next, 0));
        return new SweepJob(next, 0);
    }

    /// <summary>Takes a result.</summary>
    /// <param name="job">The finished job.</param>
    /// <param name="score">Less is better; infinite for a trial that failed.</param>
    public void Report(SweepJob job, double score)
    {
        scores[job] = double.IsNaN(score) ? double.PositiveInfinity : score;
        for (int rung = 0; rung < entrants.Length; rung++)
        {
            while (settled[rung] < entrants[rung].Count && scores.ContainsKey(new SweepJob(entrants[rung][settled[rung]], rung)))
            {
                settled[rung]++;
                if (rung + 1 < entrants.Length)
                    Promote(rung, settled[rung] / factor);
            }
        }
        // Too few for the last rung by the rule: the best of the highest goes all the way.
        int topRung = Array.FindLastIndex(entrants, e => e.Count > 0);
        if (IsOver && topRung + 1 < entrants.Length)
            Promote(topRung, 1);
        Best = Enumerable.Range(0, entrants.Length).Reverse().SelectMany(Ranked).Select(t => (int?)t).FirstOrDefault();
    }

    private void Promote(int rung, int most)
    {
        foreach (int trial in Ranked(rung).Take(most).Where(t => rungOf[t] == rung))
        {
            entrants[rung + 1].Add(trial);
            rungOf[trial]++;
        }
    }

    // Those that failed are nowhere; of equals the earlier one is first.
    private IEnumerable<int> Ranked(int rung) => entrants[rung].Take(settled[rung])
        .Where(t => !double.IsPositiveInfinity(scores[new SweepJob(t, rung)])).OrderBy(t => scores[new SweepJob(t, rung)]).ThenBy(t => t);
}
