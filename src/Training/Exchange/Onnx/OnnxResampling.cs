using GpuGrad.Kernels.Ops.Resampling;
using GpuGrad.Kernels.Tensors;
using static GpuGrad.Training.Exchange.Onnx.OnnxAttribute;
using DataType = GpuGrad.Training.Exchange.Onnx.TensorProto.Types.DataType;

namespace GpuGrad.Training.Exchange.Onnx;

/// <summary>
/// Image resizing. For integer factors ONNX's Resize is used; for others it computes positions in float, and the nearest pixel may be
/// a neighbouring one (14 to 32), so the pixels are gathered by index, axis by axis, and interpolated.
/// </summary>
internal static class OnnxResampling
{
    public static string Upsample(OnnxNode n, Upsample op)
    {
        Shape x = n.InputShape();
        if (op.Height % x[2] == 0 && op.Width % x[3] == 0)
            return Resize(n, op, op.Height / x[2], op.Width / x[3]);
        string rows = Axis(n, n.Input(), 2, x[2], op.Height, op.Mode);
        return Axis(n, rows, 3, x[3], op.Width, op.Mode);
    }

    private static string Resize(OnnxNode n, Upsample op, int rows, int columns)
    {
        bool nearest = op.Mode == Interpolation.Nearest;
        string scales = n.Graph.Numbers("scales", DataType.Float, [4], [1, 1, rows, columns]);
        return n.Add(
            "Resize",
            [n.Input(), "", scales],
            Of("mode", nearest ? "nearest" : "linear"),
            Of("coordinate_transformation_mode", nearest ? "asymmetric" : "half_pixel"),
            Of("nearest_mode", "floor"));
    }

    private static string Axis(OnnxNode n, string x, int axis, long from, long to, Interpolation mode)
    {
        if (from == to)
            return x;
        // (d + ½)·from/to - ½ in units of 1 / 2·to, clamped at 0.
        long[] positions = [.. Enumerable.Range(0, (int)to).Select(d => Math.Max(0, (((2L * d) + 1) * from) - to))];
        if (mode == Interpolation.Nearest)
            return Pick(n, x, axis, [.. Enumerable.Range(0, (int)to).Select(d => d * from / to)]);
        string first = Pick(n, x, axis, [.. positions.Select(p => p / (2 * to))]);
        string second = Pick(n, x, axis, [.. positions.Select(p => Math.Min((p / (2 * to)) + 1, from - 1))]);
        int[] sizes = axis == 2 ? [(int)to, 1] : [(int)to];
        string share = n.Graph.Numbers("share", DataType.Float, sizes, positions.Select(p => p % (2 * to) / (2.0 * to)));
        return n.Add("Add", [first, n.Add("Mul", [n.Add("Sub", [second, first]), share])]);
    }

    private static string Pick(OnnxNode n, string x, int axis, long[] places) => n.Add("Gather", [x, n.Graph.Indices("places", places)], Of("axis", axis));
}
