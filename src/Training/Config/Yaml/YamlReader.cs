using System.Text;
using GpuGrad.Training.Runs.Storage;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace GpuGrad.Training.Config.Yaml;

/// <summary>
/// Reads one YAML document into nodes, from events and without recursion, so that neither depth nor size of a hostile file
/// can hurt: 1 MiB, 64 levels and 10,000 nodes at most, no anchors, aliases, tags or second document, no key twice.
/// </summary>
public static class YamlReader
{
    public const int MostBytes = 1 << 20;
    public const int MostDepth = 64;
    public const int MostNodes = 10_000;

    // A message of YamlDotNet, which may quote a piece of the file.
    private const int MostSaid = 160;

    public static YamlNode ReadFile(string path) => Read(ReadText(path), path);

    /// <summary>The text of a config file.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: not a regular file, too large or not UTF-8.</exception>
    public static string ReadText(string path)
    {
        if (Directory.Exists(path))
            throw new GpuGradException(Fault.Config, $"{path}: {(RunFolder.IsRun(path) ? $"the folder of a run; expected a config, e.g. {Path.Combine(path, "config.yaml")}, which it was trained with" : "a folder; expected the path of a YAML config")}.");
        try
        {
            using RegularFile file = RegularFile.Open(path);
            if (file.Length > MostBytes)
                throw new GpuGradException(Fault.Config, $"{path}: {file.Length} bytes; a config has at most {MostBytes}.");
            var bytes = new byte[file.Length];
            file.ReadExactly(0, bytes);
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new GpuGradException(Fault.Config, $"{path}: not UTF-8 text.");
        }
        catch (MissingFileException)
        {
            throw new GpuGradException(Fault.Config, $"{path}: no such file; give the path of a YAML config, e.g. configs/fashion-mnist-lenet.yaml.");
        }
        catch (GpuGradException e) when (e.Fault == Fault.Data)
        {
            throw new GpuGradException(Fault.Config, e.Message, e);
        }
    }

    /// <param name="text">The document.</param>
    /// <param name="file">Name for messages.</param>
    public static YamlNode Read(string text, string file)
    {
        if (Encoding.UTF8.GetByteCount(text) > MostBytes)
            throw new GpuGradException(Fault.Config, $"{file}: more than {MostBytes} bytes.");
        var builder = new Builder(file);
        var scanner = new Scanner(new StringReader(text.TrimStart('\uFEFF')), skipComments: true);
        try
        {
            var parser = new Parser(scanner);
            while (MoveNext(parser, scanner, file))
                builder.Take(parser.Current!);
        }
        catch (YamlException e)
        {
            if (IndentingTab(text, scanner.CurrentPosition.Line) is (int line, int column))
                throw new ConfigException(new Mark(file, line, column), "not YAML: a tab as indentation; expected spaces");
            throw new ConfigException(MarkOf(file, e.Start), $"not YAML: {OneLine(e.Message)}");
        }
        return builder.Root ?? new YamlMapping([], new Mark(file, 1, 1));
    }

    // YamlDotNet reports the start of the mapping. Tabs within brackets are allowed: they only matter where parsing stopped.
    private static (int Line, int Column)? IndentingTab(string text, long stopped)
    {
        string[] lines = text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');
        for (int i = (int)Math.Min(stopped, lines.Length) - 1; i >= Math.Max(0, stopped - 2); i--)
        {
            int tab = lines[i].IndexOf('\t', StringComparison.Ordinal);
            if (tab >= 0 && lines[i].AsSpan(0, tab).Trim(' ').IsEmpty && lines[i].AsSpan().Trim().Length > 0)
                return (i + 1, tab + 1);
        }
        return null;
    }

    // YamlDotNet's scanner has states that it does not expect: a surplus brace within a list leads to one.
    private static bool MoveNext(Parser parser, Scanner scanner, string file)
    {
        try
        {
            return parser.MoveNext();
        }
        catch (Exception e) when (e is not (YamlException or OutOfMemoryException))
        {
            throw new ConfigException(MarkOf(file, scanner.CurrentPosition), "not YAML: brackets or braces that do not match");
        }
    }

    private static Mark MarkOf(string file, YamlDotNet.Core.Mark mark) => new(file, (int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private static string OneLine(string message)
    {
        string line = message.ReplaceLineEndings(" ").Trim();
        return line.Length <= MostSaid ? line : line[..MostSaid] + "…";
    }

    /// <summary>Nodes under construction, outermost first.</summary>
    private sealed class Builder(string file)
    {
        private readonly Stack<Frame> open = new();
        private int nodes;
        private int documents;

        public YamlNode? Root { get; private set; }

        public void Take(ParsingEvent e)
        {
            Mark mark = MarkOf(file, e.Start);
            switch (e)
            {
                case AnchorAlias:
                    throw new ConfigException(mark, "an alias (*name); write the value out, or use 'extends:'");
                case DocumentStart when ++documents > 1:
                    throw new ConfigException(mark, "a second document (---); a config file holds one");
                case NodeEvent { Anchor.IsEmpty: false }:
                    throw new ConfigException(mark, "an anchor (&name); write the value out, or use 'extends:'");
                case NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } }:
                    throw new ConfigException(mark, "a tag (!name); values have no tags here");
                case Scalar scalar:
                    Add(new YamlScalar(scalar.Value, scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any), mark));
                    break;
                case SequenceStart or MappingStart:
                    Open(new Frame(mark, e is MappingStart));
                    break;
                case SequenceEnd or MappingEnd:
                    Add(open.Pop().Close());
                    break;
            }
        }

        private void Open(Frame frame)
        {
            if (open.Count >= MostDepth)
                throw new ConfigException(frame.Mark, $"nested deeper than {MostDepth} levels");
            if (open.TryPeek(out Frame? parent) && parent.ExpectsKey)
                throw new ConfigException(frame.Mark, "a list or mapping as a key; expected a name");
            open.Push(frame);
        }

        private void Add(YamlNode node)
        {
            if (++nodes > MostNodes)
                throw new ConfigException(node.Mark, $"more than {MostNodes} values");
            if (open.TryPeek(out Frame? parent))
                parent.Add(node);
            else
                Root = node;
        }
    }

    private sealed class Frame(Mark mark, bool isMapping)
    {
        private readonly List<YamlNode> items = [];
        private readonly List<KeyValuePair<YamlScalar, YamlNode>> entries = [];
        private readonly Dictionary<string, Mark> keys = new(StringComparer.Ordinal);
        private YamlScalar? key;

        public Mark Mark { get; } = mark;

        public bool ExpectsKey => isMapping && key is null;

        public void Add(YamlNode node)
        {
            if (!isMapping)
            {
                items.Add(node);
            }
            else if (key is null)
            {
                key = (YamlScalar)node;
                if (!keys.TryAdd(key.Value, key.Mark))
                    throw new ConfigException(key.Mark, $"'{key.Shown}' is given twice; the first is on line {keys[key.Value].Line}");
            }
            else
            {
                entries.Add(new(key, node));
                key = null;
            }
        }

        public YamlNode Close() => isMapping ? new YamlMapping(entries, Mark) : new YamlSequence(items, Mark);
    }
}
