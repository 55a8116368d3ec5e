using System.Globalization;
using System.Text.RegularExpressions;

namespace GpuGrad.Kernels.Devices.Ilgpu.Loading;

/// <summary>
/// Renumbers the types, functions, parameters and labels of generated kernel text in order of appearance. ILGPU numbers them in the order in which the process
/// happened to compile them; renumbered, equal kernels have equal text, so the driver's own cache hits too.
/// </summary>
internal static partial class CanonicalText
{
    /// <summary>Increase this when the numbering changes, so that older texts on disk are not used.</summary>
    public const string Version = "1";

    public static string Of(string text)
    {
        var numbers = new Dictionary<string, string>(StringComparer.Ordinal);
        return Numbered().Replace(text, match =>
        {
            string number = match.Groups["number"].Value;
            if (!numbers.TryGetValue(number, out string? own))
                numbers[number] = own = numbers.Count.ToString(CultureInfo.InvariantCulture);
            return $"{match.Groups["name"].Value}{own}";
        });
    }

    // type_2350, type_2350_kernel, L_82250, retval_8227, _x_8234, Of_8227; not the fields and buffers that are numbered within the
    // kernel (field_0, view_0), nor a target (sm_80).
    [GeneratedRegex(@"(?<![\w.%$])(?!(?:field|view|sm|compute)_)(?<name>[A-Za-z_]\w*?_|_)(?<number>\d+)(?=_kernel\b|\b)", RegexOptions.CultureInvariant)]
    private static partial Regex Numbered();
}
