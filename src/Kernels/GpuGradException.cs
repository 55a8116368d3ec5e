namespace GpuGrad;

/// <summary>The kind of error, which decides the exit code.</summary>
public enum Fault
{
    /// <summary>A defect of the program.</summary>
    Internal,

    /// <summary>The configuration or the command line is wrong.</summary>
    Config,

    /// <summary>A data file is missing, broken or does not fit the configuration.</summary>
    Data,

    /// <summary>A loss, gradient or weight is no longer a finite number.</summary>
    NonFinite,

    /// <summary>Host or device memory does not suffice.</summary>
    Memory,

    /// <summary>A device is missing, refused to work or was lost.</summary>
    Device,
}

/// <summary>
/// An error that the user can act on. The message is one line: what, where, what was expected, what to do.
/// </summary>
public class GpuGradException : Exception
{
    public GpuGradException(Fault fault, string message, Exception? inner = null) : base(message, inner) => Fault = fault;

    public Fault Fault { get; }
}
