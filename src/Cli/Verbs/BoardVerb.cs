using CommandLine;

namespace GpuGrad.Cli.Verbs;

[Verb("board", HelpText = "Show the runs of a folder in the browser, live: curves, layers, mistakes, configs side by side.")]
public sealed class BoardVerb : WebVerb
{
    [Value(0, MetaName = "FOLDER", HelpText = "Folder with runs, at most five levels deep, or one run. Default: the folder 'runs'.")]
    public string? Folder { get; set; }

    [Option("port", Default = 8001, HelpText = "The port to listen on; 0 for any free port.")]
    [Range(0, Highest = 65535)]
    public override int Port { get; set; }
}
