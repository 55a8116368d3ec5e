namespace GpuGrad.Tests.Support.Ptx;

// Operands to slots: registers, constants, special registers, each with its type checked.
internal sealed partial class PtxDecoder
{
    private (int Slot, PtxType Type)? FindRegister(PtxOperand operand)
    {
        string? name = (operand as RegisterOperand)?.Name ?? (operand as SymbolOperand)?.Name;
        if (name == null)
            return null;
        foreach (Dictionary<string, (int, PtxType)> scope in scopes)
        {
            if (scope.TryGetValue(name, out (int, PtxType) found))
                return found;
        }
        return operand is RegisterOperand ? throw Error($"register '{name}' is not declared.") : null;
    }

    private int Destination(PtxOperand operand, PtxType type, bool widened = false)
    {
        (int slot, PtxType declared) = FindRegister(operand) ?? throw Error("the destination must be a register.");
        CheckType(operand, type, declared, widened);
        return slot;
    }

    private int Source(PtxOperand operand, PtxType type, bool widened = false)
    {
        if (FindRegister(operand) is { } register)
        {
            CheckType(operand, type, register.Type, widened);
            return register.Slot;
        }
        return operand switch
        {
            IntegerOperand number => IntegerConstant(number.Value, type),
            FloatOperand number => FloatConstant(number, type),
            SymbolOperand symbol when PtxSpecial.IsName(symbol.Name) => throw Error($"special register {symbol.Name} can only be read by mov."),
            SymbolOperand symbol when variables.ContainsKey(symbol.Name) => throw Error($"the address of '{symbol.Name}' can only be taken by mov."),
            SymbolOperand symbol => throw Error($"'{symbol.Name}' is not declared."),
            _ => throw Error("a register or constant expected."),
        };
    }

    /// <summary>A source that must not be a constant.</summary>
    private int RegisterSource(PtxOperand operand, PtxType type, bool widened = false)
    {
        if (FindRegister(operand) == null)
            throw Error("a register expected, found a constant.");
        return Source(operand, type, widened);
    }

    private void CheckType(PtxOperand operand, PtxType type, PtxType declared, bool widened)
    {
        if (widened ? !PtxTypes.AgreesWidened(type, declared) : !PtxTypes.Agrees(type, declared))
        {
            string name = (operand as RegisterOperand)?.Name ?? ((SymbolOperand)operand).Name;
            throw Error($"type {type.Name()} of the instruction does not agree with register {name}, which is {declared.Name()}.");
        }
    }

    private int IntegerConstant(long value, PtxType type)
    {
        if (type.IsFloat())
            throw Error($"an integer constant where {type.Name()} is expected.");
        if (type == PtxType.Pred)
            return Constant(value != 0 ? 1u : 0u);
        int bits = type.Bits();
        if (bits < 64 && (value >= 1L << bits || value < -(1L << (bits - 1))))
            throw Error($"constant {value} does not fit {type.Name()}.");
        return Constant((ulong)value & Mask(bits));
    }

    private int FloatConstant(FloatOperand number, PtxType type)
    {
        bool agrees = number.IsDouble ? type is PtxType.F64 or PtxType.B64 : type is PtxType.F32 or PtxType.B32;
        return agrees ? Constant(number.Bits) : throw Error($"a {(number.IsDouble ? "double" : "float")} constant where {type.Name()} is expected.");
    }

    private static ulong Mask(int bits) => bits >= 64 ? ulong.MaxValue : (1UL << bits) - 1;

    private int Constant(ulong value)
    {
        if (!constants.TryGetValue(value, out int slot))
        {
            slot = slotNames.Count;
            slotNames.Add($"constant {value}");
            constants.Add(value, slot);
        }
        return slot;
    }

    private int Special(string name)
    {
        if (!specials.TryGetValue(name, out int slot))
        {
            slot = slotNames.Count;
            slotNames.Add(name);
            specials.Add(name, slot);
        }
        return slot;
    }
}
