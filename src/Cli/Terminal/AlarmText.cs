using GpuGrad.Training.Health;

namespace GpuGrad.Cli.Terminal;

/// <summary>An alarm as people read it.</summary>
internal static class AlarmText
{
    public static IEnumerable<string> Lines(Alarm alarm)
    {
        string when = alarm.Step > 0 ? $"step {alarm.Step}" : "before the first step";
        yield return $"! {alarm.Id} {alarm.Title}, {when}: {alarm.Finding}.";
        yield return $"       {alarm.Cause} Try: {alarm.Remedy}. More: gpugrad explain {alarm.Id}";
    }
}
