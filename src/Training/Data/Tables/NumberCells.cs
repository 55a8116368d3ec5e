using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace GpuGrad.Training.Data.Tables;

/// <summary>
/// Reads numbers in a culture's notation. A group of thousands has three digits, and the first group does not start with 0, or the text is not a number: neither
/// 1.5 nor 0.150 is one if a point groups thousands.
/// </summary>
internal sealed class NumberCells
{
    private readonly Regex form;
    private readonly TableCulture culture;

    public NumberCells(TableCulture culture)
    {
        this.culture = culture;
        string group = $"[{Regex.Escape(culture.Groups)}]", point = Regex.Escape(culture.Point.ToString());
        form = new Regex($@"^[-+]?([1-9][0-9]{{0,2}}({group}[0-9]{{3}})+|[0-9]*)({point}[0-9]*)?([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
    }

    public bool TryRead(ReadOnlySpan<byte> bytes, out double value)
    {
        string text = Encoding.UTF8.GetString(bytes).Trim().Replace('\u2212', '-');
        value = 0;
        if (!form.IsMatch(text))
            return false;
        string plain = string.Concat(text.Where(c => !culture.Groups.Contains(c, StringComparison.Ordinal))).Replace(culture.Point, '.');
        return double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }
}
