using System.Numerics;

namespace GpuGrad.Tests.Support.Ptx;

internal sealed partial class PtxDecoder
{
    private bool DecodeControl(string name)
    {
        switch (name)
        {
            case "bra":
                modifiers.Take("uni");
                Count(1);
                string label = at.Operands[0] is SymbolOperand symbol ? symbol.Name : throw Error("a label expected.");
                Add(StepKind.Branch, null, [], []);
                branches.Add((steps[^1], label));
                return true;
            case "ret" or "exit":
                Count(0);
                Add(StepKind.Exit, null, [], []);
                return true;
            case "bar":
                DecodeBarrier();
                return true;
            case "shfl":
                DecodeShuffle();
                return true;
            case "vote":
                DecodeVote();
                return true;
            default:
                return false;
        }
    }

    private void DecodeBarrier()
    {
        string kind = modifiers.Demand("sync", "warp", "red");
        if (kind == "warp")
        {
            modifiers.Demand("sync");
            Require(30, 6.0, "bar.warp.sync");
            Count(1);
            int members = Source(at.Operands[0], PtxType.B32);
            Add(StepKind.WarpWide, (_, _) => { }, [members], [], members, ordersMemory: true);
            return;
        }
        if (kind == "sync")
        {
            Count(1);
            BarrierNumber(at.Operands[0]);
            Add(StepKind.GroupBarrier, null, [], []);
            return;
        }
        string operation = modifiers.Demand("popc", "and", "or");
        PtxType type = modifiers.Type(operation == "popc" ? PtxType.U32 : PtxType.Pred);
        Count(3);
        BarrierNumber(at.Operands[1]);
        int d = Destination(at.Operands[0], type), p = RegisterSource(at.Operands[2], PtxType.Pred);
        Add(StepKind.GroupBarrier, (w, _) => ReduceOverGroup(w.Group, operation, d, p), [p], [d]);
    }

    private void BarrierNumber(PtxOperand operand)
    {
        if (operand is not IntegerOperand { Value: 0 })
            throw Error("barrier 0 expected; others are not known to this interpreter.");
    }

    private static void ReduceOverGroup(PtxGroup group, string operation, int d, int p)
    {
        uint count = 0, threads = 0;
        foreach (PtxWarp warp in group.Warps)
        {
            for (int lane = 0; lane < warp.Threads; lane++)
                count += (uint)warp.Registers[p * 32 + lane];
            threads += (uint)warp.Threads;
        }
        uint result = operation switch { "popc" => count, "and" => count == threads ? 1u : 0u, _ => count > 0 ? 1u : 0u };
        foreach (PtxWarp warp in group.Warps)
            warp.Registers.AsSpan(d * 32, warp.Threads).Fill(result);
    }

    private void DecodeShuffle()
    {
        modifiers.Demand("sync");
        Require(30, 6.0, "shfl.sync");
        string mode = modifiers.Demand("idx", "down", "up", "bfly");
        modifiers.Type(PtxType.B32);
        Count(5);
        int d = Destination(at.Operands[0], PtxType.B32), a = RegisterSource(at.Operands[1], PtxType.B32);
        int b = Source(at.Operands[2], PtxType.B32), c = Source(at.Operands[3], PtxType.B32), members = Source(at.Operands[4], PtxType.B32);
        Add(StepKind.WarpWide, (w, mask) => Shuffle(w, mask, mode, d, a, b, c), [a, b, c, members], [d], members);
    }

    private static void Shuffle(PtxWarp warp, uint mask, string mode, int d, int a, int b, int c)
    {
        ulong[] r = warp.Registers;
        Span<ulong> values = stackalloc ulong[32];
        r.AsSpan(a * 32, 32).CopyTo(values);
        for (uint rest = mask; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            int argument = (int)r[b * 32 + lane] & 31, bound = (int)r[c * 32 + lane] & 31, segment = (int)(r[c * 32 + lane] >> 8) & 31;
            int last = lane & segment | bound & ~segment, first = lane & segment;
            (int source, bool inside) = mode switch
            {
                "up" => (lane - argument, lane - argument >= last),
                "down" => (lane + argument, lane + argument <= last),
                "bfly" => (lane ^ argument, (lane ^ argument) <= last),
                _ => (first | argument & ~segment, (first | argument & ~segment) <= last),
            };
            if (!inside)
                source = lane;
            if ((mask >> source & 1) == 0)
                throw new PtxLaneException(lane, $"shuffles from lane {source}, which is not there.");
            r[d * 32 + lane] = values[source];
        }
    }

    private void DecodeVote()
    {
        modifiers.Demand("sync");
        Require(30, 6.0, "vote.sync");
        string mode = modifiers.Demand("all", "any", "ballot");
        PtxType type = modifiers.Type(mode == "ballot" ? PtxType.B32 : PtxType.Pred);
        Count(3);
        int d = Destination(at.Operands[0], type), p = RegisterSource(at.Operands[1], PtxType.Pred), members = Source(at.Operands[2], PtxType.B32);
        Add(StepKind.WarpWide, (w, mask) =>
        {
            uint ballot = 0;
            for (uint rest = mask; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                ballot |= (uint)w.Registers[p * 32 + lane] << lane;
            }
            ulong result = mode switch { "ballot" => ballot, "all" => ballot == mask ? 1u : 0u, _ => ballot != 0 ? 1u : 0u };
            for (uint rest = mask; rest != 0; rest &= rest - 1)
                w.Registers[d * 32 + BitOperations.TrailingZeroCount(rest)] = result;
        }, [p, members], [d], members);
    }
}
