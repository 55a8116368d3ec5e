using CommandLine;

namespace GpuGrad.Cli.Verbs;

[Verb("board", HelpText = "A page in the browser with the runs of a folder, live: curves, layers, mistakes, configs side by side.")]
public sealed class BoardVerb : WebVerb
{
    [Value(0, MetaName = "FOLDER", HelpText = "Where runs are, in folders of any depth up to five; a run itself too. runs by default.")]
    public string? Folder { get; set; }

    [Option("port", Default = 8001, HelpText = "The port to listen at; 0 for any that is free.")]
    [Range(0, Highest = 65535)]
    public override int Port { get; set; }
}
