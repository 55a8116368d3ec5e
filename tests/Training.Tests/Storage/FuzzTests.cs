using System.Buffers.Binary;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Exchange;
using GpuGrad.Training.Runs.Storage;
using GpuGrad.Training.Tests.Data;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>
/// Files changed at random, wildly and by someone who knows the format: each is loaded or refused with one line, nothing else: 2,000
/// of a kind, 100,000 in the long form.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    private const int MostMemory = 16 << 20;

    private static readonly int Mutants = Effort.Count(2000, 100_000);

    private readonly TestFolder folder = new();

    private string File => folder["mutant"];

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_mutated_checkpoint_is_refused_or_whole(bool checksumsMadeRight)
    {
        CheckpointFile.Write(folder["seed"], Samples.At(7));
        byte[] seed = System.IO.File.ReadAllBytes(folder["seed"]);
        int loaded = Run(checksumsMadeRight ? "checkpoint resealed" : "checkpoint", seed, checksumsMadeRight ? Reseal : null, () =>
        {
            using CheckpointFile file = CheckpointFile.Open(File);
            foreach (CheckpointBuffer buffer in file.Content.Buffers)
                Samples.BytesOf(buffer);
        });
        // The others show that the mutants come through to what is behind the checksums.
        Assert.Equal(checksumsMadeRight, loaded > 0);
    }

    [Fact]
    public void A_mutated_safetensors_file_is_refused_or_read()
    {
        SafetensorsWriter.Write(
            folder["seed"],
            [TensorToWrite.Of("0.weight", [3, 5], new float[15]), TensorToWrite.Of("0.bias", [3], new double[3]), TensorToWrite.Of("e", [0, 4], Array.Empty<float>())],
            new Dictionary<string, string> { ["format"] = "pt" });
        int loaded = Run("safetensors", System.IO.File.ReadAllBytes(folder["seed"]), null, () =>
        {
            using SafetensorsFile file = SafetensorsFile.Open(File);
            foreach (SafetensorsTensor tensor in file.Tensors)
                file.ReadFloats(tensor);
        });
        Assert.InRange(loaded, 1, Mutants - 1);
    }

    [Fact]
    public void A_mutated_metrics_log_is_refused_or_read()
    {
        using (MetricsLog log = MetricsLog.Open(folder["seed"], 0))
        {
            for (int i = 0; i < 5; i++)
                log.Append(("step", i), ("loss", 0.5 / (i + 1)), ("note", double.NaN));
        }
        int loaded = Run("metrics", System.IO.File.ReadAllBytes(folder["seed"]), null, () => MetricsLog.Read(File));
        Assert.InRange(loaded, 1, Mutants - 1);
    }

    [Fact]
    public void A_mutated_manifest_is_refused_or_read()
    {
        using RunFolder run = RunFolder.CreateAt(folder["run"]);
        using var device = new Kernels.Devices.Cpu.CpuDevice(1);
        run.WriteManifest(RunManifest.Of(device, 1, "abc"));
        int loaded = Run("manifest", System.IO.File.ReadAllBytes(run.Manifest), null, () =>
        {
            System.IO.File.Copy(File, run.Manifest, overwrite: true);
            run.ReadManifest();
        });
        Assert.InRange(loaded, 1, Mutants - 1);
    }

    // The number of changed files that were read.
    private int Run(string kind, byte[] seed, Func<byte[], byte[]>? finish, Action read)
    {
        int loaded = 0;
        for (int i = 0; i < Mutants; i++)
        {
            byte[] mutant = Mutant(seed, new Random(i));
            mutant = finish?.Invoke(mutant) ?? mutant;
            System.IO.File.WriteAllBytes(File, mutant);
            long memory = GC.GetAllocatedBytesForCurrentThread();
            double begun = Spent.Seconds();
            try
            {
                read();
                // Some changes take each other back.
                loaded += mutant.AsSpan().SequenceEqual(seed) ? 0 : 1;
            }
            catch (GpuGradException e)
            {
                Assert.True(!e.Message.Contains('\n', StringComparison.Ordinal) && e.Message.Length < 1000, $"mutant {i}: {e.Message}");
            }
            catch (Exception e)
            {
                Assert.Fail($"mutant {i} ({Convert.ToHexString(mutant.AsSpan(0, Math.Min(64, mutant.Length)))}…): {e}");
            }
            Assert.True(Spent.Seconds() - begun < Hostile.SlowestSeconds, $"mutant {i} took {Spent.Seconds() - begun} s");
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - memory < MostMemory, $"mutant {i} took {GC.GetAllocatedBytesForCurrentThread() - memory} bytes");
        }
        Effort.Report($"mutants {kind}", $"{Mutants} changed files: {loaded} read, the others refused in one line");
        return loaded;
    }

    private static byte[] Mutant(byte[] seed, Random random)
    {
        List<byte> bytes = [.. seed];
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(bytes.Count - at, 1 + (int)Math.Pow(2, random.NextDouble() * 8));
            switch (random.Next(9))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count - length + 1), length));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 5:
                    Overwrite(bytes, at, BitConverter.GetBytes(Interesting[random.Next(Interesting.Length)]));
                    break;
                case 6:
                    Overwrite(bytes, at, BitConverter.GetBytes((int)Interesting[random.Next(Interesting.Length)]));
                    break;
                case 7:
                    bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)].Select(c => (byte)c));
                    break;
                default:
                    // A digit for another keeps texts of numbers whole.
                    int digit = bytes.FindIndex(at, b => b is >= (byte)'0' and <= (byte)'9');
                    if (digit >= 0)
                        bytes[digit] = (byte)('0' + random.Next(10));
                    break;
            }
            if (bytes.Count == 0)
                break;
        }
        return [.. bytes];
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] value)
    {
        for (int i = 0; i < value.Length && at + i < bytes.Count; i++)
            bytes[at + i] = value[i];
    }

    // What someone does who wants the file to be taken: length of the file, checksums of the table and of every section that is there.
    private static byte[] Reseal(byte[] file)
    {
        if (file.Length < CraftedCheckpoint.Head + CraftedCheckpoint.Foot)
            return file;
        int foot = file.Length - CraftedCheckpoint.Foot;
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(foot + 16), file.Length);
        long at = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(foot + 8));
        long offset = CraftedCheckpoint.Head;
        while (at >= CraftedCheckpoint.Head && at <= foot - 19)
        {
            int name = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan((int)at));
            long entry = at + 2 + name;
            if (entry > foot - 17)
                break;
            long length = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan((int)entry + 1));
            if (length < 0 || length > file.Length - offset)
                break;
            BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan((int)entry + 9), Checksum.Of(file.AsSpan((int)offset, (int)length)));
            offset += length;
            at = entry + 17;
        }
        CraftedCheckpoint.Seal(file);
        return file;
    }

    private static readonly long[] Interesting =
        [0, 1, -1, 2, 7, 8, 255, 256, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 100_000_000, 100_000_001, long.MaxValue, long.MinValue, long.MaxValue - 7, 1L << 62];

    private static readonly string[] Tokens =
        ["{", "}", "[", "]", ",", ":", "\"", "null", "-", "1e9", "\\u0000", "\\", "0", "99999999999999999999", "\n", "\u00FF", "\"a\":", "true", "NaN", "\"NaN\""];
}
