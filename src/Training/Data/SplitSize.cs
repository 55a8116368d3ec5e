using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Data;

/// <summary>Size of a held-out part: <c>0.1</c> is a tenth of the samples, <c>5000</c> a number of samples.</summary>
/// <param name="Fraction">Above 0 and below 1; 0 if <paramref name="Samples"/> is used.</param>
/// <param name="Samples">At least 1; 0 if <paramref name="Fraction"/> is used.</param>
public sealed record SplitSize(double Fraction, int Samples) : IConfigValue<SplitSize>
{
    public static string Expected => "a part such as 0.1, or a number of samples such as 5000";

    public static SplitSize? Read(YamlNode node)
    {
        if (node is not YamlScalar { Quoted: false } scalar)
            return null;
        if (ScalarBinder.TryWhole(scalar.Value, out long whole))
            return whole is > 0 and <= int.MaxValue ? new SplitSize(0, (int)whole) : null;
        return ScalarBinder.TryNumber(scalar.Value, out double part) && part is > 0 and < 1 ? new SplitSize(part, 0) : null;
    }

    /// <summary>Number of samples out of a total, at least one.</summary>
    public int Of(int total) => Samples > 0 ? Samples : Math.Max(1, (int)Math.Round(Fraction * total));

    public override string ToString() => Samples > 0 ? Samples.ToString(CultureInfo.InvariantCulture) : Fraction.ToString(CultureInfo.InvariantCulture);
}
