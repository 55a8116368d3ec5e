using System.Globalization;
using GpuGrad.Training.Data.Tables;

namespace GpuGrad.Training.Starters;

/// <summary>Text of a table's column in the config.</summary>
internal sealed class TableColumnText
{
    private const int ShownCategories = 4, MostOneHot = 1000;

    private readonly ColumnProfile profile;

    /// <param name="profile">Profile of the column.</param>
    /// <param name="isTarget">Whether it is the target.</param>
    /// <param name="isTime">Whether it is only the time of a series' rows.</param>
    public TableColumnText(ColumnProfile profile, bool isTarget, bool isTime = false)
    {
        this.profile = profile;
        Reason = isTarget ? null : isTime ? "the time of the rows" : ReasonToIgnore(profile);
        Type = isTarget ? "target" : Reason is not null ? "ignore" : profile.Type!.Value.ToString().ToLowerInvariant();
    }

    public string Type { get; }

    public string? Reason { get; }

    public StarterColumn Column => new(profile.Name, Type, Reason);

    /// <summary>Its comment in the config.</summary>
    public string Remark => Reason ?? Values() + Gaps() + Remarks();

    /// <summary>Whether each of its values occurs with only one target.</summary>
    public static bool IsTelling(ColumnProfile column) => column.Suspicions.Any(s => s.EndsWith("each of its values has one answer", StringComparison.Ordinal));

    private static string? ReasonToIgnore(ColumnProfile column) => column switch
    {
        { Type: null } => "no value in any row",
        { Type: ColumnType.Text, MayBeNumbers: true, Examples: [string example, ..] } => $"numbers with signs or units, such as '{Short(example)}': write plain numbers to use them",
        // A number that separates the classes may be a legitimate input; a column with only two values that does is not.
        { Type: ColumnType.Number, Distinct: > 2 } when IsTelling(column) && column.Suspicions.Count == 1 => null,
        { IsBetterIgnored: true } => column.Suspicions[^1],
        { Type: ColumnType.Text } => "names or free text",
        { Type: ColumnType.Category, Distinct: > MostOneHot } => string.Create(CultureInfo.InvariantCulture, $"{column.Distinct:N0} different texts"),
        { Type: ColumnType.Number, Minimum: null } => "no value that is a number",
        { Type: ColumnType.Number } => column.Suspicions.FirstOrDefault(s => s.Contains("are not numbers", StringComparison.Ordinal)),
        _ => null,
    };

    private string Values() => profile.Type switch
    {
        ColumnType.Number => $"{Number(profile.Minimum!.Value)} … {Number(profile.Maximum!.Value)}",
        ColumnType.Date => string.Create(CultureInfo.InvariantCulture, $"{DateTime.UnixEpoch.AddSeconds(profile.Minimum!.Value):yyyy-MM-dd} … {DateTime.UnixEpoch.AddSeconds(profile.Maximum!.Value):yyyy-MM-dd}"),
        _ => string.Join(", ", profile.Frequent.Take(ShownCategories).Select(f => Short(f.Key))) + (profile.Distinct > ShownCategories ? string.Create(CultureInfo.InvariantCulture, $", … {profile.Distinct:N0} in all") : ""),
    };

    private string Gaps() => profile.Missing == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {profile.Missing:N0} missing");

    private string Remarks() => IsTelling(profile) ? "; determines the target" : profile.Code is string code ? $"; codes with leading zeros such as {code}" : profile.Suspicions.FirstOrDefault(s => s.StartsWith("says the same", StringComparison.Ordinal)) is string twin ? "; " + twin : "";

    /// <summary>A number in a readable form.</summary>
    internal static string Number(double value) => value.ToString(value == Math.Floor(value) && Math.Abs(value) < 1e9 ? "F0" : "G5", CultureInfo.InvariantCulture);

    private static string Short(string text) => text.Length <= 20 ? text : text[..19] + "…";
}
