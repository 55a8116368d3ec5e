using Google.Protobuf;
using GpuGrad.Training.Exchange.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace GpuGrad.Training.Tests.Exchange.Onnx;

/// <summary>A model in ONNX Runtime, Microsoft's reader of ONNX: what others will run.</summary>
internal sealed class OnnxSession : IDisposable
{
    private readonly InferenceSession session;

    public OnnxSession(ModelProto model)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        session = new InferenceSession(model.ToByteArray(), options);
    }

    public IReadOnlyDictionary<string, string> Metadata => session.ModelMetadata.CustomMetadataMap;

    /// <summary>The outputs by name for samples that lie one after the other; the first axis of <paramref name="sizes"/> is their number.</summary>
    public IReadOnlyDictionary<string, double[]> Run<T>(T[] x, params long[] sizes) where T : unmanaged
    {
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(x, sizes);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, ["x"], [input], session.OutputNames);
        return session.OutputNames.Zip(outputs).ToDictionary(o => o.First, o => Array.ConvertAll(o.Second.GetTensorDataAsSpan<float>().ToArray(), v => (double)v));
    }

    public void Dispose() => session.Dispose();
}
