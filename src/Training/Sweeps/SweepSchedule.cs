namespace GpuGrad.Training.Sweeps;

/// <summary>A trial to be trained up to a rung.</summary>
public readonly record struct SweepJob(int Trial, int Rung);

/// <summary>
/// Successive halving (ASHA) with deterministic decisions: results count in the order of trial numbers, not of arrival, and pick n uses only the results
/// of trials 0 to n − lag. So the same file gives the same sweep, however long trials take and wherever it was killed.
/// </summary>
public sealed class SweepSchedule
{
    private readonly ISearch search;
    private readonly int trials;
    private readonly int factor;
    private readonly int lag;
    private readonly List<double[]> points = [];
    private readonly List<int>[] entrants; // trials of each rung, in order of promotion
    private readonly int[] settled; // number of each rung's trials whose results have been used
    private readonly List<int> rungOf = []; // highest rung of each trial
    private readonly HashSet<SweepJob> started = [];
    private readonly Dictionary<SweepJob, double> scores = [];

    /// <param name="search">Picks points.</param>
    /// <param name="trials">Number of trials.</param>
    /// <param name="rungs">Number of rungs: how often trials are compared, including the end.</param>
    /// <param name="factor">One of this many trials continues to the next rung.</param>
    /// <param name="lag">Pick n uses the results of trials 0 to n − lag, so that lag trials can run at a time.</param>
    public SweepSchedule(ISearch search, int trials, int rungs, int factor, int lag)
    {
        (this.search, this.trials, this.factor, this.lag) = (search, trials, factor, lag);
        entrants = [.. Enumerable.Range(0, rungs).Select(_ => new List<int>())];
        settled = new int[rungs];
    }

    /// <summary>The points picked so far, trial by trial.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Points => points;

    /// <summary>Whether all trials have ended.</summary>
    public bool IsOver => entrants[0].Count == trials && entrants.Select((e, r) => (e, r)).All(x => settled[x.r] == x.e.Count);

    /// <summary>The best trial of the highest rung with results; null before any result.</summary>
    public int? Best { get; private set; }

    /// <summary>The score of a trial at a rung, lower is better; NaN if there is no result yet.</summary>
    public double ScoreOf(SweepJob job) => scores.GetValueOrDefault(job, double.NaN);

    /// <summary>The highest rung that a trial was sent to.</summary>
    public int RungOf(int trial) => rungOf[trial];

    /// <summary>The next trial to run, the most advanced first; null if results must arrive first, or all trials have ended.</summary>
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

    /// <summary>Records a result.</summary>
    /// <param name="job">The finished job.</param>
    /// <param name="score">Score, lower is better; infinite for a failed trial.</param>
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
        // If halving promotes nobody to the last rung, the best trial of the highest one is trained to the end.
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

    // Failed trials are left out; ties go to the lower number.
    private IEnumerable<int> Ranked(int rung) => entrants[rung].Take(settled[rung])
        .Where(t => !double.IsPositiveInfinity(scores[new SweepJob(t, rung)])).OrderBy(t => scores[new SweepJob(t, rung)]).ThenBy(t => t);
}
