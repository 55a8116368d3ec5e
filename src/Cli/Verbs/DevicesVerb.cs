using System.Text.Json.Nodes;
using CommandLine;
using GpuGrad.Cli.Terminal;
using GpuGrad.Kernels.Devices;

namespace GpuGrad.Cli.Verbs;

[Verb("devices", HelpText = "List the devices that this machine can train on.")]
public sealed class DevicesVerb : Verb
{
    public override int Run(Output output)
    {
        IReadOnlyList<DeviceInfo> devices = DeviceCatalog.List();
        output.Table(["device", "name"], devices.Select(d => new[] { d.Id, d.Name }));
        output.Line();
        foreach (string refused in DeviceCatalog.Refused())
            output.Line(refused);
        output.Line($"'auto' chooses {DeviceCatalog.Find(DeviceCatalog.Auto).Id}");
        output.Json(new JsonArray([.. devices.Select(d => new JsonObject { ["id"] = d.Id, ["name"] = d.Name })]));
        return ExitCode.Done;
    }
}
