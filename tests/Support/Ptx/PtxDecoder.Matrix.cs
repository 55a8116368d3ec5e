using System.Runtime.CompilerServices;

namespace GpuGrad.Tests.Support.Ptx;

internal sealed partial class PtxDecoder
{
    /// <summary>
    /// The tensor-core products D = A B + C of a warp. Lane 4 g + t holds, of A, rows g and g + 8, of B column g, of C and D rows
    /// g and g + 8 at columns 2 t and 2 t + 1. Products are exact and summed in double, then rounded once; a device
    /// sums less exactly.
    /// </summary>
    private bool DecodeMatrix(string name)
    {
        if (name == "ldmatrix")
            return DecodeLoadMatrix();
        if (name != "mma")
            return false;
        modifiers.Demand("sync");
        modifiers.Demand("aligned");
        string shape = modifiers.Demand("m16n8k8", "m16n8k16");
        modifiers.Demand("row");
        modifiers.Demand("col");
        modifiers.Demand("f32");
        string element = modifiers.Demand("tf32", "bf16", "f16");
        modifiers.Demand(element);
        modifiers.Demand("f32");
        if ((shape == "m16n8k8") != (element == "tf32"))
            throw Error($"{shape} with {element} is not known to this interpreter.");
        Require(80, 7.0, $"mma.{shape} with {element}");
        Count(4);
        int[] d = VectorOperands(at.Operands[0], 4, o => Destination(o, PtxType.F32)), c = VectorOperands(at.Operands[3], 4, o => RegisterSource(o, PtxType.F32));
        int[] a = VectorOperands(at.Operands[1], 4, o => RegisterSource(o, PtxType.B32)), b = VectorOperands(at.Operands[2], 2, o => RegisterSource(o, PtxType.B32));
        if (at.Guard != null)
            throw Error("mma must not be predicated here.");
        Action<PtxWarp, uint> run = element == "tf32" ? (w, mask) => MultiplyTf32(w, mask, d, a, b, c) : (w, mask) => MultiplyHalves(w, mask, d, a, b, c, element == "bf16");
        Add(StepKind.WarpWide, run, [.. a, .. b, .. c], d, Constant(uint.MaxValue));
        return true;
    }

    /// <summary>
    /// Matrices of 8 rows of 16 bytes, one to four of them: lane 8 i + r gives the address of row r of matrix i, and each lane gets
    /// of every matrix word t of row g, where the lane is 4 g + t.
    /// </summary>
    private bool DecodeLoadMatrix()
    {
        modifiers.Demand("sync");
        modifiers.Demand("aligned");
        modifiers.Demand("m8n8");
        int count = modifiers.Demand("x1", "x2", "x4")[1] - '0';
        modifiers.Demand("shared");
        modifiers.Demand("b16");
        Require(75, 6.5, "ldmatrix");
        Count(2);
        int[] d = VectorOperands(at.Operands[0], count, o => Destination(o, PtxType.B32));
        (int slot, long offset) = Address(at.Operands[1], "shared");
        Locator locator = Locate("shared", 16, isWrite: false, isAtomic: false);
        Add(StepKind.WarpWide, (w, mask) =>
        {
            if (mask != uint.MaxValue)
                throw new PtxLaneException(0, "ldmatrix needs all 32 lanes.");
            for (int i = 0; i < d.Length; i++)
            {
                for (int row = 0; row < 8; row++)
                {
                    int giver = (i * 8) + row;
                    ref byte place = ref locator(w, giver, (long)w.Registers[(slot * 32) + giver] + offset);
                    for (int word = 0; word < 4; word++)
                        w.Registers[(d[i] * 32) + (row * 4) + word] = ReadBytes(ref Unsafe.Add(ref place, word * 4), 4);
                }
            }
        }, [slot], d, Constant(uint.MaxValue));
        return true;
    }

    private static void MultiplyTf32(PtxWarp warp, uint mask, int[] d, int[] a, int[] b, int[] c)
    {
        double[,] left = new double[16, 8], right = new double[8, 8];
        for (int lane = 0; lane < 32; lane++)
        {
            int g = lane / 4, t = lane % 4;
            for (int i = 0; i < 4; i++)
                left[g + i % 2 * 8, t + i / 2 * 4] = Tf32(warp.Registers[a[i] * 32 + lane]);
            for (int i = 0; i < 2; i++)
                right[t + i * 4, g] = Tf32(warp.Registers[b[i] * 32 + lane]);
        }
        Multiply(warp, mask, left, right, d, c);
    }

    /// <summary>A device looks at the upper 19 bits only.</summary>
    private static double Tf32(ulong bits) => F(bits & 0xFFFFE000);

    private static void MultiplyHalves(PtxWarp warp, uint mask, int[] d, int[] a, int[] b, int[] c, bool brain)
    {
        double[,] left = new double[16, 16], right = new double[16, 8];
        for (int lane = 0; lane < 32; lane++)
        {
            int g = lane / 4, t = lane % 4;
            for (int part = 0; part < 2; part++)
            {
                for (int i = 0; i < 4; i++)
                    left[g + i % 2 * 8, 2 * t + i / 2 * 8 + part] = Half16(warp.Registers[a[i] * 32 + lane] >> (16 * part), brain);
                for (int i = 0; i < 2; i++)
                    right[2 * t + i * 8 + part, g] = Half16(warp.Registers[b[i] * 32 + lane] >> (16 * part), brain);
            }
        }
        Multiply(warp, mask, left, right, d, c);
    }

    private static double Half16(ulong bits, bool brain) => brain ? F((bits & 0xFFFF) << 16) : (float)BitConverter.UInt16BitsToHalf((ushort)bits);

    private static void Multiply(PtxWarp warp, uint mask, double[,] left, double[,] right, int[] d, int[] c)
    {
        if (mask != uint.MaxValue)
            throw new PtxLaneException(0, "mma needs all 32 lanes.");
        for (int lane = 0; lane < 32; lane++)
        {
            int g = lane / 4, t = lane % 4;
            for (int i = 0; i < 4; i++)
            {
                int row = g + i / 2 * 8, column = 2 * t + i % 2;
                double sum = F(warp.Registers[c[i] * 32 + lane]);
                for (int k = 0; k < left.GetLength(1); k++)
                    sum += left[row, k] * right[k, column];
                warp.Registers[d[i] * 32 + lane] = U((float)sum);
            }
        }
    }
}
