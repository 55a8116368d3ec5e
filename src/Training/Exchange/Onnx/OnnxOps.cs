using GpuGrad.Kernels.Graphs;
using GpuGrad.Kernels.Ops.Activations;
using GpuGrad.Kernels.Ops.Attention;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Elementwise;
using GpuGrad.Kernels.Ops.Embeddings;
using GpuGrad.Kernels.Ops.Matmuls;
using GpuGrad.Kernels.Ops.Normalization;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Ops.Recurrence;
using GpuGrad.Kernels.Ops.Resampling;
using GpuGrad.Kernels.Ops.Softmax;
using GpuGrad.Kernels.Ops.Steps;
using GpuGrad.Kernels.Tensors;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>
/// Translates each op of an evaluation to ONNX. A new op of a layer needs a line here; the tests that export every layer of the catalog
/// require it.
/// </summary>
internal static class OnnxOps
{
    /// <summary>Adds the ONNX nodes of one of our nodes and returns the name of the result.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the op has no ONNX form yet.</exception>
    public static string Translate(OnnxNode n) => n.Op switch
    {
        MatMul op => Gemm(n, op),
        Conv2D op => OnnxWindows.Conv(n, op),
        ConvTranspose2D op => OnnxWindows.ConvTranspose(n, op),
        MaxPool2D op => OnnxWindows.MaxPool(n, op),
        AveragePool2D op => OnnxWindows.AveragePool(n, op),
        Upsample op => OnnxResampling.Upsample(n, op),
        BatchNormInference op => OnnxNorms.Batch(n, op),
        LayerNorm op => OnnxNorms.Layer(n, op),
        GroupNorm op => OnnxNorms.Group(n, op),
        RmsNorm op => OnnxAttention.Rms(n, op),
        Attention op => OnnxAttention.Attention(n, op),
        Rotary op => OnnxAttention.Rotary(n, op),
        AddPositions => n.Add("Add", [n.Input(0), n.Input(1)]),
        AddSinusoids op => OnnxAttention.Sinusoids(n, op),
        Softmax op => n.Add(op.Log ? "LogSoftmax" : "Softmax", [n.Input()], Of("axis", -1)),
        Embedding => n.Add("Gather", [n.Input(0), n.Add("Cast", [n.Input(1)], Of("to", (long)TensorProto.Types.DataType.Int64))], Of("axis", 0)),
        Reshape op => n.Graph.Reshape(n.Input(), n.InputShape(), op.To),
        Permute op => n.Add("Transpose", [n.Input()], Ints("perm", op.Axes)),
        Concat op => n.Add("Concat", [.. Enumerable.Range(0, n.Inputs).Select(i => n.Input(i))], Of("axis", op.Axis)),
        Slice op => n.Add("Slice", [n.Input(), n.Graph.Indices("starts", [op.Start]), n.Graph.Indices("ends", [op.Start + op.Length]), n.Graph.Indices("axes", [op.Axis])]),
        Recurrence op => OnnxSequences.Recurrence(n, op),
        TimePool op => OnnxSequences.Pool(n, op),
        PRelu op => Sloped(n, op),
        Add => n.Add("Add", [n.Input(0), n.Input(1)]),
        Multiply => n.Add("Mul", [n.Input(0), n.Input(1)]),
        MapOp op when OnnxActivations.Find(op) is { } activation => activation(n, op.Constant),
        Op op => throw new GpuGradException(Fault.Config, $"layer {n.Scope}: '{op.Name}' has no form in ONNX yet; expected other layers, or an --out that ends in .safetensors"),
    };

    // Slopes are broadcast by ONNX's rule: aligned at the last axis.
    private static string Sloped(OnnxNode n, PRelu op)
    {
        int slopes = n.InputShape(1).Count, behind = slopes == 1 ? 0 : n.InputShape().Rank - 1 - op.Axis;
        return n.Add("PRelu", [n.Input(0), n.Input(1, new Shape([slopes, .. Enumerable.Repeat(1, behind)]))]);
    }

    private static string Gemm(OnnxNode n, MatMul op)
    {
        string[] inputs = op.Bias ? [n.Input(0), n.Input(1), n.Input(2)] : [n.Input(0), n.Input(1)];
        return n.Add("Gemm", inputs, Of("transA", op.TransposeA ? 1 : 0), Of("transB", op.TransposeB ? 1 : 0));
    }
}
