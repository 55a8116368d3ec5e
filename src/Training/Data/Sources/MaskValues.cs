using System.Globalization;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Maps the values of a mask's pixels, gray values or colours, to classes.</summary>
/// <param name="Values">The values, in the order of the classes.</param>
internal sealed record MaskValues(IReadOnlyList<int> Values)
{
    private const int MostNamed = 8;

    private readonly Dictionary<int, byte> classes = Values.Select((v, i) => (v, i)).ToDictionary(p => p.v, p => (byte)p.i);

    /// <summary>The classes' names: gray values, or colours such as #ff0000.</summary>
    public string[] Names => [.. Values.Select(NameOf)];

    /// <summary>Describes the mapping, for the user.</summary>
    public string Note => $"masks: {string.Join(", ", Values.Take(MostNamed).Select((v, i) => string.Create(CultureInfo.InvariantCulture, $"{NameOf(v)} is class {i}")))}{(Values.Count > MostNamed ? ", …" : "")}";

    /// <summary>The values that occur, in order, without the ignored one.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Data"/>: more values than a mask can have classes, or only one.</exception>
    public static MaskValues Of(IEnumerable<int> occurring, int? ignored, string name)
    {
        int[] values = [.. occurring.Where(v => v != ignored).Order()];
        // Small numbers are class numbers, some of which may not occur; gray values are spread out to be visible.
        if (values.Length > 0 && values[^1] < 2 * values.Length && values[^1] < MaskArray.MostClasses)
            values = [.. Enumerable.Range(0, values[^1] + 1)];
        if (values.Length > MaskArray.MostClasses)
            throw DataFault.In(name, $"masks of {values.Length} values", $"one for each class, at most {MaskArray.MostClasses}; JPEG and scaling blur masks: save them as PNG, or give 'mask-threshold' for two classes");
        return values.Length > 1 ? new MaskValues(values) : throw DataFault.In(name, $"masks whose pixels are all {(values.Length == 0 ? "ignored" : NameOf(values[0]))}", "at least two classes");
    }

    /// <summary>The values of a trained network, from the names of its classes.</summary>
    public static MaskValues Named(IReadOnlyList<string> names, string name) => TryNamed(names)
        ?? throw DataFault.In(name, $"masks for a network whose classes are called {DataFault.Some([.. names])}", "one whose masks were pictures too");

    /// <summary>The same; null if the names are others, or missing.</summary>
    public static MaskValues? TryNamed(IReadOnlyList<string> names)
    {
        var values = new List<int>();
        foreach (string name in names)
        {
            if (!TryValue(name, out int value))
                return null;
            values.Add(value);
        }
        return values.Count == 0 || values.Distinct().Count() < values.Count ? null : new MaskValues(values);
    }

    /// <summary>The class of a value.</summary>
    public bool TryClass(int value, out byte label) => classes.TryGetValue(value, out label);

    /// <summary>A gray value in decimal, a colour as #rrggbb.</summary>
    public static string NameOf(int value) => value <= byte.MaxValue ? value.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"#{value - Colour:x6}");

    /// <summary>Offset of colours, so that they differ from gray values.</summary>
    public const int Colour = 1 << 24;

    private static bool TryValue(string name, out int value)
    {
        if (name.StartsWith('#') && int.TryParse(name.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value))
        {
            value += Colour;
            return value < 2 * Colour;
        }
        return int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= byte.MaxValue;
    }
}
