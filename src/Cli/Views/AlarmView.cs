using System.Text.Json.Nodes;
using GpuGrad.Cli.Terminal;
using GpuGrad.Training.Health;

namespace GpuGrad.Cli.Views;

/// <summary>Prints the explanation of an alarm.</summary>
internal static class AlarmView
{
    private const int Width = 100;

    public static void Show(AlarmKind alarm, Output output)
    {
        output.Line($"{alarm.Id}  {alarm.Title}");
        Paragraph("raised when", alarm.When, output);
        Paragraph("what it means", alarm.Why, output);
        output.Line();
        output.Line("what helps, the likeliest first:");
        foreach (string help in alarm.Help)
            output.Line($"  - {help}");
        output.Json(new JsonObject
        {
            ["id"] = alarm.Id,
            ["title"] = alarm.Title,
            ["when"] = alarm.When,
            ["why"] = alarm.Why,
            ["help"] = new JsonArray([.. alarm.Help.Select(h => JsonValue.Create(h))]),
        });
    }

    private static void Paragraph(string title, string text, Output output)
    {
        output.Line();
        output.Line(title + ":");
        string line = " ";
        foreach (string word in text.Split(' '))
        {
            if (line.Length + 1 + word.Length > Width)
            {
                output.Line(line);
                line = " ";
            }
            line += " " + word;
        }
        output.Line(line);
    }
}
