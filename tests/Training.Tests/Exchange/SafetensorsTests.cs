using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tests.Storage;

namespace GpuGrad.Training.Tests.Exchange;

public sealed class SafetensorsTests : IDisposable
{
    private const string Python = "/usr/bin/python3";

    private readonly TestFolder folder = new();

    private string File => folder["a.safetensors"];

    public static TheoryData<string> AcceptedNames => [.. CraftedSafetensors.Accepted().Select(c => c.What)];

    public static TheoryData<string> RefusedNames => [.. CraftedSafetensors.Refused().Select(c => c.What)];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(AcceptedNames))]
    public void What_the_format_allows_is_read(string what)
    {
        System.IO.File.WriteAllBytes(File, CraftedSafetensors.Accepted().Single(c => c.What == what).Bytes);
        using SafetensorsFile file = SafetensorsFile.Open(File);
        Assert.All(file.Tensors, t => Assert.Equal(t.Length, file.ReadDoubles(t).Length));
    }

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public void What_the_format_forbids_is_refused_in_one_line_without_taking_memory(string what)
    {
        System.IO.File.WriteAllBytes(File, CraftedSafetensors.Refused().Single(c => c.What == what).Bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var e = Assert.ThrowsAny<GpuGradException>(() => SafetensorsFile.Open(File));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 22);
        Assert.Equal(Fault.Data, e.Fault);
        Assert.StartsWith(File, e.Message);
        Assert.DoesNotContain('\n', e.Message);
        Assert.InRange(e.Message.Length, 20, 700);
    }

    [Fact]
    public void The_tables_hold_more_than_sixty_files_each_once() =>
        Assert.InRange(CraftedSafetensors.Refused().Select(c => c.What).Distinct().Count(), 100, CraftedSafetensors.Refused().Count());

    [Fact]
    public void What_is_written_is_read_back_bit_by_bit_in_the_references_order()
    {
        float[] floats = [1, -0f, float.Epsilon, float.MaxValue, float.PositiveInfinity, 0.1f];
        double[] doubles = [1.0 / 3, -0.0, double.Epsilon];
        SafetensorsWriter.Write(
            File,
            [
                TensorToWrite.Of("z", [2, 3], floats), TensorToWrite.Of("\U0001F600", [1], [1f]), TensorToWrite.Of("\uFFFD", [], [2f]), TensorToWrite.Of("a", [3], doubles),
                TensorToWrite.Of("none", [4, 0], Array.Empty<float>()), TensorToWrite.Of("B \"\\\n/ü", [1], (float[])[0.1f]),
            ],
            new Dictionary<string, string> { ["format"] = "pt", ["a"] = "größe" });
        using SafetensorsFile file = SafetensorsFile.Open(File);
        // Falling alignment, then names by their UTF-8 bytes.
        Assert.Equal(["a", "B \"\\\n/ü", "none", "z", "\uFFFD", "\U0001F600"], file.Tensors.OrderBy(t => t.Offset).ThenBy(t => t.Bytes).Select(t => t.Name));
        Assert.Equal(doubles.Select(BitConverter.DoubleToInt64Bits), file.ReadDoubles(file["a"]!).Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal(floats.Select(BitConverter.SingleToInt32Bits), file.ReadFloats(file["z"]!).Select(BitConverter.SingleToInt32Bits));
        Assert.Equal(0.1f, file.ReadFloats(file["B \"\\\n/ü"]!)[0]);
        Assert.Equal([2, 3], file["z"]!.Shape);
        Assert.Empty(file["\uFFFD"]!.Shape);
        Assert.Equal(["a=größe", "format=pt"], file.Metadata.Select(m => $"{m.Key}={m.Value}").Order());
        Assert.Null(file["zz"]);
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(System.IO.File.ReadAllBytes(File)) % 8);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(33)]
    [InlineData(257)]
    [InlineData((1 << 18) - 1)]
    [InlineData((1 << 18) + 1)]
    [InlineData(1 << 20)]
    public void Tensors_of_every_length_come_back(int length)
    {
        float[] values = [.. Enumerable.Range(0, length).Select(i => MathF.Sin(i))];
        SafetensorsWriter.Write(File, [TensorToWrite.Of("a", [length], values), TensorToWrite.Of("b", [1], [1f])]);
        using SafetensorsFile file = SafetensorsFile.Open(File);
        Assert.Equal(values, file.ReadFloats(file["a"]!));
        Assert.Equal(values.Select(v => (double)v), file.ReadDoubles(file["a"]!));
    }

    [Fact]
    public void A_file_cut_at_any_byte_is_refused_and_so_is_one_with_a_byte_more()
    {
        SafetensorsWriter.Write(File, [TensorToWrite.Of("weight", [2, 3], new float[6]), TensorToWrite.Of("bias", [3], new double[3])]);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int length = 0; length <= whole.Length + 1; length++)
        {
            byte[] cut = [.. whole.Take(length), .. new byte[Math.Max(0, length - whole.Length)]];
            System.IO.File.WriteAllBytes(File, cut);
            if (length == whole.Length)
                SafetensorsFile.Open(File).Dispose();
            else
                Assert.ThrowsAny<GpuGradException>(() => SafetensorsFile.Open(File));
        }
    }

    [Fact]
    public void A_file_that_shrinks_after_it_was_opened_is_an_error_and_not_zeros()
    {
        SafetensorsWriter.Write(File, [TensorToWrite.Of("a", [1000], new float[1000])]);
        using SafetensorsFile file = SafetensorsFile.Open(File);
        using (FileStream stream = System.IO.File.Open(File, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(500);
        Assert.Contains("the file ends here", Assert.Throws<DamagedFileException>(() => file.ReadFloats(file["a"]!)).Message);
    }

    [Fact]
    public void The_writer_refuses_what_a_reader_would()
    {
        Assert.Throws<ArgumentException>(() => TensorToWrite.Of("a", [2, 2], new float[3]));
        Assert.Throws<OverflowException>(() => TensorToWrite.Of("a", [int.MaxValue, int.MaxValue, 3], new float[3]));
        TensorToWrite tensor = TensorToWrite.Of("a", [1], [1f]);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(File, [tensor, tensor]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(File, [TensorToWrite.Of("__metadata__", [1], [1f])]));
        Assert.Empty(folder.Names);
    }

    [Fact]
    public void Python_reads_what_is_written_bit_by_bit()
    {
        RequirePython();
        var random = new Random(1);
        TensorToWrite[] tensors = [.. Enumerable.Range(0, 40).Select(i =>
        {
            int[] shape = [.. Enumerable.Range(0, i % 4).Select(_ => random.Next(0, 9))];
            double[] values = [.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(_ => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-30, 30)))];
            return i % 3 == 0 ? TensorToWrite.Of($"{i}.weight 😀\n", shape, values) : TensorToWrite.Of($"{i}.bias \"ü", shape, Array.ConvertAll(values, v => (float)v));
        })];
        SafetensorsWriter.Write(File, tensors, new Dictionary<string, string> { ["config"] = "seed: 1\nname: \"ü\"" });
        AssertPythonAgrees(tensors.Length, "config");
    }

    [Fact]
    public void Tensors_of_every_type_that_python_wrote_have_the_same_values_here()
    {
        RequirePython();
        Oracle("make");
        AssertPythonAgrees(13 * 5);
    }

    private void AssertPythonAgrees(int tensors, string? metadata = null)
    {
        JsonElement[] lines = [.. Oracle("read").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
        using SafetensorsFile file = SafetensorsFile.Open(File);
        Assert.Equal(tensors, file.Tensors.Count);
        Assert.Equal(tensors + (metadata is null ? 0 : 1), lines.Length);
        foreach (JsonElement line in lines)
        {
            if (line.TryGetProperty("metadata", out JsonElement texts))
            {
                Assert.Equal(file.Metadata[metadata!], texts.GetProperty(metadata!).GetString());
                continue;
            }
            SafetensorsTensor tensor = file[line.GetProperty("name").GetString()!]!;
            Assert.Equal(line.GetProperty("dtype").GetString(), tensor.Type.Name());
            Assert.Equal(line.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64()), tensor.Shape);
            byte[] bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(file.ReadDoubles(tensor).AsSpan()).ToArray();
            Assert.True(line.GetProperty("sha256").GetString() == Convert.ToHexStringLower(SHA256.HashData(bytes)), $"{tensor} differs");
        }
    }

    private string Oracle(string verb)
    {
        string script = Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "Support", "oracle", "safetensors.py");
        var start = new ProcessStartInfo(Python, [script, verb, File]) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8 };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }

    // numpy comes with the package that PyTorch, the other oracle, is in.
    private static void RequirePython()
    {
        bool required = Environment.GetEnvironmentVariable(Switches.Require)?.Split(',').Contains("torch") == true;
        Assert.SkipUnless(required || HasNumpy.Value, "no python3 with numpy (Debian: python3-numpy)");
    }

    private static readonly Lazy<bool> HasNumpy = new(() =>
    {
        if (!System.IO.File.Exists(Python))
            return false;
        using var process = Process.Start(Python, ["-c", "import numpy"]);
        process.WaitForExit();
        return process.ExitCode == 0;
    });

    private static string ThisFile([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;
}
