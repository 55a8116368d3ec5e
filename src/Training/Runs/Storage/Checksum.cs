using System.Buffers.Binary;
using System.Numerics;

namespace GpuGrad.Training.Runs.Storage;

/// <summary>
/// A 64-bit checksum against damage, not against forgery. Each 8-byte word is mixed into one of four running values by invertible
/// steps (multiplication by an odd number, exclusive or, rotation), so that a change within one aligned word, such as a flipped bit,
/// always changes the result; any other change does with probability 1 - 2^-64. Four values keep four multiplications in flight.
/// </summary>
public struct Checksum
{
    private const int Stripe = 32;

    // Odd, with about as many ones as zeros: binary digits of the fractions of sqrt(2), sqrt(3), sqrt(5).
    private const ulong First = 0x6A09E667F3BCC909;
    private const ulong Second = 0xBB67AE8584CAA73B;
    private const ulong Third = 0x3C6EF372FE94F82B;

    private ulong a;
    private ulong b;
    private ulong c;
    private ulong d;
    private long length;
    private Tail tail;

    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var checksum = new Checksum();
        checksum.Append(bytes);
        return checksum.Value;
    }

    /// <summary>Continues with more bytes. The result does not depend on how they are divided into pieces.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        int held = (int)(length % Stripe);
        length += bytes.Length;
        if (held > 0)
        {
            int taken = Math.Min(Stripe - held, bytes.Length);
            bytes[..taken].CopyTo(((Span<byte>)tail)[held..]);
            bytes = bytes[taken..];
            if (held + taken < Stripe)
                return;
            AppendStripes(tail);
        }
        int whole = bytes.Length / Stripe * Stripe;
        AppendStripes(bytes[..whole]);
        bytes[whole..].CopyTo(tail);
    }

    /// <summary>The checksum of everything appended so far.</summary>
    public readonly ulong Value
    {
        get
        {
            ulong value = Mix((ulong)length, a);
            value = Mix(value, b);
            value = Mix(value, c);
            value = Mix(value, d);
            Span<byte> rest = stackalloc byte[Stripe];
            int held = (int)(length % Stripe);
            ((ReadOnlySpan<byte>)tail)[..held].CopyTo(rest);
            rest[held..].Clear();
            for (int i = 0; i < Stripe; i += sizeof(ulong))
                value = Mix(value, BinaryPrimitives.ReadUInt64LittleEndian(rest[i..]));
            value ^= value >> 32;
            value *= Third;
            return value ^ (value >> 29);
        }
    }

    private void AppendStripes(ReadOnlySpan<byte> bytes)
    {
        (ulong a, ulong b, ulong c, ulong d) = (this.a, this.b, this.c, this.d);
        for (; bytes.Length >= Stripe; bytes = bytes[Stripe..])
        {
            a = Mix(a, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            b = Mix(b, BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
            c = Mix(c, BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
            d = Mix(d, BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
        }
        (this.a, this.b, this.c, this.d) = (a, b, c, d);
    }

    // The word is multiplied before it is mixed in: otherwise the next word could cancel it by flipping a single bit.
    private static ulong Mix(ulong value, ulong word) => BitOperations.RotateLeft(value ^ (word * Second), 29) * First + Third;

    [System.Runtime.CompilerServices.InlineArray(Stripe)]
    private struct Tail
    {
        private byte first;
    }
}
