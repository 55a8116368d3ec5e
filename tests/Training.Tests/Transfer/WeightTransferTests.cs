using GpuGrad.Kernels.Devices.Cpu;
using GpuGrad.Training.Config;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Networks;
using GpuGrad.Training.Steps;
using GpuGrad.Training.Tests.Storage;
using GpuGrad.Training.Transfer;

namespace GpuGrad.Training.Tests.Transfer;

/// <summary>Weights of another network, by name: what fits is loaded, what does not is left and told.</summary>
public sealed class WeightTransferTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly CpuDevice cpu = new(1);

    public void Dispose()
    {
        cpu.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void What_fits_is_loaded_and_what_does_not_is_left_with_the_reason()
    {
        Write(("0.weight", [3, 2], [1, 2, 3, 4, 5, 6]), ("2.weight", [9, 3], new float[27]), ("4.weight", [1], [7]), ("0.num_batches_tracked", [], [5]));
        using Model model = Begin("w.safetensors");
        WeightTransfer transfer = model.Transfer!;
        Assert.Equal(["0.weight"], transfer.Loaded.Select(p => p.Name));
        Assert.Equal([("0.bias", "not in the file"), ("2.weight", "has shape [9, 3] in the file"), ("2.bias", "not in the file")], transfer.Left.Select(p => (p.Name, p.Why)));
        Assert.Equal([("4.weight", "the network has no such parameter")], transfer.Extra.Select(p => (p.Name, p.Why)));
        Assert.Equal([1, 2, 3, 4, 5, 6], model.Read(model.Network.Parameters[0]));
        Assert.Equal(model.Network.InitialValues(model.Network.Parameters[2], 1).Select(v => (double)(float)v), model.Read(model.Network.Parameters[2]));
    }

    [Theory]
    [InlineData("module.", "")]
    [InlineData("_orig_mod.", "")]
    [InlineData("module._orig_mod.", "")]
    [InlineData("encoder.", ", rename: [{from: 'encoder.*', to: '*'}]")]
    [InlineData("net.7.", ", rename: [{from: 'net.7.*.*', to: '*.*'}]")]
    public void Names_are_matched_without_wrapper_prefixes_and_after_renaming(string prefix, string rename)
    {

        Write(($"{prefix}0.weight", [3, 2], [1, 2, 3, 4, 5, 6]));
        using Model model = Begin("w.safetensors" + rename);
        Assert.Equal([("0.weight", $"{prefix}0.weight")], model.Transfer!.Loaded.Select(p => (p.Name, p.From!)));
    }

    [Fact]
    public void The_first_pattern_that_matches_renames_and_one_without_a_target_leaves_out()
    {
        Write(("a.weight", [3, 2], new float[6]), ("a.bias", [3], new float[3]), ("b.weight", [2, 3], new float[6]), ("c", [2], new float[2]));
        using Model model = Begin("w.safetensors, rename: [{from: 'a.bias'}, {from: 'a.*', to: '0.*'}, {from: '*.weight', to: '2.weight'}, {from: c, to: 2.bias}]");
        Assert.Equal(["0.weight", "2.weight", "2.bias"], model.Transfer!.Loaded.Select(p => p.Name));
        Assert.Equal([("a.bias", "left out by init-from.rename")], model.Transfer.Extra.Select(p => (p.Name, p.Why)));
    }

    [Theory]
    [InlineData("F16")]
    [InlineData("BF16")]
    [InlineData("F64")]
    public void Numbers_of_other_widths_are_read(string type)
    {
        var values = new double[] { 1.5, -2, 0.25, 3, 4, -0.125 };
        byte[] bytes = [.. values.SelectMany(v => type switch
        {
            "F16" => BitConverter.GetBytes((Half)v),
            "BF16" => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits((float)v) >> 16)),
            _ => BitConverter.GetBytes(v),
        })];
        string header = $$$"""{"0.weight":{"dtype":"{{{type}}}","shape":[3,2],"data_offsets":[0,{{{bytes.Length}}}]}}""";
        header = header.PadRight((header.Length + 7) / 8 * 8);
        File.WriteAllBytes(folder["w.safetensors"], [.. BitConverter.GetBytes((ulong)header.Length), .. System.Text.Encoding.UTF8.GetBytes(header), .. bytes]);
        using Model model = Begin("w.safetensors");
        Assert.Equal(values, model.Read(model.Network.Parameters[0]));
    }

    [Theory]
    [InlineData("w.safetensors, strict: true", "'0.bias' [3]: not in the file; init-from.strict allows nothing to be left")]
    [InlineData("w.safetensors, rename: [{from: '*', to: 'x.*'}]", "none of its tensors ('0.weight' [3, 2], '9.weight' [3, 2]) fits a parameter of the network ('0.weight' [3, 2], '0.bias' [3], '2.weight' [2, 3] and 1 more); expected the same names and shapes, or a pattern in init-from.rename")]
    [InlineData("w.safetensors, rename: [{from: '9.*', to: '0.*'}]", "'0.weight' and '9.weight' would both become '0.weight'; expected names that differ after init-from.rename")]
    [InlineData("w.pth", "expected a .safetensors file; from PyTorch: safetensors.torch.save_file(model.state_dict(), 'model.safetensors')")]
    public void An_invalid_file_is_refused_in_one_line(string from, string message)
    {
        Write(("0.weight", [3, 2], new float[6]), ("9.weight", [3, 2], new float[6]));
        var e = Assert.ThrowsAny<GpuGradException>(() => Begin(from).Dispose());
        Assert.Equal(Fault.Data, e.Fault);
        Assert.Equal($"{folder[from.Split(',')[0]]}: {message}", e.Message);
    }

    [Theory]
    [InlineData("layer*.*.*", "layer*-*.*", "layer1.0.conv1.weight", "layer1-0.conv1.weight")]
    [InlineData("layer*.*.downsample.*", "layer*-*.shortcut.*", "layer2.0.downsample.0.weight", "layer2-0.shortcut.0.weight")]
    [InlineData("*", "*", "a.b", "a.b")]
    [InlineData("a*", "b", "a.b", "b")]
    [InlineData("a.b", "c", "a.b", "c")]
    [InlineData("a.b", "c", "axb", null)]
    [InlineData("*.weight", "x.*", "a.weight.weight", "x.a.weight")]
    public void Stars_stand_for_the_same_in_both_patterns(string from, string to, string name, string? expected) =>
        Assert.Equal(expected, NamePattern.Renamed(name, from, to));

    private void Write(params (string Name, int[] Shape, float[] Values)[] tensors) =>
        SafetensorsWriter.Write(folder["w.safetensors"], [.. tensors.Select(t => TensorToWrite.Of(t.Name, t.Shape, t.Values))]);

    private Model Begin(string from)
    {
        File.WriteAllText(folder["c.yaml"], $"data: {{shape: [2], classes: 2}}\nmodel: [{{dense: 3}}, relu, {{dense: 2}}]\ninit-from: {{file: {from}}}\n");
        RunConfig config = RunConfigFile.Load(folder["c.yaml"]).Config;
        var model = new Model(config, ModelCheck.Check(config)!, cpu);
        try
        {
            model.Initialise(config.Seed);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
