using System.Globalization;
using GpuGrad.Kernels.Ops.Convolutions;
using GpuGrad.Kernels.Tensors;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Layers;

/// <summary>A size for each axis of an image: <c>3</c> for both, or <c>[3, 5]</c> for rows and columns.</summary>
public sealed record AxisSizes(int Rows, int Columns) : IConfigValue<AxisSizes>
{
    public static string Expected => $"a whole number from 1 to {WholeNumbers.Most}, or [rows, columns]";

    public static AxisSizes? Read(YamlNode node) => WholeNumbers.Read(node) switch
    {
        [var both] when both > 0 => new AxisSizes(both, both),
        [var rows, var columns] when rows > 0 && columns > 0 => new AxisSizes(rows, columns),
        _ => null,
    };

    public static implicit operator AxisSizes(int size) => new(size, size);

    /// <summary>Both axes of an image; for a signal, which is an image of one row, only the columns.</summary>
    internal (int, int) For(SpatialInput input) => input.IsSignal ? (1, Columns) : (Rows, Columns);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rows}×{Columns}");
}

/// <summary>
/// Padding around an image: a number for all sides, <c>[rows, columns]</c>, <c>[top, bottom, left, right]</c>, <c>same</c>
/// (the output is the input divided by the stride, rounded up) or <c>valid</c> (none).
/// </summary>
public sealed record PaddingConfig : IConfigValue<PaddingConfig>
{
    private readonly bool same;
    private readonly int[] sides = [];

    private PaddingConfig(bool same, params int[] sides) => (this.same, this.sides) = (same, sides);

    public static string Expected => $"a whole number from 0 to {WholeNumbers.Most}, [rows, columns], [top, bottom, left, right], same or valid";

    public static PaddingConfig Same { get; } = new(true);

    public static PaddingConfig Valid { get; } = new(false, 0);

    public static PaddingConfig? Read(YamlNode node) => node switch
    {
        YamlScalar { Value: "same" } => Same,
        YamlScalar { Value: "valid" } => Valid,
        _ => WholeNumbers.Read(node) is int[] { Length: 1 or 2 or 4 } n && n.All(v => v >= 0) ? new PaddingConfig(false, n) : null,
    };

    public static implicit operator PaddingConfig(int size) => new(false, size);

    internal Padding For(SpatialInput input, (int R, int S) window, (int H, int W) stride, (int H, int W) dilation)
    {
        if (same)
            return Padding.Same((input.H, input.W), window, stride, dilation);
        Padding padding = sides switch
        {
            [var all] => new Padding(all, all, all, all),
            [var rows, var columns] => Padding.Symmetric(rows, columns),
            _ => new Padding(sides[0], sides[1], sides[2], sides[3]),
        };
        return input.IsSignal ? new Padding(0, 0, padding.Left, padding.Right) : padding;
    }

    public override string ToString() => same ? "same" : string.Join(" ", sides.Select(s => s.ToString(CultureInfo.InvariantCulture)));
}

/// <summary>Input of a spatial layer: an image [C, H, W], or a signal [C, L], which is an image of one row.</summary>
internal readonly record struct SpatialInput(int C, int H, int W, bool IsSignal)
{
    public static SpatialInput Of(LayerSite site)
    {
        site.Require(
            site.Input.Rank is 2 or 3,
            $"its input has shape {site.Input}; expected an image [channels, height, width] or a signal [channels, length]; put 'reshape' before it");
        return site.Input.Rank == 3
            ? new SpatialInput(site.Input[0], site.Input[1], site.Input[2], false)
            : new SpatialInput(site.Input[0], 1, site.Input[1], true);
    }

    public Shape Image(int batch) => new(batch, C, H, W);

    /// <summary>Shape of a sample of the same kind with other channels and sizes.</summary>
    public Shape Output(int channels, int height, int width) => IsSignal ? new Shape(channels, width) : new Shape(channels, height, width);
}

internal static class WholeNumbers
{
    /// <summary>Largest value accepted: no picture has as many rows.</summary>
    public const int Most = 1 << 20;

    /// <summary>One integer or a list of them; null for anything else.</summary>
    public static int[]? Read(YamlNode node)
    {
        IReadOnlyList<YamlNode> items = node is YamlSequence list ? list.Items : [node];
        var numbers = new List<int>();
        foreach (YamlNode item in items)
        {
            if (item is not YamlScalar { Quoted: false } scalar || !ScalarBinder.TryWhole(scalar.Value, out long value) || value is < 0 or > Most)
                return null;
            numbers.Add((int)value);
        }
        return [.. numbers];
    }
}
