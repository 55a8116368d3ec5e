using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Config;

namespace GpuGrad.Cli.Verbs;

[Verb("schema", HelpText = "Print the JSON Schema of the config, for editors that complete and check YAML.")]
public sealed class SchemaVerb : Verb
{
    public override int Run(Output output)
    {
        new Output(json: true).Json(ConfigSchema.Generate());
        return ExitCode.Done;
    }
}
