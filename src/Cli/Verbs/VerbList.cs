using System.Reflection;
using CommandLine;

namespace GpuGrad.Cli.Verbs;

/// <summary>Lists every verb, in the order of the help.</summary>
internal static class VerbList
{
    /// <summary>The verb named by the first argument, else all: reflection over every option of every verb would slow down each start.</summary>
    public static Type[] For(IReadOnlyList<string> words)
    {
        Type? named = words.Count == 0 ? null : Array.Find(All, v => v.GetCustomAttribute<VerbAttribute>()!.Name == words[0]);
        return named is null ? All : [named];
    }

    public static Type[] All { get; } =
    [
        typeof(TrainVerb),
        typeof(ResumeVerb),
        typeof(EvalVerb),
        typeof(PredictVerb),
        typeof(GenerateVerb),
        typeof(InitVerb),
        typeof(SummaryVerb),
        typeof(ConfigPrintVerb),
        typeof(SchemaVerb),
        typeof(DataVerb),
        typeof(DevicesVerb),
        typeof(StepVerb),
        typeof(ReportVerb),
        typeof(ReplayVerb),
        typeof(GradCheckVerb),
        typeof(DoctorVerb),
        typeof(ExplainVerb),
        typeof(AtlasVerb),
        typeof(LrFindVerb),
        typeof(BatchFindVerb),
        typeof(SweepVerb),
        typeof(LandscapeVerb),
        typeof(RaceVerb),
        typeof(ExportVerb),
        typeof(BoardVerb),
        typeof(ServeVerb),
        typeof(ImportVerb),
        typeof(BenchVerb),
    ];
}
