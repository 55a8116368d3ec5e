namespace GpuGrad.Training.Networks;

/// <summary>A range of the parameter buffer whose parameters have the same optimizer settings.</summary>
public readonly record struct ParameterRange(int Group, long Offset, long Length);

/// <summary>
/// Where each parameter is stored. Trained ones share one buffer, ordered by optimizer group, so that an update is one launch
/// per group, the gradient norm one reduction and a checkpoint one copy; gradients and optimizer slots have the same layout.
/// Running statistics and frozen parameters are in a second buffer: they have neither gradients nor optimizer slots.
/// </summary>
public sealed class ParameterLayout
{
    // Every parameter starts on a cache line; the gaps stay 0 in every buffer.
    private const int Alignment = 16;

    private readonly Dictionary<Parameter, long> offsets = [];
    private readonly HashSet<Parameter> trained;

    /// <param name="parameters">In network order.</param>
    /// <param name="group">Optimizer group of a parameter, from 0; null if it is frozen.</param>
    public ParameterLayout(IReadOnlyList<Parameter> parameters, Func<Parameter, int?> group)
    {
        All = parameters;
        var ranges = new List<ParameterRange>();
        long end = 0;
        trained = [.. parameters.Where(p => p.Trained && group(p) is not null)];
        foreach (IGrouping<int, Parameter> members in parameters.Where(trained.Contains).GroupBy(p => group(p)!.Value).OrderBy(g => g.Key))
        {
            long begin = end;
            end = Place(members, end);
            ranges.Add(new ParameterRange(members.Key, begin, end - begin));
        }
        Groups = ranges;
        TrainedLength = end;
        StateLength = Place(State, 0);
    }

    public IReadOnlyList<Parameter> All { get; }

    public IEnumerable<Parameter> Trained => All.Where(trained.Contains);

    /// <summary>Running statistics and frozen parameters.</summary>
    public IEnumerable<Parameter> State => All.Where(p => !trained.Contains(p));

    public IReadOnlyList<ParameterRange> Groups { get; }

    /// <summary>Elements of the buffer of trained parameters, gaps included.</summary>
    public long TrainedLength { get; }

    /// <summary>Elements of the buffer of running statistics and frozen parameters, gaps included.</summary>
    public long StateLength { get; }

    public long OffsetOf(Parameter parameter) => offsets[parameter];

    /// <summary>Whether it has a gradient and is updated by the optimizer.</summary>
    public bool IsTrained(Parameter parameter) => trained.Contains(parameter);

    private long Place(IEnumerable<Parameter> members, long begin)
    {
        foreach (Parameter parameter in members)
        {
            offsets[parameter] = begin;
            begin = checked((begin + parameter.Shape.Length + Alignment - 1) / Alignment * Alignment);
        }
        return begin;
    }
}
