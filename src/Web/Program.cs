using GpuGrad.Cli;
using GpuGrad.Cli.Verbs;
using GpuGrad.Web.Board;
using GpuGrad.Web.Serving;

// gpugrad's command line, with the verbs that need ASP.NET Core.
WebVerb.Host = (verb, output) => verb switch
{
    BoardVerb board => BoardCommand.Run(board, output),
    ServeVerb serve => ServeCommand.Run(serve, output),
    _ => throw new InvalidOperationException($"{verb.GetType()} has no program."),
};
return Commands.Run(args);
