using CommandLine;

namespace GpuGrad.Cli.Verbs;

[Verb("serve", HelpText = "Serve predictions over HTTP: JSON rows and arrays, pictures; GET /openapi.json describes the API.")]
public sealed class ServeVerb : WebVerb
{
    [Value(0, MetaName = "RUN", Required = true, HelpText = "A run folder or a .safetensors file of GpuGrad.")]
    public string Path { get; set; } = "";

    [Option("port", Default = 8000, HelpText = "The port to listen on; 0 for any free port.")]
    [Range(0, Highest = 65535)]
    public override int Port { get; set; }

    [Option("device", HelpText = "Overrides the run's device.")]
    public string? DeviceId { get; set; }

    [Option("threads", HelpText = "Threads of the cpu device; overrides the run's.")]
    [Range(0, Highest = 1024)]
    public int? Threads { get; set; }

    [Option("max-batch", Default = 64, HelpText = "Largest number of samples in a batch.")]
    [Range(1, Highest = 4096)]
    public int MaxBatch { get; set; }

    [Option("max-wait", Default = 2.0, MetaValue = "MS", HelpText = "Longest time in milliseconds that a sample waits for others to share its batch, while other requests are arriving.")]
    [Range(0, Highest = 10000)]
    public double MaxWait { get; set; }

    [Option("max-body", Default = 16.0, MetaValue = "MIB", HelpText = "Largest request in MiB; larger ones get 413.")]
    [Range(0, Above = true, Highest = 1024)]
    public double MaxBody { get; set; }

    [Option("queue", Default = 1024, HelpText = "Largest number of requests in progress or waiting; one more gets 503.")]
    [Range(1, Highest = 100000)]
    public int Queue { get; set; }

    [Option("timeout", Default = 30.0, MetaValue = "S", HelpText = "Longest time in seconds that a request may take, including its transfer.")]
    [Range(0, Above = true, Highest = 86400)]
    public double Timeout { get; set; }
}
