using System.Globalization;
using GpuGrad.Kernels.Random;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Health;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;

namespace GpuGrad.Training.Runs;

/// <summary>
/// Revives dead units (<c>diagnostics.on-dead: reinit</c>), as ReDo does (Sokar et al., "The Dormant Neuron Phenomenon in Deep Reinforcement Learning", 2023): the weights into a unit are drawn anew, those out of
/// it become 0, so that the outputs of the network stay the same, and the optimizer forgets what it had on both.
/// </summary>
/// <remarks>What is drawn follows from the run's seed and the step. It happens before a checkpoint of the same step, so a resumed run is the same.</remarks>
internal sealed class UnitRevival(RunConfig config, Trainer trainer, HealthLog health, BlackBoxWatch box)
{
    private readonly IReadOnlyDictionary<string, UnitWiring> wiring = UnitWiring.Of(trainer.Network, trainer.Model.Memory.Layout);

    public void AfterStep(Trainer of, in StepReport report)
    {
        if (!report.Watched)
            return;
        IdleUnits[] dead = [.. health.Idle(of).Where(l => l.Layer.Fault == UnitFault.Dead && wiring.ContainsKey(l.Layer.Path))];
        if (dead.Length == 0)
            return;
        long step = report.Step;
        var random = new RandomStream(config.Seed, Purpose.Reinitialise, (uint)step);
        foreach (IdleUnits layer in dead)
        {
            Revive(wiring[layer.Layer.Path], layer.Units, random);
            health.Forget(layer, step);
        }
        health.Raise(of, dead.Select(l => Told(l, step)));
        box.Restart(of);
    }

    private void Revive(UnitWiring wires, IReadOnlyList<int> units, RandomStream random)
    {
        foreach (UnitSlice slice in wires.In)
        {
            var drawn = new double[slice.Parameter.Shape.Count];
            slice.Parameter.Init.Fill(slice.Parameter, random, drawn);
            Change(slice, units, i => drawn[i]);
        }
        Change(wires.Out, units, _ => 0);
    }

    private void Change(UnitSlice slice, IReadOnlyList<int> units, Func<int, double> value)
    {
        ModelMemory memory = trainer.Model.Memory;
        int[] places = [.. units.SelectMany(slice.Of)];
        bool isTrained = memory.Layout.IsTrained(slice.Parameter);
        Slot?[] slots = isTrained ? [memory.Parameters, memory.Ema] : [memory.State];
        foreach (Slot slot in slots.OfType<Slot>())
            Write(slot, slice.Parameter, places, value);
        foreach (Slot slot in isTrained ? memory.Moments : [])
            Write(slot, slice.Parameter, places, _ => 0);
    }

    private void Write(Slot slot, Parameter parameter, int[] places, Func<int, double> value)
    {
        var all = new double[parameter.Shape.Count];
        long offset = trainer.Model.Memory.Layout.OffsetOf(parameter);
        trainer.Model.DeviceMemory.Read(slot, offset, all);
        foreach (int i in places)
            all[i] = value(i);
        trainer.Model.DeviceMemory.Write(slot, offset, all);
    }

    private static Alarm Told(IdleUnits layer, long step) => new(
        AlarmCatalog.DeadUnits, step, layer.Layer.Path,
        string.Create(CultureInfo.InvariantCulture, $"{layer.Units.Count} dead units of {layer.Layer.Units} of {layer.Layer.Name} were drawn anew: {string.Join(", ", layer.Units)}"),
        "diagnostics.on-dead: reinit. The weights into them come from the layer's initialiser, those out of them are 0, and the optimizer's state for both is cleared.",
        "")
    { Units = layer.Units, IsRemark = true, Action = "reinit" };
}
