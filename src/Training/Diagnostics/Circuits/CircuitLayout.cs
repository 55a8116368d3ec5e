namespace GpuGrad.Training.Diagnostics.Circuits;

/// <summary>
/// Places the gates of a circuit in columns and rows: inputs left of the gates that use them, each near the centre
/// of its neighbours (after Sugiyama, Tagawa and Toda, 1981).
/// </summary>
internal sealed class CircuitLayout
{
    private const int Sweeps = 8;

    private readonly List<int> columns = [];
    private readonly List<double> rows = [];
    private readonly List<List<int>> before = [];
    private readonly List<List<int>> after = [];
    private readonly Dictionary<(int From, int To), int[]> ways = [];

    public CircuitLayout(Circuit circuit)
    {
        foreach (Gate gate in circuit.Gates)
            New(gate.Inputs.Count == 0 ? 0 : gate.Inputs.Max(i => columns[i]) + 1);
        // A leaf is placed just before the first gate that uses it.
        foreach (Gate leaf in circuit.Gates.Where(g => g.Inputs.Count == 0))
            columns[leaf.Id] = circuit.Gates.Where(g => g.Inputs.Contains(leaf.Id)).Select(g => columns[g.Id] - 1).DefaultIfEmpty(0).Min();
        foreach ((int from, int to) in circuit.Gates.SelectMany(g => g.Inputs.Distinct().Select(i => (i, g.Id))))
            Connect(from, to);
        Columns = columns.Max() + 1;
        Arrange(circuit);
        Rows = rows.Max() + 1;
    }

    public int Columns { get; }

    public double Rows { get; }

    /// <summary>Position of a gate.</summary>
    public (int Column, double Row) this[int gate] => (columns[gate], rows[gate]);

    /// <summary>The free positions that a wire passes through, from left to right.</summary>
    public IEnumerable<(int Column, double Row)> Way(int from, int to) => ways[(from, to)].Select(n => this[n]);

    private int New(int column)
    {
        columns.Add(column);
        rows.Add(0);
        before.Add([]);
        after.Add([]);
        return columns.Count - 1;
    }

    // A wire across several columns occupies a position in each, like a gate.
    private void Connect(int from, int to)
    {
        int[] way = [.. Enumerable.Range(columns[from] + 1, Math.Max(0, columns[to] - columns[from] - 1)).Select(New)];
        ways[(from, to)] = way;
        int left = from;
        foreach (int right in way.Append(to))
        {
            after[left].Add(right);
            before[right].Add(left);
            left = right;
        }
    }

    private void Arrange(Circuit circuit)
    {
        List<int>[] stacks = [.. Enumerable.Range(0, Columns).Select(c => Enumerable.Range(0, columns.Count).Where(n => columns[n] == c).ToList())];
        int tallest = stacks.Max(s => s.Count);
        foreach (List<int> stack in stacks)
            Spread(stack, tallest, n => n < circuit.Gates.Count ? circuit.Gates[n].Place.Start : n);
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            bool backward = sweep % 2 == 0;
            foreach (List<int> stack in backward ? stacks.Reverse() : stacks)
                Spread(stack, tallest, n => (backward ? after[n] : before[n]).Select(i => rows[i]).DefaultIfEmpty(rows[n]).Average());
        }
    }

    // In the desired order without overlap, each as near as possible to its desired position.
    private void Spread(List<int> stack, int tallest, Func<int, double> wanted)
    {
        (int Node, double At)[] ordered = [.. stack.Select(n => (n, wanted(n))).OrderBy(n => n.Item2)];
        double next = 0;
        for (int i = 0; i < ordered.Length; i++)
        {
            double latest = tallest - (ordered.Length - i);
            rows[ordered[i].Node] = Math.Max(next, Math.Min(latest, ordered[i].At));
            next = rows[ordered[i].Node] + 1;
        }
    }
}
