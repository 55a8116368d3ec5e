using GpuGrad.Training.BlackBox;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Runs;

namespace GpuGrad.Training.Tests.Health;

/// <summary>Runs in which one number goes wrong.</summary>
internal static class PlantedFault
{
    /// <summary>Trains on a device with a fault until the run stops; gives what the black box found.</summary>
    public static Finding Planted(string yaml, Fault fault, string device = "cpu")
    {
        using TestRun run = Faulty(yaml, fault, device);
        var e = Assert.Throws<NonFiniteException>(() => run.Run());
        // Found within a step; what an update did wrong shows in the next.
        Assert.InRange(e.Step, 1, fault.Batch + 2);
        return run.Session.NonFinite ?? throw new InvalidOperationException($"not found: {e.Message} {string.Join(' ', run.Notes)}");
    }

    /// <summary>A run on a device with a fault.</summary>
    public static TestRun Faulty(string yaml, Fault fault, string device)
    {
        TestRun? run = null;
        run = new TestRun(yaml, device, inner => new FaultyDevice(inner, fault, () => OffsetOf(run!, fault.Layer)));
        return run;
    }

    /// <summary>The place of what was found, counted through the whole tensor.</summary>
    public static int Flat(Finding finding)
    {
        int flat = 0;
        for (int axis = 0; axis < finding.Shape.Rank; axis++)
            flat = (flat * finding.Shape[axis]) + finding.Index[axis];
        return flat;
    }

    private static long OffsetOf(TestRun run, string layer)
    {
        Trainer trainer = run.Session.Trainer;
        Parameter weight = trainer.Network.Parameters.Single(p => p.Name.EndsWith($"{layer}.weight", StringComparison.Ordinal));
        return trainer.Model.Memory.Layout.OffsetOf(weight);
    }
}
