using System.Numerics;
using ILGPU.Compiler.Ir;

namespace ILGPU.Compiler.Optimize;

/// <summary>
/// Equal but better forms. Constants in integer sums move outwards so that they end as displacements of addresses: then
/// the accesses of an unrolled loop share one address register and differ in an immediate.
/// </summary>
internal static class Rewriter
{
    private const long MaxDisplacement = 1 << 24;

    /// <summary>A better instruction for this one, or null. Parts of it are added through <paramref name="insert"/>.</summary>
    public static Instruction? Rewrite(Instruction i, Func<Instruction, Value> insert) => i.Op switch
    {
        Op.Add when !i.Type.IsFloat() => RewriteAdd(i, insert),
        Op.Sub when !i.Type.IsFloat() && i.Args[1] is Constant c => new Instruction(Op.Add, i.Type, i.Args[0], Constant.Integer(i.Type, -c.Bits)),
        Op.Sub when !i.Type.IsFloat() => RewriteSub(i, insert),
        Op.Mul or Op.And or Op.Or or Op.Xor when i.Args[0] is Constant && i.Args[1] is not Constant => i.With(i.Args[1], i.Args[0]),
        Op.Mul when !i.Type.IsFloat() && i.Args[1] is Constant k && i.Args[0] is Instruction { Op: Op.Add } sum && sum.Args[1] is Constant c =>
            new Instruction(Op.Add, i.Type, insert(new Instruction(Op.Mul, i.Type, sum.Args[0], k)), Constant.Integer(i.Type, unchecked(c.Bits * k.Bits))),
        Op.Shl when i.Args[1] is Constant { Bits: >= 0 and < 32 } k && i.Type == IrType.I32 =>
            new Instruction(Op.Mul, IrType.I32, i.Args[0], Constant.Int(1 << (int)k.Bits)),
        Op.DivU or Op.RemU when i.Args[1] is Constant { Bits: > 0 } p && BitOperations.IsPow2(p.Bits) => i.Op == Op.DivU
            ? new Instruction(Op.ShrU, i.Type, i.Args[0], Constant.Int(BitOperations.Log2((ulong)p.Bits)))
            : new Instruction(Op.And, i.Type, i.Args[0], Constant.Integer(i.Type, p.Bits - 1)),
        Op.Div or Op.Rem when !i.Type.IsFloat() && i.Args[1] is Constant { Bits: > 0 } && Ranges.IsNonNegative(i.Args[0]) =>
            new Instruction(i.Op == Op.Div ? Op.DivU : Op.RemU, i.Type, i.Args),
        Op.And or Op.ShrU when i.Args[1] is Constant && i.Args[0] is Instruction { Op: Op.Add } sum && sum.Args[1] is Constant => RewriteBitsOfSum(i, sum, insert),
        Op.And or Op.ShrU when i.Args[1] is Constant && i.Args[0] is Instruction { Op: Op.Mul } product && product.Args[1] is Constant => RewriteBitsOfProduct(i, product),
        Op.Div or Op.Rem when !i.Type.IsFloat() && i.Args[1] is Constant { Bits: > 1 } p && BitOperations.IsPow2(p.Bits) => DividePowerOfTwo(i, p.Bits, insert),
        Op.Not when i.Args[0] is Instruction { Op: Op.Compare } compare =>
            new Instruction(Op.Compare, IrType.Bool, compare.Args) { Predicate = compare.Predicate.Negated(compare.Args[0].Type.IsFloat()) },
        Op.Compare => RewriteCompare(i),
        Op.FloatToFloat when i.Type == IrType.F32 && i.Args[0] is Instruction { Op: Op.IntToFloat or Op.UIntToFloat } f && f.Args[0].Type == IrType.I32 =>
            new Instruction(f.Op, IrType.F32, f.Args[0]),
        Op.Address => RewriteAddress(i, insert),
        Op.Load or Op.Store or Op.Atomic or Op.AtomicCas => RewriteAccess(i, insert),
        _ => null,
    };

    private static Instruction? RewriteAdd(Instruction i, Func<Instruction, Value> insert)
    {
        if (i.Args[0] is Constant && i.Args[1] is not Constant)
            return i.With(i.Args[1], i.Args[0]);
        if (i.Args[0] is Instruction { Op: Op.Add } left && left.Args[1] is Constant c)
        {
            return i.Args[1] is Constant d
                ? i.With(left.Args[0], Constant.Integer(i.Type, unchecked(c.Bits + d.Bits)))
                : i.With(insert(i.With(left.Args[0], i.Args[1])), c);
        }
        return i.Args[1] is Instruction { Op: Op.Add } right && right.Args[1] is Constant e
            ? i.With(insert(i.With(i.Args[0], right.Args[0])), e)
            : null;
    }

    /// <summary>(x + c) - y and x - (y + c): the constant outwards.</summary>
    private static Instruction? RewriteSub(Instruction i, Func<Instruction, Value> insert)
    {
        if (i.Args[0] is Instruction { Op: Op.Add } left && left.Args[1] is Constant c)
            return new Instruction(Op.Add, i.Type, insert(i.With(left.Args[0], i.Args[1])), c);
        return i.Args[1] is Instruction { Op: Op.Add } right && right.Args[1] is Constant d
            ? new Instruction(Op.Add, i.Type, insert(i.With(i.Args[0], right.Args[0])), Constant.Integer(i.Type, unchecked(-d.Bits)))
            : null;
    }

    /// <summary>(x + c) &amp; mask and (x + c) >> n, where c has no bits below.</summary>
    private static Instruction? RewriteBitsOfSum(Instruction i, Instruction sum, Func<Instruction, Value> insert)
    {
        long c = ((Constant)sum.Args[1]).Bits, bits = ((Constant)i.Args[1]).Bits;
        if (i.Op == Op.And)
            return bits > 0 && BitOperations.IsPow2(bits + 1) && c % (bits + 1) == 0 ? i.With(sum.Args[0], i.Args[1]) : null;
        // Without overflow, and nothing negative.
        if (bits is <= 0 or > 30 || c <= 0 || c % (1L << (int)bits) != 0 || !Ranges.IsNonNegative(sum.Args[0]) || !Ranges.IsNonNegative(sum))
            return null;
        return new Instruction(Op.Add, i.Type, insert(i.With(sum.Args[0], i.Args[1])), Constant.Integer(i.Type, c >> (int)bits));
    }

    /// <summary>(x * k) &amp; mask and (x * k) >> n, where k has no bits below.</summary>
    private static Instruction? RewriteBitsOfProduct(Instruction i, Instruction product)
    {
        long k = ((Constant)product.Args[1]).Bits, bits = ((Constant)i.Args[1]).Bits;
        if (i.Op == Op.And)
            return bits > 0 && BitOperations.IsPow2(bits + 1) && k % (bits + 1) == 0 ? new Instruction(Op.Mul, i.Type, product.Args[0], Constant.Integer(i.Type, 0)) : null;
        return bits is > 0 and <= 30 && k > 0 && k % (1L << (int)bits) == 0 && Ranges.IsNonNegative(product.Args[0]) && Ranges.IsNonNegative(product)
            ? new Instruction(Op.Mul, i.Type, product.Args[0], Constant.Integer(i.Type, k >> (int)bits))
            : null;
    }

    /// <summary>Division rounds towards zero, a shift down: add divisor - 1 to what is negative.</summary>
    private static Instruction DividePowerOfTwo(Instruction i, long divisor, Func<Instruction, Value> insert)
    {
        int bits = i.Type == IrType.I32 ? 32 : 64, shift = BitOperations.Log2((ulong)divisor);
        Value sign = insert(new Instruction(Op.Shr, i.Type, i.Args[0], Constant.Int(bits - 1)));
        Value bias = insert(new Instruction(Op.ShrU, i.Type, sign, Constant.Int(bits - shift)));
        Value biased = insert(new Instruction(Op.Add, i.Type, i.Args[0], bias));
        if (i.Op == Op.Div)
            return new Instruction(Op.Shr, i.Type, biased, Constant.Int(shift));
        Value whole = insert(new Instruction(Op.And, i.Type, biased, Constant.Integer(i.Type, -divisor)));
        return new Instruction(Op.Sub, i.Type, i.Args[0], whole);
    }

    private static Instruction? RewriteCompare(Instruction i)
    {
        if (i.Args[0] is Constant && i.Args[1] is not Constant)
            return new Instruction(Op.Compare, IrType.Bool, i.Args[1], i.Args[0]) { Predicate = i.Predicate.Swapped() };
        if (i.Args[0] is Instruction { Op: Op.BoolToInt } flag && i.Args[1] is Constant { Bits: 0 } && i.Predicate == Predicate.Eq)
            return new Instruction(Op.Not, IrType.Bool, flag.Args[0]);
        return null;
    }

    private static Instruction? RewriteAddress(Instruction i, Func<Instruction, Value> insert)
    {
        if (i.Args.Length == 2 && i.Args[1] is Constant c && Fits(c.Bits * i.Scale + i.Offset))
            return new Instruction(Op.Address, IrType.Ptr, i.Args[0]) { Offset = c.Bits * i.Scale + i.Offset };
        if (i.Args.Length == 2 && SplitIndex(i.Args[1], IsWide(i.Args[0])) is { } split && Fits(split.Added * i.Scale + i.Offset))
        {
            return new Instruction(Op.Address, IrType.Ptr, i.Args[0], split.Index)
            {
                Scale = i.Scale,
                Offset = i.Offset + split.Added * i.Scale,
            };
        }
        if (i.Args[0] is not Instruction { Op: Op.Address } inner || !Fits(inner.Offset + i.Offset))
            return null;
        if (i.Args.Length == 1)
            return new Instruction(Op.Address, IrType.Ptr, inner.Args) { Scale = inner.Scale, Offset = inner.Offset + i.Offset };
        if (inner.Offset == 0)
            return null;
        // (base + ... + offset) + index: the offset outwards.
        Value without = insert(new Instruction(Op.Address, IrType.Ptr, inner.Args) { Scale = inner.Scale });
        return new Instruction(Op.Address, IrType.Ptr, without, i.Args[1]) { Scale = i.Scale, Offset = i.Offset + inner.Offset };
    }

    /// <summary>
    /// x + c as an index. That int + constant wraps need not be respected for a positive constant: it would wrap to a negative
    /// index, and no view has one.
    /// </summary>
    private static (Value Index, long Added)? SplitIndex(Value index, bool wide)
    {
        if (index is Instruction { Op: Op.SExt } extended)
            return (extended.Args[0], 0);
        if (index is not Instruction { Op: Op.Add } sum || sum.Args[1] is not Constant c)
            return null;
        // Shared and local addresses have 32 bits: there the rest may not be negative, or address and displacement would wrap.
        if (!wide && !Ranges.IsNonNegativeIndex(sum.Args[0]))
            return null;
        return sum.Type == IrType.I64 || c.Bits > 0 || c.Bits > -MaxDisplacement && Ranges.IsNonNegative(sum.Args[0]) ? (sum.Args[0], c.Bits) : null;
    }

    /// <summary>An address in global memory, as far as can be seen here.</summary>
    private static bool IsWide(Value address)
    {
        while (address is Instruction { Op: Op.Address } inner)
            address = inner.Args[0];
        return address is Parameter;
    }

    private static Instruction? RewriteAccess(Instruction i, Func<Instruction, Value> insert)
    {
        if (i.Args[0] is not Instruction { Op: Op.Address } address || address.Offset == 0 || !Fits(address.Offset + i.Offset))
            return null;
        Value without = address.Args.Length == 1
            ? address.Args[0]
            : insert(new Instruction(Op.Address, IrType.Ptr, address.Args) { Scale = address.Scale });
        Instruction moved = i.With([without, .. i.Args[1..]]);
        moved.Offset = i.Offset + address.Offset;
        return moved;
    }

    private static bool Fits(long displacement) => Math.Abs(displacement) <= MaxDisplacement;
}
