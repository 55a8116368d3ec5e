using GpuGrad.Cli;
using GpuGrad.Cli.Verbs;
using GpuGrad.Web.Board;
using GpuGrad.Web.Serving;

// The same command line as gpugrad's, with the verbs that it hands over.
WebVerb.Host = (verb, output) => verb switch
{
    BoardVerb board => BoardCommand.Run(board, output),
    ServeVerb serve => ServeCommand.Run(serve, output),
    _ => throw new InvalidOperationException($"{verb.GetType()} has no program."),
};
return Commands.Run(args);
