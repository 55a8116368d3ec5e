using System.Globalization;
using GpuGrad.Training.Config;
using GpuGrad.Training.Config.Yaml;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Diagnostics.RateFinding;

/// <summary>Writes a learning rate into a config file, without changing any other character.</summary>
public static class RateWriter
{
    private const char ByteOrder = '\uFEFF';

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the file itself has no place for it.</exception>
    public static void Write(string path, double rate)
    {
        string text = YamlReader.ReadText(path);
        string mark = text.StartsWith(ByteOrder) ? $"{ByteOrder}" : "";
        string changed = mark + Change(text[mark.Length..], path, rate.ToString("G4", CultureInfo.InvariantCulture));
        double read = RunConfigFile.Load(path, text: changed).Config.Train.Optimizer.Lr;
        if (Math.Abs(read - rate) > 1e-4 * rate)
            throw new GpuGradException(Fault.Config, string.Create(CultureInfo.InvariantCulture, $"{path}: the file would be read with a learning rate of {read}, wanted {rate}; set train.optimizer.….lr by hand"));
        DurableFile.Replace(path, changed);
    }

    /// <summary>The text with the rate at the optimizer's key.</summary>
    internal static string Change(string text, string path, string rate)
    {
        var tree = YamlReader.Read(text, path) as YamlMapping;
        YamlNode optimizer = (tree?["train"] as YamlMapping)?["optimizer"]
            ?? throw new GpuGradException(Fault.Config, $"{path}: no train.optimizer in this file; add 'optimizer: {{sgd: {{lr: {rate}}}}}' under 'train:'");
        switch (optimizer)
        {
            // optimizer: adam
            case YamlScalar name:
                return Replace(text, name, $"{{{name.Value}: {{lr: {rate}}}}}");
            // optimizer: {adam: …}
            case YamlMapping { Entries: [var (_, settings)] }:
                return settings switch
                {
                    YamlScalar { IsNull: false } shorthand => Replace(text, shorthand, rate),
                    YamlMapping mapping when mapping["lr"] is YamlScalar lr => Replace(text, lr, rate),
                    YamlMapping { Entries: [var (first, _), ..] } => text.Insert(Place(text, first.Mark), IsInFlow(text, first.Mark) ? $"lr: {rate}, " : $"lr: {rate}\n{new string(' ', first.Mark.Column - 1)}"),
                    _ => throw NoPlace(path, optimizer, rate),
                };
            default:
                throw NoPlace(path, optimizer, rate);
        }
    }

    private static GpuGradException NoPlace(string path, YamlNode optimizer, string rate) =>
        new(Fault.Config, $"{optimizer.Mark}: no place for a learning rate in {path}; expected e.g. 'optimizer: {{sgd: {{lr: {rate}}}}}'");

    private static string Replace(string text, YamlScalar scalar, string value)
    {
        int at = Place(text, scalar.Mark);
        if (scalar.Quoted)
            throw new GpuGradException(Fault.Config, $"{scalar.Mark}: '{scalar.Value}' is quoted; expected a plain value");
        return text[..at] + value + text[(at + scalar.Value.Length)..];
    }

    // Inside {…} if, going back to the start of the line, there is an unclosed brace.
    private static bool IsInFlow(string text, Mark mark)
    {
        int depth = 0;
        for (int i = Place(text, mark) - 1; i >= 0 && text[i] != '\n'; i--)
            depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
        return depth > 0;
    }

    private static int Place(string text, Mark mark)
    {
        int at = 0;
        for (int line = 1; line < mark.Line; line++)
            at = text.IndexOf('\n', at) + 1;
        return at + mark.Column - 1;
    }
}
