using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Tensors;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>Convolutions and poolings over [N, C, H, W] in ONNX.</summary>
internal static class OnnxWindows
{
    public static string Conv(OnnxNode n, Conv2D op) => n.Add("Conv", Inputs(n, op), [.. Geometry(n, op)]);

    public static string ConvTranspose(OnnxNode n, ConvTranspose2D op)
    {
        Shape x = n.InputShape(0), w = n.InputShape(1);
        (int h, int wide) = op.Geometry.TransposedOutput((x[2], x[3]), (w[2], w[3]));
        return n.Add("ConvTranspose", Inputs(n, op), [.. Geometry(n, op), Ints("output_padding", op.Height - h, op.Width - wide)]);
    }

    public static string MaxPool(OnnxNode n, MaxPool2D op) =>
        IsGlobal(n, op.Geometry) ? n.Add("GlobalMaxPool", [n.Input()]) : n.Add("MaxPool", [n.Input()], [.. Geometry(op.Geometry)]);

    public static string AveragePool(OnnxNode n, AveragePool2D op) => IsGlobal(n, op.Geometry)
        ? n.Add("GlobalAveragePool", [n.Input()])
        : n.Add("AveragePool", [n.Input()], [.. Geometry(op.Geometry), Of("count_include_pad", op.CountPadding ? 1 : 0)]);

    private static string[] Inputs(OnnxNode n, ConvolutionOp op) => op.Bias ? [n.Input(0), n.Input(1), n.Input(2)] : [n.Input(0), n.Input(1)];

    private static IEnumerable<AttributeProto> Geometry(OnnxNode n, ConvolutionOp op)
    {
        ConvGeometry g = op.Geometry;
        Shape w = n.InputShape(1);
        return
        [
            Ints("kernel_shape", w[2], w[3]),
            Ints("strides", g.Stride.H, g.Stride.W),
            Ints("dilations", g.Dilation.H, g.Dilation.W),
            Of("group", g.Groups),
            Pads(g.Padding),
        ];
    }

    private static IEnumerable<AttributeProto> Geometry(PoolGeometry g) =>
        [Ints("kernel_shape", g.Window.R, g.Window.S), Ints("strides", g.Stride.H, g.Stride.W), Pads(g.Padding)];

    // The starts of all axes, then their ends.
    private static AttributeProto Pads(Padding p) => Ints("pads", p.Top, p.Left, p.Bottom, p.Right);

    private static bool IsGlobal(OnnxNode n, PoolGeometry g) => g.Window == (n.InputShape()[2], n.InputShape()[3]) && g.Padding == default;
}
