// The other side of bench/compare.py: a process that times TorchSharp when it is told to, as bench/peer.py does with PyTorch. Its argument is
// the number of threads; it reads a line of JSON, {"task": ..., ...}, and answers with one.
using System.Globalization;
using System.Text.Json.Nodes;
using GpuGrad.Bench.TorchSharpPeer;
using TorchSharp;

torch.set_num_threads(int.Parse(args[0], CultureInfo.InvariantCulture));
var made = new Dictionary<(string Net, bool ChannelsLast), Step>();
while (Console.ReadLine() is string line)
{
    JsonNode request = JsonNode.Parse(line)!;
    string task = (string)request["task"]!, name = (string?)request["name"] ?? "";
    JsonObject answer = task switch
    {
        "about" => new JsonObject { ["torchsharp"] = typeof(torch).Assembly.GetName().Version!.ToString(3), ["libtorch"] = torch.__version__, ["threads"] = torch.get_num_threads() },
        "gradients" when Nets.All.ContainsKey(name) => Gradients(request, name),
        "step" when Nets.All.ContainsKey(name) => Timed(request, name),
        _ => new JsonObject { ["lacks"] = $"no {task} of {name} here" },
    };
    Console.WriteLine(answer.ToJsonString());
}

JsonObject Gradients(JsonNode request, string name)
{
    Safetensors.Write((string)request["out"]!, Step.Gradients(name, (string)request["weights"]!, (string)request["batch"]!));
    return [];
}

JsonObject Timed(JsonNode request, string name)
{
    bool channelsLast = (bool?)request["channels_last"] ?? false;
    if (!made.TryGetValue((name, channelsLast), out Step? step))
        made[(name, channelsLast)] = step = new Step(name, channelsLast);
    double[] samples = Step.Timed(step.Run, (double)request["seconds"]!);
    return new JsonObject { ["median"] = samples[samples.Length / 2], ["min"] = samples[0], ["max"] = samples[^1], ["samples"] = samples.Length };
}
