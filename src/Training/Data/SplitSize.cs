using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;

namespace GpuGrad.Training.Data;

/// <summary>How many samples are held back: <c>0.1</c> is a tenth of them, <c>5000</c> so many.</summary>
/// <param name="Fraction">Above 0 and below 1; 0 when <paramref name="Samples"/> counts.</param>
/// <param name="Samples">1 or more; 0 when <paramref name="Fraction"/> counts.</param>
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

    /// <summary>Samples out of so many, at least one.</summary>
    public int Of(int total) => Samples > 0 ? Samples : Math.Max(1, (int)Math.Round(Fraction * total));

    public override string ToString() => Samples > 0 ? Samples.ToString(CultureInfo.InvariantCulture) : Fraction.ToString(CultureInfo.InvariantCulture);
}
