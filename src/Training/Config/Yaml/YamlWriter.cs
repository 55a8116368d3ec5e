using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace GpuGrad.Training.Config.Yaml;

/// <summary>Writes nodes as YAML: short lists and layers on one line, as people write configs.</summary>
public static class YamlWriter
{
    private const int MostFlow = 72;

    public static string Write(YamlNode node)
    {
        var text = new StringWriter(new StringBuilder()) { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings(2, 200, false, 1024));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, true));
        Emit(emitter, node, depth: 0);
        emitter.Emit(new DocumentEnd(true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    // The reader bounds the depth.
    private static void Emit(Emitter emitter, YamlNode node, int depth)
    {
        switch (node)
        {
            case YamlScalar scalar:
                ScalarStyle style = scalar.Quoted ? ScalarStyle.DoubleQuoted : ScalarStyle.Plain;
                // An empty plain scalar would be read back as an empty text.
                string written = scalar.IsNull ? "null" : scalar.Value;
                emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, written, style, true, true));
                break;
            case YamlSequence sequence:
                bool flow = depth > 0 && Length(sequence) <= MostFlow && sequence.Items.All(i => i is YamlScalar);
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, true, flow ? SequenceStyle.Flow : SequenceStyle.Block));
                foreach (YamlNode item in sequence.Items)
                    Emit(emitter, item, depth + 1);
                emitter.Emit(new SequenceEnd());
                break;
            case YamlMapping mapping:
                bool short_ = depth > 1 && Length(mapping) <= MostFlow;
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, true, short_ ? MappingStyle.Flow : MappingStyle.Block));
                foreach ((YamlScalar key, YamlNode value) in mapping.Entries)
                {
                    Emit(emitter, key, depth + 1);
                    Emit(emitter, value, depth + 1);
                }
                emitter.Emit(new MappingEnd());
                break;
        }
    }

    private static int Length(YamlNode node) => node switch
    {
        YamlScalar scalar => scalar.Value.Length + 2,
        YamlSequence sequence => sequence.Items.Sum(Length) + 2,
        YamlMapping mapping => mapping.Entries.Sum(e => Length(e.Key) + Length(e.Value)) + 2,
        _ => 0,
    };
}
