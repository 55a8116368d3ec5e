using System.Globalization;

namespace GpuGrad.Training.Health;

/// <summary>Rule for classes that a network never predicts although they occur.</summary>
internal sealed class PredictionRules(RunFacts facts, Remedies remedies, Explanations explanations, HealthState state) : AlarmRule(state)
{
    private const int Shown = 20;   // a class that is predicted as often as it occurs is missed this often by chance with probability e⁻²⁰
    private const int LongShown = 100;
    private const int Listed = 6;

    /// <summary>Records the true and the predicted classes of a batch.</summary>
    public void Note(ReadOnlySpan<int> labels, ReadOnlySpan<int> predicted)
    {
        while (State.Unpredicted.Count < facts.ClassShares.Count)
            State.Unpredicted.Add(0);
        foreach (int label in labels)
            State.Unpredicted[label]++;
        foreach (int c in predicted)
            State.Unpredicted[c] = 0;
    }

    /// <summary>Called when the loss no longer falls, and at the end of a run.</summary>
    /// <param name="step">Number of steps done.</param>
    /// <param name="falls">Whether the loss was still falling: a common class may yet be learned.</param>
    public Alarm? Judge(long step, bool falls)
    {
        int[] never = [.. Enumerable.Range(0, Math.Min(State.Unpredicted.Count, facts.ClassShares.Count)).Where(c => State.Unpredicted[c] >= (falls && !IsRare(facts.ClassShares[c]) ? LongShown : Shown))];
        if (never.Length == 0 || explanations.Of(AlarmCatalog.NeverPredicted) is not null || !IsFirst(AlarmCatalog.NeverPredicted))
            return null;
        string names = string.Join(", ", never.Take(Listed).Select(facts.ClassName)) + (never.Length > Listed ? string.Create(CultureInfo.InvariantCulture, $" and {never.Length - Listed} more") : "");
        string finding = string.Create(CultureInfo.InvariantCulture, $"{(never.Length == 1 ? "class" : "classes")} {names}: not predicted once over the last {never.Min(c => State.Unpredicted[c]):N0} watched samples of {(never.Length == 1 ? "it" : "each")}");
        double share = never.Average(c => facts.ClassShares[c]);
        return IsRare(share) && facts.ClassShares.All(s => s > 0)
            ? new Alarm(AlarmCatalog.NeverPredicted, step, "", finding, string.Create(CultureInfo.InvariantCulture, $"Only {share * 100:G2} % of the training samples are of such a class: leaving it out costs the loss little."), Remedies.Either(remedies.ClassWeights(facts.ClassShares), "more samples of it"))
            : new Alarm(AlarmCatalog.NeverPredicted, step, "", finding, "The network cannot tell these classes from others: it has not learned enough, or their samples and labels do not match.", Remedies.Either(remedies.ClassLoss, "more epochs; gpugrad data show CONFIG shows samples with their labels"));
    }

    private bool IsRare(double share) => share < 0.5 / facts.ClassShares.Count;

    /// <summary>Called before the first step: finds classes without a single sample.</summary>
    public Alarm? Missing()
    {
        int classes = facts.ClassShares.Count;
        int[] missing = [.. Enumerable.Range(0, classes).Where(c => facts.ClassShares[c] == 0)];
        if (classes != 1 && missing.Length == 0)
            return null;
        string finding = classes == 1
            ? $"all training samples are of one class, {facts.ClassName(0)}"
            : $"no training sample is of class {string.Join(", ", missing.Take(Listed).Select(facts.ClassName))}{(missing.Length > Listed ? string.Create(CultureInfo.InvariantCulture, $" and {missing.Length - Listed} more") : "")}, of {classes}";
        return new Alarm(
            AlarmCatalog.MissingClass, 0, "", finding, "A class without samples can't be learned; where labels count from 1, class 0 is one too many.",
            "gpugrad data show CONFIG counts the samples of each class: are labels counted from 0, and is it the right column?");
    }
}
