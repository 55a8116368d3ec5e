using System.Text;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Training.Tests.Data;

/// <summary>The files in <c>Files/</c> were written by NumPy 1.24.</summary>
public sealed class NpyTests
{
    private static readonly double[] Ramp = [.. Enumerable.Range(0, 24).Select(i => (i * 1.5) - 7)];

    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "nothing", [], "npy's magic number" },
        { "another magic", [.. "\u0093NUMPX"u8], "93 'NUMPY'" },
        { "magic alone", [0x93, .. "NUMPY"u8], "the version" },
        { "version 0", [0x93, .. "NUMPY"u8, 0, 0, 2, 0, .. "{}"u8], "version 0.0" },
        { "version 4", [0x93, .. "NUMPY"u8, 4, 0, 2, 0, .. "{}"u8], "version 4.0" },
        { "version 1.1", [0x93, .. "NUMPY"u8, 1, 1, 2, 0, .. "{}"u8], "version 1.1" },
        { "a header of 4 GiB", [0x93, .. "NUMPY"u8, 2, 0, 0xFF, 0xFF, 0xFF, 0xFF, .. "{}"u8], "a header of 4294967295 bytes" },
        { "a header longer than the file", [0x93, .. "NUMPY"u8, 1, 0, 0xFF, 0x00, .. "{}"u8], "255 for the header" },
        { "an empty header", File("", []), "expected '{'" },
        { "an empty dictionary", File("{}", []), "no key 'descr'" },
        { "no dictionary", File("['descr']", []), "expected '{'" },
        { "no shape", File("{'descr': '<f4', 'fortran_order': False}", new byte[4]), "no key 'shape'" },
        { "a key twice", File("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", new byte[4]), "the key 'descr'" },
        { "an unknown key", File("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", new byte[4]), "the key 'x'" },
        { "no colon", File("{'descr' '<f4'}", []), "expected ':'" },
        { "a text without end", File("{'descr: <f4}", []), "does not end" },
        { "no comma", File("{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", new byte[4]), "',' or '}'" },
        { "something behind", File("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", new byte[4]), "after the dictionary" },
        { "objects", File("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", new byte[8]), "would run code" },
        { "objects by numpy", Hostile.File("object.npy"), "would run code" },
        { "fields", File("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", new byte[4]), "several fields" },
        { "complex", File("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", new byte[8]), "the type '<c8'" },
        { "text", File("{'descr': '<U3', 'fortran_order': False, 'shape': (1,)}", new byte[12]), "the type '<U3'" },
        { "no byte order", File("{'descr': 'f4', 'fortran_order': False, 'shape': (1,)}", new byte[4]), "the type 'f4'" },
        { "an empty type", File("{'descr': '', 'fortran_order': False, 'shape': (1,)}", new byte[4]), "the type ''" },
        { "two byte orders", File("{'descr': '<<f4', 'fortran_order': False, 'shape': (1,)}", new byte[4]), "the type '<<f4'" },
        { "order 1", File("{'descr': '<f4', 'fortran_order': 1, 'shape': (1,)}", new byte[4]), "True or False" },
        { "a list as shape", File("{'descr': '<f4', 'fortran_order': False, 'shape': [1]}", new byte[4]), "expected '('" },
        { "a size that is not a number", File("{'descr': '<f4', 'fortran_order': False, 'shape': (x,)}", new byte[4]), "the size 'x'" },
        { "a negative size", File("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", new byte[4]), "the size" },
        { "a size of 0", File("{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", []), "an axis of 0" },
        { "a size of 2³¹", File("{'descr': '<f4', 'fortran_order': False, 'shape': (2147483648,)}", new byte[4]), "an axis of 2147483648" },
        { "a size beyond long", File("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", new byte[4]), "the size '99999999999999999999'" },
        { "2⁶⁴ by overflow to 0", File("{'descr': '<f4', 'fortran_order': False, 'shape': (65536, 65536, 65536, 65536)}", []), "63 bits" },
        { "2³² by overflow to 0", File("{'descr': '<f4', 'fortran_order': False, 'shape': (65536, 65536)}", []), "numbers" },
        { "40 axes", File($"{{'descr': '<f4', 'fortran_order': False, 'shape': ({string.Concat(Enumerable.Repeat("1, ", 40))})}}", new byte[4]), "more than 32 axes" },
        { "a number missing", File("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", new byte[8]), "12 for 3 of type Float32" },
        { "a byte more", File("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", new byte[13]), "12 for 3 of type Float32" },
        { "true as 2", File("{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", [0, 1, 2]), "the truth value 2" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_bad_file_is_refused(string what, byte[] file, string says)
    {
        string message = Hostile.Refusal(file, b => Npy.Read(new MemoryStream(b), "f"), what);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.StartsWith("f:", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("f4.npy", NumberType.Float32)]
    [InlineData("f4-fortran.npy", NumberType.Float32)]
    [InlineData("f8-big.npy", NumberType.Float64)]
    [InlineData("f8-version2.npy", NumberType.Float64)]
    [InlineData("f2.npy", NumberType.Float16)]
    public void NumPys_arrays_are_read_in_every_order_and_version(string file, NumberType type)
    {
        NumberArray array = Read(Hostile.File(file));
        Assert.Equal(type, array.Type);
        Assert.Equal([2, 3, 4], array.Sizes);
        Assert.Equal(Ramp, array.ToDoubles());
    }

    [Fact]
    public void NumPys_whole_numbers_are_read()
    {
        Assert.Equal([.. Enumerable.Range(0, 24).Select(i => (i * 1000) - 7000)], Read(Hostile.File("i2-big-fortran-version3.npy")).ToInts()!);
        Assert.Equal([0, 50, 100, 150, 200, 250], Read(Hostile.File("u1.npy")).AsBytes!);
        Assert.Equal([1, 0, 1], Read(Hostile.File("b1.npy")).ToInts()!);
        Assert.Equal([4294967295.0, 1], Read(Hostile.File("u4.npy")).ToDoubles());
        Assert.Equal([-1, 1099511627776.0, 7], Read(Hostile.File("i8.npy")).ToDoubles());
        Assert.Null(Read(Hostile.File("i8.npy")).ToInts());
    }

    [Fact]
    public void A_single_number_has_no_axes()
    {
        NumberArray array = Read(Hostile.File("scalar.npy"));
        Assert.Empty(array.Sizes);
        Assert.Equal([2.5f], array.ToFloats());
    }

    [Theory]
    [InlineData()]
    [InlineData(1)]
    [InlineData(257)]
    [InlineData(3, 5, 7)]
    public void A_written_array_reads_back_and_starts_at_a_multiple_of_64(params int[] sizes)
    {
        float[] values = [.. Enumerable.Range(0, sizes.Aggregate(1, (a, b) => a * b)).Select(i => i / 3f)];
        byte[] header = Npy.Header(sizes, NumberType.Float32);
        NumberArray array = Read([.. header, .. System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan())]);
        Assert.Equal(0, header.Length % 64);
        Assert.Equal(sizes, array.Sizes);
        Assert.Equal(values, array.ToFloats());
    }

    internal static byte[] File(string header, byte[] numbers) =>
        [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header), .. numbers];

    private static NumberArray Read(byte[] file) => Npy.Read(new MemoryStream(file), "f");
}
