namespace GpuGrad.Cli.Verbs;

/// <summary>Every verb, in the order of the help.</summary>
internal static class VerbList
{
    public static Type[] All { get; } =
    [
        typeof(TrainVerb),
        typeof(ResumeVerb),
        typeof(EvalVerb),
        typeof(PredictVerb),
        typeof(SummaryVerb),
        typeof(ConfigPrintVerb),
        typeof(SchemaVerb),
        typeof(DataVerb),
        typeof(DevicesVerb),
        typeof(StepVerb),
        typeof(GradCheckVerb),
        typeof(DoctorVerb),
        typeof(ExplainVerb),
        typeof(AtlasVerb),
        typeof(LrFindVerb),
        typeof(LandscapeVerb),
        typeof(RaceVerb),
        typeof(ExportVerb),
        typeof(BenchVerb),
    ];
}
