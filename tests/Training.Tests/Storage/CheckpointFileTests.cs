using System.Reflection;
using GpuGrad.Training.Health;
using GpuGrad.Training.Runs;
using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

public sealed class CheckpointFileTests : IDisposable
{
    private readonly TestFolder folder = new();

    private string File => folder["step-00000007.ckpt"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_was_saved_comes_back_bit_by_bit()
    {
        CheckpointFile.Write(File, Samples.At(7));
        using CheckpointFile read = CheckpointFile.Open(File);
        Samples.AssertSame(Samples.At(7), read.Content);
        Assert.Equal(["step-00000007.ckpt"], folder.Names);
    }

    [Fact]
    public void Every_bit_pattern_of_a_number_survives()
    {
        float[] odd = [float.NaN, -0f, float.Epsilon, float.NegativeInfinity, BitConverter.UInt32BitsToSingle(0x7F800001), BitConverter.UInt32BitsToSingle(0xFFC12345)];
        byte[] bytes = [.. odd.SelectMany(BitConverter.GetBytes)];
        CheckpointFile.Write(File, Samples.At(1) with { Buffers = [Samples.Buffer("odd", CheckpointElement.Float32, bytes)] });
        using CheckpointFile read = CheckpointFile.Open(File);
        Assert.Equal(bytes, Samples.BytesOf(read.Content.Buffers[0]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(33)]
    [InlineData(257)]
    [InlineData((1 << 20) - 1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 3)]
    [InlineData((2 << 20) + 65537)]
    public void Buffers_of_every_length_come_back(int length)
    {
        Checkpoint saved = Samples.At(1) with
        {
            Buffers = [Samples.Buffer("first", CheckpointElement.Byte, length, 5), Samples.Buffer("second", CheckpointElement.Byte, length, 6)],
        };
        CheckpointFile.Write(File, saved);
        using CheckpointFile read = CheckpointFile.Open(File);
        Samples.AssertSame(saved, read.Content);
    }

    [Fact]
    public void Every_property_of_the_run_state_survives()
    {
        var state = new RunState();
        PropertyInfo[] properties = [.. typeof(RunState).GetProperties().Where(p => p.SetMethod is { IsPublic: true })];
        Assert.NotEmpty(properties);
        for (int i = 0; i < properties.Length; i++)
            properties[i].SetValue(state, Distinct(properties[i].PropertyType, i + 1, properties[i].GetValue(new RunState())));
        CheckpointFile.Write(File, Samples.At(1) with { State = state });
        using CheckpointFile read = CheckpointFile.Open(File);
        Assert.All(properties, p =>
        {
            Assert.NotEqual(p.GetValue(new RunState()), p.GetValue(state));
            Assert.Equal(Samples.Text(p.GetValue(state)), Samples.Text(p.GetValue(read.Content.State)));
        });
    }

    // A property of another type must be added here, and with it the thought whether JSON keeps it exactly.
    private static object Distinct(Type type, int i, object? initial) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(int) => 1000 + i,
        var t when t == typeof(long) => (1L << 53) + i,
        var t when t == typeof(ulong) => ulong.MaxValue - (ulong)i,
        var t when t == typeof(double) => i + 1.0 / 3,
        var t when t == typeof(bool) => !(bool)(initial ?? false),
        var t when t == typeof(string) => $"text {i} \" \\ \n ü",
        var t when t == typeof(HealthState) => new HealthState
        {
            Norms = [1.0 / 3, double.PositiveInfinity],
            EpochLosses = [0.1],
            Units = new() { ["0"] = new UnitHistory { LastActive = [1, 1L << 53], Idle = [0, 3] } },
            Streaks = new() { ["a"] = i },
            Raised = new() { ["b"] = 1e23 },
            Steps = [new StepSize(i, 0.7)],
        },
        var t => throw new NotSupportedException($"RunState has a property of type {t}: make a value here."),
    };

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(-0.0)]
    [InlineData(double.Epsilon)]
    [InlineData(double.MaxValue)]
    [InlineData(0.1)]
    [InlineData(1.0 / 3)]
    [InlineData(1e23)]
    [InlineData(9007199254740993.0)]
    public void Doubles_of_the_run_state_keep_their_bits(double value)
    {
        CheckpointFile.Write(File, Samples.At(1) with { State = new RunState { LastTrainLoss = value, KeptBest = value } });
        using CheckpointFile read = CheckpointFile.Open(File);
        Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(read.Content.State.LastTrainLoss));
        Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(read.Content.State.KeptBest!.Value));
    }

    [Fact]
    public void Random_doubles_of_the_run_state_keep_their_bits()
    {
        var random = new Random(1);
        for (int i = 0; i < 200; i++)
        {
            double value = BitConverter.Int64BitsToDouble(random.NextInt64());
            var state = new RunState { Seconds = value };
            CheckpointFile.Write(File, Samples.At(1) with { State = state });
            using CheckpointFile read = CheckpointFile.Open(File);
            if (double.IsNaN(value))
                Assert.True(double.IsNaN(read.Content.State.Seconds));
            else
                Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(read.Content.State.Seconds));
        }
    }

    [Fact]
    public void Two_writes_of_the_same_state_are_the_same_bytes()
    {
        CheckpointFile.Write(File, Samples.At(3));
        CheckpointFile.Write(folder["again.ckpt"], Samples.At(3));
        Assert.Equal(System.IO.File.ReadAllBytes(File), System.IO.File.ReadAllBytes(folder["again.ckpt"]));
    }

    [Fact]
    public void The_released_format_stays_readable()
    {
        string fixture = Path.Combine(Path.GetDirectoryName(ThisFile())!, "fixtures", "format-1.ckpt");
        using CheckpointFile read = CheckpointFile.Open(fixture);
        Samples.AssertSame(Samples.At(1234567), read.Content);
    }

    [Fact]
    public void A_newer_format_is_refused_in_one_line_and_not_taken_for_damage()
    {
        CheckpointFile.Write(File, Samples.At(7));
        byte[] bytes = System.IO.File.ReadAllBytes(File);
        bytes[8] = 2;
        CraftedCheckpoint.Seal(bytes);
        System.IO.File.WriteAllBytes(File, bytes);
        var e = Assert.Throws<OtherFormatException>(() => CheckpointFile.Open(File));
        Assert.Contains("format 2; this program reads format 1", e.Message);
        // Going back to an older one would undo what the newer program did.
        CheckpointFile.Write(folder["step-00000003.ckpt"], Samples.At(3));
        Assert.Throws<OtherFormatException>(() => new CheckpointFolder(folder.Path).OpenNewest());
    }

    [Fact]
    public void A_folder_a_pipe_and_a_missing_file_are_refused_in_one_line()
    {
        Assert.Contains("is a folder", Assert.Throws<GpuGradException>(() => CheckpointFile.Open(folder.Path)).Message);
        Assert.Contains("no such file", Assert.Throws<MissingFileException>(() => CheckpointFile.Open(folder["none"])).Message);
        Assert.Contains("not a path", Assert.Throws<GpuGradException>(() => CheckpointFile.Open("a\0b")).Message);
        if (!OperatingSystem.IsLinux())
            return;
        using var mkfifo = System.Diagnostics.Process.Start("mkfifo", [folder["pipe"]]);
        mkfifo.WaitForExit();
        Assert.Contains("is a pipe", Assert.Throws<GpuGradException>(() => CheckpointFile.Open(folder["pipe"])).Message);
        Assert.Contains("a device", Assert.Throws<GpuGradException>(() => CheckpointFile.Open("/dev/zero")).Message);
    }

    private static string ThisFile([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;
}
