using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Cli.Views;

namespace GpuGrad.Cli.Verbs;

[Verb("explain", HelpText = "Show an expression as a circuit of gates: values forward, gradients backward, the rule of every gate.")]
public sealed class ExplainVerb : Verb
{
    [Value(0, MetaName = "EXPR", Required = true, HelpText = "Such as '(x + y)*z', or with kept values 'q = x + y; q*z'. Has + - * / ^, exp ln sqrt sin cos tan abs max min sum and every activation function.")]
    public string What { get; set; } = "";

    [Option("at", MetaValue = "POINT", Default = "", HelpText = "The value of each variable: x=3,y=-pi/2.")]
    public string At { get; set; } = "";

    [Option("claim", MetaValue = "FORMULAS", HelpText = "Derivatives worked out by hand, judged: 'w=(s-y)*s*(1-s)*x'. Exit code 1 if one is wrong.")]
    public string? Claims { get; set; }

    [Option("html", MetaValue = "FILE", HelpText = "Draw the circuit into this file.")]
    public string? Html { get; set; }

    public override int Run(Output output) => new CircuitView(What, At, Claims).Show(output, Html);
}
