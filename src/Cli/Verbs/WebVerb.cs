using System.Net;
using CommandLine;
using GpuGrad.Cli.Terminal;

namespace GpuGrad.Cli.Verbs;

/// <summary>
/// A verb that serves HTTP. It needs ASP.NET Core's runtime, so it runs in a separate program, <c>gpugrad-web</c>, which reads the same
/// command line and sets <see cref="Host"/>; every other verb needs only the base runtime.
/// </summary>
public abstract class WebVerb : Verb
{
    /// <summary>Runs the verb in the program with ASP.NET Core; null in the one that hands over to it.</summary>
    internal static Func<WebVerb, Output, int>? Host { get; set; }

    public abstract int Port { get; set; }

    [Option("bind", Default = "127.0.0.1", MetaValue = "ADDRESS", HelpText = "The IP address to listen on; any but the loopback addresses (127.0.0.1, ::1) needs a token.")]
    public string Bind { get; set; } = "127.0.0.1";

    [Option("token", MetaValue = "TEXT", HelpText = "Token that a client must send (Authorization: Bearer TEXT, or ?token=TEXT in a browser); @FILE reads it from a file. Generated if --bind needs one.")]
    public string? Token { get; set; }

    public override int Run(Output output)
    {
        _ = Address;
        return Host is null ? WebProgram.HandOver(Words) : Host(this, output);
    }

    /// <summary>Address to listen on.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: it is not an IP address.</exception>
    internal IPAddress Address => Bind == "localhost" ? IPAddress.Loopback
        : IPAddress.TryParse(Bind, out IPAddress? address) ? address
        : throw new GpuGradException(Fault.Config, $"--bind {Bind}; expected an IP address such as 127.0.0.1 or 0.0.0.0");
}
