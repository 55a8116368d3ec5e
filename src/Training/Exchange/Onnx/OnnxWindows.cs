using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Ops.Pooling;
using GpuGrad.Kernels.Ops.Resampling;
using GpuGrad.Kernels.Tensors;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>Convolutions and poolings: windows that move over [N, C, H, W].</summary>
internal static class OnnxWindows
{
    private const int HasAxes = 18;

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

    // Whole factors are given as they are; other sizes, before opset 18, only with those of the batch and the channels, which the model is not to fix.
    public static string Upsample(OnnxNode n, Upsample op)
    {
        Shape x = n.InputShape(), y = n.OutputShape;
        bool nearest = op.Mode == Interpolation.Nearest;
        AttributeProto[] how = [Of("mode", nearest ? "nearest" : "linear"), Of("coordinate_transformation_mode", nearest ? "asymmetric" : "half_pixel"), Of("nearest_mode", "floor")];
        if (y[2] % x[2] == 0 && y[3] % x[3] == 0)
        {
            string scales = n.Graph.Numbers("scales", TensorProto.Types.DataType.Float, [4], [1, 1, y[2] / x[2], y[3] / x[3]]);
            return n.Add("Resize", [n.Input(), "", scales], how);
        }
        if (n.Graph.Opset >= HasAxes)
            return n.Add("Resize", [n.Input(), "", "", n.Graph.Indices("sizes", [y[2], y[3]])], [.. how, Ints("axes", 2, 3)]);
        string kept = n.Add("Slice", [n.Add("Shape", [n.Input()]), n.Graph.Indices("starts", [0]), n.Graph.Indices("ends", [2])]);
        string sizes = n.Add("Concat", [kept, n.Graph.Indices("sizes", [y[2], y[3]])], Of("axis", 0));
        // The checker's inference does not follow sizes that are computed.
        return n.Graph.Reshape(n.Add("Resize", [n.Input(), "", "", sizes], how), y, y);
    }

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
        [Ints("kernel_shape", g.Kernel.R, g.Kernel.S), Ints("strides", g.Stride.H, g.Stride.W), Pads(g.Padding)];

    // The beginnings of all axes, then their ends.
    private static AttributeProto Pads(Padding p) => Ints("pads", p.Top, p.Left, p.Bottom, p.Right);

    private static bool IsGlobal(OnnxNode n, PoolGeometry g) => g.Kernel == (n.InputShape()[2], n.InputShape()[3]) && g.Padding == default;
}
