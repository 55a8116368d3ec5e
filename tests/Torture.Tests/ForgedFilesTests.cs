using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Torture.Tests;

/// <summary>
/// Every file that is read back, changed by structure and with all its checksums right: the verbs that read it answer or refuse in one line.
/// No stack, no hang. In the long form 20,000 files.
/// </summary>
public sealed partial class ForgedFilesTests : IDisposable
{
    private const string Yaml = """
        name: tiny
        device: cpu
        threads: 1
        data: {dataset: {spirals: {train: 120, test: 30}}, batch: 20, validation: 0.1}
        model: [{dense: 6}, batchnorm, relu, {dense: 3}]
        train: {epochs: 2, log-every: 2, optimizer: {adam: {lr: 0.01}}, ema: 0.9, keep-best: validation-loss, schedule: {plateau: {patience: 1}}}
        diagnostics: {every: 2}
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("gpugrad-forged-").FullName;
    private readonly Dictionary<string, int> codes = [];
    private int mutants;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_forged_file_is_read_or_refused_in_one_line()
    {
        Train("run", Yaml);
        Train("bad", Yaml.Replace("adam: {lr: 0.01}", "sgd: {lr: 1e38}", StringComparison.Ordinal));
        File.WriteAllText(In("rows.csv"), "a,b\n1,2\n0.5,-1\n");
        string bundle = Directory.GetDirectories(In("bad"), "nonfinite*").Single();
        int each = Effort.Count(30, 2500);
        Json("metrics", In("run/metrics.jsonl"), each, AnyLine, ["report", In("run"), "--no-test"]);
        Json("summary", In("run/summary.json"), each, Whole, ["report", In("run"), "--no-test"]);
        Json("manifest", In("run/manifest.json"), each, Whole, ["report", In("run"), "--no-test"]);
        Weights(2 * each);
        Json("steps", Path.Combine(bundle, "steps.json"), each, Whole, ["replay", bundle]);
        Json("bundle's model", Path.Combine(bundle, "model.json"), each, Whole, ["replay", bundle]);
        File.Delete(In("run/weights.safetensors"));
        Json("model", In("run/model.json"), each, Whole, ["eval", In("run")], ["export", In("run"), "--out", In("w.npz")]);
        Checkpoints(each);
        Effort.Report("forged files", $"{mutants} files changed by structure: no stack, no hang; {string.Join(", ", codes.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key}: {c.Value}"))}");
        Assert.All(codes.Keys.Select(c => c[..c.LastIndexOf(" exit ", StringComparison.Ordinal)]).Distinct(), kind => Assert.True((codes.ContainsKey(kind + " exit 0") || codes.ContainsKey(kind + " exit 4")) && codes.ContainsKey(kind + " exit 3"), $"too wild or too tame: {string.Join(", ", codes)}"));
    }

    private void Train(string name, string yaml)
    {
        File.WriteAllText(In(name + ".yaml"), yaml);
        Assert.True(Gpugrad.Inside("train", In(name + ".yaml"), "--out", In(name)).Code is 0 or 4);
    }

    private void Json(string kind, string path, int count, Func<string, Random, string> change, params string[][] verbs)
    {
        string seed = File.ReadAllText(path);
        for (int i = 0; i < count; i++)
        {
            string mutant = change(seed, new Random(i));
            File.WriteAllText(path, mutant);
            Try($"{kind} {i}", mutant, verbs[i % verbs.Length]);
        }
        File.WriteAllText(path, seed);
    }

    private void Weights(int count)
    {
        byte[] seed = File.ReadAllBytes(In("run/weights.safetensors"));
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(seed);
        string header = Encoding.UTF8.GetString(seed, 8, length);
        string path = In("x.safetensors");
        string[][] verbs = [["eval", path], ["predict", path, In("rows.csv")], ["export", path, "--out", In("w.npz")]];
        for (int i = 0; i < count; i++)
        {
            // Half of them in what GpuGrad adds, which is a small part of a header.
            string part = i % 2 == 0 ? header : Metadata().Match(header).Value;
            string mutant = header.Replace(part, new JsonMutant(new Random(i)).Of(part), StringComparison.Ordinal);
            byte[] bytes = Encoding.UTF8.GetBytes(mutant);
            File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)bytes.Length), .. bytes, .. seed.AsSpan(8 + length)]);
            Try($"weights {i}", mutant, verbs[i % verbs.Length]);
        }
    }

    private void Checkpoints(int count)
    {
        string checkpoints = In("run/checkpoints");
        string path = Directory.GetFiles(checkpoints).Order(StringComparer.Ordinal).First();
        byte[] seed = File.ReadAllBytes(path), log = File.ReadAllBytes(In("run/metrics.jsonl"));
        string[][] verbs = [["resume", In("run")], ["resume", In("run"), "--allow-changes"], ["eval", In("run")]];
        for (int i = 0; i < count; i++)
        {
            Directory.Delete(checkpoints, recursive: true);
            Directory.CreateDirectory(checkpoints);
            File.WriteAllBytes(path, seed);
            File.WriteAllBytes(In("run/metrics.jsonl"), log);
            string mutant = Forge(path, new JsonMutant(new Random(i)));
            Try($"checkpoint {i}", mutant, verbs[i % verbs.Length]);
            File.Delete(In("run/weights.safetensors"));
        }
    }

    // With checksums that are right: anybody can compute them.
    private static string Forge(string path, JsonMutant change)
    {
        using var forged = new MemoryStream();
        string mutant;
        using (SectionReader reader = SectionReader.Open(path))
        {
            mutant = change.Of(Encoding.UTF8.GetString(reader.ReadAll(reader.Sections[0], 1 << 20)));
            var writer = new SectionWriter(forged);
            byte[] header = Encoding.UTF8.GetBytes(mutant);
            writer.Add(reader.Sections[0].Name, reader.Sections[0].Kind, header.Length, (offset, part) => header.AsSpan((int)offset, part.Length).CopyTo(part));
            foreach (Section section in reader.Sections.Skip(1))
                writer.Add(section.Name, section.Kind, section.Length, (offset, part) => reader.Read(section, offset, part));
            writer.Finish();
        }
        File.WriteAllBytes(path, forged.ToArray());
        return mutant;
    }

    private void Try(string what, string mutant, string[] verb)
    {
        mutants++;
        var attempt = Task.Run(() => Gpugrad.Inside(verb));
        Patience.Until(() => attempt.IsCompleted, $"{what}: {string.Join(' ', verb)}");
        Ended ended = attempt.Result;
        string code = string.Create(CultureInfo.InvariantCulture, $"{what[..what.LastIndexOf(' ')]} exit {ended.Code}");
        codes[code] = codes.GetValueOrDefault(code) + 1;
        Gpugrad.AssertOrderly(ended, $"{what}: {mutant[..Math.Min(mutant.Length, 3000)]}");
        Assert.True(ended.Code is 0 or 2 or 3 or 4 or 5 or 6 or 7, $"{what}: {ended}");
        if (ended.Code is 2 or 3)
            Assert.True(ended.Errors.Trim().Split('\n')[^1] is { Length: < 1200 } line && line.StartsWith("gpugrad: ", StringComparison.Ordinal), $"{what}: {ended}");
    }

    private static string Whole(string json, Random random) => new JsonMutant(random).Of(json);

    private static string AnyLine(string log, Random random)
    {
        string[] lines = log.Split('\n');
        int at = random.Next(lines.Length - 1);
        lines[at] = new JsonMutant(random).Of(lines[at]);
        return string.Join('\n', lines);
    }

    [GeneratedRegex(@"(?<=""__metadata__"":)\{.*?[^\\]""\}")]
    private static partial Regex Metadata();

    private string In(string name) => Path.Combine(folder, name);
}
