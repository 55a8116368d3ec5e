using System.Runtime.InteropServices;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Transfer;

/// <summary>Tensors by name in a file: a safetensors file, or a run's newest checkpoint while it has no weights file.</summary>
internal sealed class WeightSource : IDisposable
{
    private const string Average = "average weights";

    private readonly IDisposable file;
    private readonly Dictionary<string, Reader> readers = new(StringComparer.Ordinal);

    private WeightSource(SafetensorsFile weights)
    {
        (file, Path) = (weights, weights.Path);
        foreach (SafetensorsTensor tensor in weights.Tensors)
            readers[tensor.Name] = new Reader(tensor.Shape, (first, values) => weights.Read(tensor, first, values));
    }

    private WeightSource(CheckpointFile checkpoint)
    {
        (file, Path) = (checkpoint, checkpoint.Path);
        Dictionary<string, CheckpointBuffer> buffers = checkpoint.Content.Buffers.ToDictionary(b => b.Name, StringComparer.Ordinal);
        foreach (CheckpointParameter parameter in checkpoint.Content.Parameters)
        {
            // The average is evaluated and saved, if it is kept.
            string name = parameter.Buffer == "parameters" && buffers.ContainsKey(Average) ? Average : parameter.Buffer;
            if (buffers.TryGetValue(name, out CheckpointBuffer? buffer))
                readers[parameter.Name] = new Reader([.. parameter.Shape.Select(s => (long)s)], (first, values) => Read(buffer, parameter.Offset + first, values));
        }
    }

    public string Path { get; }

    /// <summary>Names and shapes of the tensors.</summary>
    public IEnumerable<(string Name, IReadOnlyList<long> Shape)> Tensors => readers.Select(r => (r.Key, r.Value.Shape));

    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: it is missing, damaged, or of another kind.</exception>
    public static WeightSource Open(string path)
    {
        if (!Directory.Exists(path))
        {
            if (System.IO.Path.GetExtension(path).ToLowerInvariant() is ".pt" or ".pth" or ".bin" or ".ckpt" or ".pkl")
                throw new GpuGradException(Fault.Data, $"{path}: expected a .safetensors file; from PyTorch: safetensors.torch.save_file(model.state_dict(), 'model.safetensors')");
            return new WeightSource(SafetensorsFile.Open(path));
        }
        try
        {
            return new WeightSource(SafetensorsFile.Open(System.IO.Path.Combine(path, "weights.safetensors")));
        }
        catch (MissingFileException)
        {
            return new WeightSource(new CheckpointFolder(System.IO.Path.Combine(path, "checkpoints")).OpenNewest()
                ?? throw new GpuGradException(Fault.Data, $"{path}: neither weights.safetensors nor a checkpoint in it; expected the folder of a run or a .safetensors file"));
        }
    }

    /// <summary>Some of a tensor's values, starting at an element.</summary>
    public void Read(string name, long first, Span<double> values) => readers[name].Read(first, values);

    public void Dispose() => file.Dispose();

    private static void Read(CheckpointBuffer buffer, long first, Span<double> values)
    {
        if (buffer.Element == CheckpointElement.Float64)
        {
            buffer.Read(first * sizeof(double), MemoryMarshal.AsBytes(values));
            return;
        }
        var floats = new float[values.Length];
        buffer.Read(first * sizeof(float), MemoryMarshal.AsBytes(floats.AsSpan()));
        for (int i = 0; i < floats.Length; i++)
            values[i] = floats[i];
    }

    private delegate void ReadValues(long first, Span<double> values);

    private sealed record Reader(IReadOnlyList<long> Shape, ReadValues Read);
}
