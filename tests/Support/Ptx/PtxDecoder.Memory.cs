using System.Numerics;
using System.Runtime.CompilerServices;

namespace GpuGrad.Tests.Support.Ptx;

internal sealed partial class PtxDecoder
{
    private static readonly PtxType[] MemoryTypes =
        [PtxType.B8, PtxType.U8, PtxType.S8, PtxType.B16, PtxType.U16, PtxType.S16, PtxType.B32, PtxType.U32, PtxType.S32, PtxType.F32, PtxType.B64, PtxType.U64, PtxType.S64, PtxType.F64];

    /// <summary>Stands for no state space in the instruction.</summary>
    private const string Generic = "generic";

    /// <summary>Where shared and local memory lie among generic addresses.</summary>
    private const long SharedWindow = 1L << 56, LocalWindow = 2L << 56, WindowMask = 0xFFL << 56;

    private bool DecodeMemory(string name)
    {
        switch (name)
        {
            case "ld":
                DecodeLoad();
                return true;
            case "st":
                DecodeStore();
                return true;
            case "atom" or "red":
                DecodeAtomic(name == "atom");
                return true;
            case "membar":
                modifiers.Demand("cta", "gl", "sys");
                Count(0);
                Add((_, _) => { }, [], []);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Where an access goes: a slot with the address (or the constant of a symbol), and a displacement.</summary>
    private (int Slot, long Offset) Address(PtxOperand operand, string space)
    {
        if (operand is not AddressOperand address)
            throw Error("an address in brackets expected.");
        if (FindRegister(address.Base) is { } register)
        {
            bool wide = register.Type is PtxType.B64 or PtxType.U64 or PtxType.S64, narrow = register.Type is PtxType.B32 or PtxType.U32 or PtxType.S32;
            if (!wide && !narrow)
                throw Error($"an address register has 32 or 64 bits and is not a float; this one is {register.Type.Name()}.");
            if (narrow && space is "global" or Generic)
                throw Error("a global address has 64 bits.");
            return (register.Slot, address.Offset);
        }
        if (address.Base is not SymbolOperand symbol)
            throw Error("a register or variable expected in the address.");
        if (!variables.TryGetValue(symbol.Name, out PtxVariable? variable))
            throw Error($"'{symbol.Name}' is not declared.");
        if (variable.Space != "." + space)
            throw Error($"'{symbol.Name}' is in {variable.Space}, not in .{space}.");
        return (Constant((ulong)variable.Address), address.Offset);
    }

    private int[] VectorOperands(PtxOperand operand, int count, Func<PtxOperand, int> each)
    {
        if (count == 1)
            return operand is VectorOperand ? throw Error("a vector needs .v2 or .v4.") : [each(operand)];
        if (operand is not VectorOperand vector || vector.Parts.Length != count)
            throw Error($"a vector of {count} expected.");
        return [.. vector.Parts.Select(each)];
    }

    private int VectorCount(PtxType? type)
    {
        int count = modifiers.Take("v2", "v4") switch { "v2" => 2, "v4" => 4, _ => 1 };
        return type is { } t && count * t.Size() > 16 ? throw Error("a vector has at most 16 bytes.") : count;
    }

    private void DecodeLoad()
    {
        string space = modifiers.Take("param", "global", "shared", "local") ?? Generic;
        if (space == "global")
            modifiers.Take("nc");
        int count = VectorCount(null);
        PtxType type = modifiers.Type(MemoryTypes);
        if (count * type.Size() > 16)
            throw Error("a vector has at most 16 bytes.");
        Count(2);
        int[] targets = VectorOperands(at.Operands[0], count, o => Destination(o, type, widened: true));
        ulong[] masks = [.. targets.Select((_, i) => Mask(FindRegister(count == 1 ? at.Operands[0] : ((VectorOperand)at.Operands[0]).Parts[i])!.Value.Type.Bits()))];
        int size = type.Size();
        if (space == "param")
        {
            DecodeLoadParameter(targets, masks, type);
            return;
        }
        (int slot, long offset) = Address(at.Operands[1], space);
        Locator locator = Locate(space, size * count, isWrite: false, isAtomic: false);
        Add((w, mask) =>
        {
            ulong[] r = w.Registers;
            for (uint rest = mask; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                ref byte place = ref locator(w, lane, (long)r[slot * 32 + lane] + offset);
                for (int i = 0; i < targets.Length; i++)
                {
                    ulong value = ReadBytes(ref Unsafe.Add(ref place, i * size), size);
                    r[targets[i] * 32 + lane] = type.IsSigned() ? (ulong)Signed(value, type) & masks[i] : value;
                }
            }
        }, [slot], targets);
    }

    private void DecodeLoadParameter(int[] targets, ulong[] masks, PtxType type)
    {
        if (targets.Length != 1 || at.Operands[1] is not AddressOperand { Base: SymbolOperand symbol } address)
            throw Error("ld.param takes one value of a named parameter.");
        if (!parameters.TryGetValue(symbol.Name, out var parameter))
            throw Error($"there is no parameter '{symbol.Name}'.");
        int size = type.Size();
        if (address.Offset < 0 || address.Offset + size > parameter.Bytes)
            throw Error($"parameter '{symbol.Name}' has {parameter.Bytes} bytes; {size} at {address.Offset} are outside.");
        if ((parameter.Offset + address.Offset) % size != 0 || parameter.Alignment < Math.Min(size, 8) && parameter.Alignment % size != 0)
            throw Error($"{size} bytes at {address.Offset} of parameter '{symbol.Name}' are not aligned.");
        int at0 = parameter.Offset + (int)address.Offset, target = targets[0];
        ulong wide = masks[0];
        Add((w, mask) =>
        {
            ulong value = ReadBytes(ref w.Group.Launch.Parameters[at0], size);
            if (type.IsSigned())
                value = (ulong)Signed(value, type) & wide;
            for (uint rest = mask; rest != 0; rest &= rest - 1)
                w.Registers[target * 32 + BitOperations.TrailingZeroCount(rest)] = value;
        }, [], targets);
    }

    private void DecodeStore()
    {
        if (modifiers.Peek == "param")
            throw Error("parameters of a kernel cannot be written.");
        string space = modifiers.Take("global", "shared", "local") ?? Generic;
        int count = VectorCount(null);
        PtxType type = modifiers.Type(MemoryTypes);
        if (count * type.Size() > 16)
            throw Error("a vector has at most 16 bytes.");
        Count(2);
        (int slot, long offset) = Address(at.Operands[0], space);
        int[] sources = VectorOperands(at.Operands[1], count, o => Source(o, type, widened: true));
        int size = type.Size();
        Locator locator = Locate(space, size * count, isWrite: true, isAtomic: false);
        Add((w, mask) =>
        {
            ulong[] r = w.Registers;
            for (uint rest = mask; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                ref byte place = ref locator(w, lane, (long)r[slot * 32 + lane] + offset);
                for (int i = 0; i < sources.Length; i++)
                    WriteBytes(ref Unsafe.Add(ref place, i * size), size, r[sources[i] * 32 + lane]);
            }
        }, [slot, .. sources], []);
    }

    private delegate ref byte Locator(PtxWarp warp, int lane, long address);

    private Locator Locate(string space, int bytes, bool isWrite, bool isAtomic) => space switch
    {
        "global" => Global(accesses++, bytes, isWrite),
        "shared" => Shared(bytes, isWrite, isAtomic),
        "local" => Local(bytes),
        _ => Anywhere(Global(accesses++, bytes, isWrite), Shared(bytes, isWrite, isAtomic), Local(bytes)),
    };

    /// <summary>A generic address is a global one unless it lies in one of the two windows.</summary>
    private static Locator Anywhere(Locator global, Locator shared, Locator local) => (w, lane, address) =>
    {
        switch (address & WindowMask)
        {
            case SharedWindow:
                return ref shared(w, lane, address - SharedWindow);
            case LocalWindow:
                return ref local(w, lane, address - LocalWindow);
            default:
                return ref global(w, lane, address);
        }
    };

    private static Locator Shared(int bytes, bool isWrite, bool isAtomic) => (w, lane, address) =>
    {
        CheckAlignment(lane, address, bytes);
        return ref w.Group.Shared.At(w, lane, address, bytes, isWrite, isAtomic);
    };

    private static Locator Local(int bytes) => (w, lane, address) =>
    {
        CheckAlignment(lane, address, bytes);
        if (address < 0 || address + bytes > w.Locals[lane].Length)
            throw new PtxLaneException(lane, $"local address {address} (+{bytes}) is outside the thread's {w.Locals[lane].Length} bytes.");
        return ref w.Locals[lane][address];
    };

    /// <summary>Most accesses of one instruction go to one buffer, so the last one is remembered.</summary>
    private static unsafe Locator Global(int access, int bytes, bool isWrite) => (w, lane, address) =>
    {
        CheckAlignment(lane, address, bytes);
        ref (long Start, long End) block = ref w.Group.Launch.LastBlocks[access];
        if (address < block.Start || address + bytes > block.End)
        {
            if (!w.Group.Launch.Memory.TryFind(address, out long start, out long end) || address + bytes > end)
                throw new PtxLaneException(lane, $"{(isWrite ? "writes" : "reads")} {bytes} bytes at global address 0x{address:x}, which is in no buffer{w.Group.Launch.Memory.Nearest(address)}.");
            block = (start, end);
        }
        return ref *(byte*)address;
    };

    private static void CheckAlignment(int lane, long address, int bytes)
    {
        if (address % bytes != 0)
            throw new PtxLaneException(lane, $"address 0x{address:x} is not aligned to {bytes} bytes.");
    }

    private void DecodeAtomic(bool returns)
    {
        string space = modifiers.Take("global", "shared") ?? Generic;
        string operation = modifiers.Demand("add", "min", "max", "and", "or", "xor", "exch", "cas");
        PtxType type = modifiers.Type(operation switch
        {
            "add" => [PtxType.U32, PtxType.S32, PtxType.U64, PtxType.F32, PtxType.F64],
            "min" or "max" => [PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64],
            _ => [PtxType.B32, PtxType.B64],
        });
        if (type == PtxType.F64)
            Require(60, 5.0, "atom.add.f64");
        int first = returns ? 1 : 0;
        Count(first + (operation == "cas" ? 3 : 2));
        int d = returns ? Destination(at.Operands[0], type) : -1;
        (int slot, long offset) = Address(at.Operands[first], space);
        int b = Source(at.Operands[first + 1], type), c = operation == "cas" ? Source(at.Operands[first + 2], type) : b;
        Locator locator = Locate(space, type.Size(), isWrite: true, isAtomic: true);
        Func<ulong, ulong, ulong, ulong> combine = Combine(operation, type);
        int size = type.Size();
        Add((w, mask) =>
        {
            ulong[] r = w.Registers;
            for (uint rest = mask; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                ref byte place = ref locator(w, lane, (long)r[slot * 32 + lane] + offset);
                ulong old = ReadBytes(ref place, size);
                WriteBytes(ref place, size, combine(old, r[b * 32 + lane], r[c * 32 + lane]));
                if (d >= 0)
                    r[d * 32 + lane] = old;
            }
        }, [slot, b, c], d >= 0 ? [d] : []);
    }

    private static Func<ulong, ulong, ulong, ulong> Combine(string operation, PtxType type) => (operation, type) switch
    {
        ("add", PtxType.F32) => (x, y, _) => U(F(x) + F(y)),
        ("add", PtxType.F64) => (x, y, _) => U(D(x) + D(y)),
        ("add", _) => (x, y, _) => x + y,
        ("min", _) => (x, y, _) => (type.IsSigned() ? Signed(x, type) < Signed(y, type) : x < y) ? x : y,
        ("max", _) => (x, y, _) => (type.IsSigned() ? Signed(x, type) > Signed(y, type) : x > y) ? x : y,
        ("and", _) => (x, y, _) => x & y,
        ("or", _) => (x, y, _) => x | y,
        ("xor", _) => (x, y, _) => x ^ y,
        ("exch", _) => (_, y, _) => y,
        _ => (x, y, z) => x == y ? z : x,
    };
}
