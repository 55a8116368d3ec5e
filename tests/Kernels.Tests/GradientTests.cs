using GpuGrad.Kernels.Conformance;
using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Numerics;

namespace GpuGrad.Kernels.Tests;

/// <summary>Every backward rule against central differences in double, over many shapes an op.</summary>
public sealed class GradientTests
{
    private const int ShapesPerOp = 50;
    private const int MostCasesPerFamily = 2000;

    public static TheoryData<string> Families => [.. OpFamilies.All.Where(f => Differentiable(f).Any()).Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Families))]
    public void Backward_rules_equal_central_differences_over_fifty_shapes_an_op(string family)
    {
        var problems = new List<string>();
        var shapes = new Dictionary<Type, HashSet<string>>();
        foreach (OpCase one in Differentiable(OpFamilies.All.Single(f => f.Name == family)))
        {
            HashSet<string> seen = shapes.TryGetValue(one.Op.GetType(), out HashSet<string>? known) ? known : shapes[one.Op.GetType()] = [];
            if (seen.Count < ShapesPerOp && seen.Add(one.ToString()))
                problems.AddRange(OpCheck.Differences(one).Problems);
            else if (shapes.Values.All(s => s.Count == ShapesPerOp))
                break;
        }
        Assert.True(problems.Count == 0, string.Join("\n", problems.Take(5)));
        Assert.All(shapes, s => Assert.True(s.Value.Count == ShapesPerOp, $"{s.Key.Name}: {s.Value.Count} shapes"));
    }

    /// <summary>An op that stands in no case, nor in the gradient of one, is checked by nobody.</summary>
    [Fact]
    public void Every_op_stands_in_a_case_or_in_the_gradient_of_one()
    {
        var found = new HashSet<Type>();
        foreach (OpCase one in OpFamilies.All.SelectMany(f => f.Cases(ShapesPerOp)))
        {
            using var device = new Devices.Reference.ReferenceDevice();
            using var run = new CaseRun(one, device);
            found.UnionWith(run.Plan.Nodes.Select(n => Definition(n.Op.GetType())));
        }
        Assert.Empty(typeof(Op).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Op)) && !t.IsAbstract).Except(found));
    }

    private static IEnumerable<OpCase> Differentiable(OpFamily family) =>
        // The derivative of a rounded factor is 0 or nothing: the rules are those of the op without rounding.
        family.Cases(MostCasesPerFamily).Where(c => c.Differentiable && c.Op.Precision == Precision.Float32);

    private static Type Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;
}
