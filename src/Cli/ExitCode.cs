namespace GpuGrad.Cli;

/// <summary>Exit codes; scripts rely on them.</summary>
public static class ExitCode
{
    public const int Done = 0;
    public const int Unexpected = 1;
    public const int Usage = 2;
    public const int Data = 3;
    public const int NonFinite = 4;
    public const int Memory = 5;
    public const int Device = 6;
    public const int TargetMissed = 7;

    public static int Of(Fault fault) => fault switch
    {
        Fault.Config => Usage,
        Fault.Data => Data,
        Fault.NonFinite => NonFinite,
        Fault.Memory => Memory,
        Fault.Device => Device,
        _ => Unexpected,
    };
}
