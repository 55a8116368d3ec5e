using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Tests.Data;

public sealed class CifarTests
{
    private const int Ten = 1 + Cifar.Pixels, Hundred = 2 + Cifar.Pixels;

    public static TheoryData<string, byte[], bool, string> BadFiles
    {
        get
        {
            var data = new TheoryData<string, byte[], bool, string>
            {
                { "nothing", [], false, "0 bytes" },
                { "nothing", [], true, "0 bytes" },
                { "CIFAR-10 read as CIFAR-100", new byte[Ten], true, "a multiple of 3074" },
                { "CIFAR-100 read as CIFAR-10", new byte[Hundred], false, "a multiple of 3073" },
                { "a text", [.. "airplane\nautomobile\n"u8], false, "20 bytes" },
            };
            foreach (byte label in new byte[] { 10, 11, 99, 100, 127, 128, 255 })
            {
                data.Add($"class {label} first", [label, .. new byte[Cifar.Pixels]], false, $"the label {label}");
                data.Add($"class {label} second", [.. new byte[Ten], label, .. new byte[Cifar.Pixels]], false, $"f:{Ten}: the label {label}");
            }
            foreach (byte label in new byte[] { 100, 127, 255 })
                data.Add($"fine class {label}", [0, label, .. new byte[Cifar.Pixels]], true, $"f:1: the label {label}");
            foreach (byte label in new byte[] { 20, 99, 255 })
                data.Add($"coarse class {label}", [label, 0, .. new byte[Cifar.Pixels]], true, $"f:0: the label {label}");
            foreach (int length in new[] { 1, 100, Ten - 1, Ten + 1, (2 * Ten) - 1 })
                data.Add($"{length} bytes", new byte[length], false, $"{length} bytes");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_bad_file_is_refused(string what, byte[] file, bool hundred, string says)
    {
        string message = Hostile.Refusal(file, b => Cifar.Read(new MemoryStream(b), "f", hundred), what);
        Assert.Contains(says, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Records_give_labels_and_planes()
    {
        byte[] pixels = [.. Enumerable.Range(0, Cifar.Pixels).Select(i => (byte)(i * 7))];
        CifarFile ten = Cifar.Read(new MemoryStream([9, .. pixels, 0, .. pixels.Reverse()]), "f", hundred: false);
        Assert.Equal([9, 0], ten.Labels);
        Assert.Equal([.. pixels, .. pixels.Reverse()], ten.Pixels);
        CifarFile hundred = Cifar.Read(new MemoryStream([19, 99, .. pixels]), "f", hundred: true);
        Assert.Equal([99], hundred.Labels);
        Assert.Equal([19], hundred.Coarse!);
    }
}
