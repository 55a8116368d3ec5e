namespace ILGPU.Compiler.OpenCL;

internal sealed partial class OpenClEmitter
{
    /// <summary>
    /// Helpers in the source itself. Memory is accessed through types that may alias any other: a view can be cast, so the
    /// same bytes may be written as floats and read as integers.
    /// </summary>
    private const string Prelude = """
        #pragma OPENCL FP_CONTRACT OFF
        #ifdef __clang__
        #define MAY_ALIAS __attribute__((may_alias))
        #else
        #define MAY_ALIAS
        #endif
        typedef char m_i8 MAY_ALIAS; typedef uchar m_u8 MAY_ALIAS; typedef short m_i16 MAY_ALIAS; typedef ushort m_u16 MAY_ALIAS;
        typedef uint m_u32 MAY_ALIAS; typedef ulong m_u64 MAY_ALIAS;
        static float f_min(float a, float b)
        {
            return a != a ? a : b != b ? b : a < b ? a : b < a ? b : as_float(as_uint(a) | as_uint(b));
        }
        static float f_max(float a, float b)
        {
            return a != a ? a : b != b ? b : a > b ? a : b > a ? b : as_float(as_uint(a) & as_uint(b));
        }
        static uint ctz32(uint x) { return x == 0u ? 32u : 31u - clz(x & (0u - x)); }
        static ulong ctz64(ulong x) { return x == 0ul ? 64ul : 63ul - clz(x & (0ul - x)); }
        static float half_to_float(uint x) { ushort h = (ushort)x; return vload_half(0, (const __private half*)&h); }
        static uint float_to_half(float x) { ushort h; vstore_half_rte(x, 0, (__private half*)&h); return h; }

        """;

    private const string DoublePrelude = """
        static double d_min(double a, double b)
        {
            return a != a ? a : b != b ? b : a < b ? a : b < a ? b : as_double(as_ulong(a) | as_ulong(b));
        }
        static double d_max(double a, double b)
        {
            return a != a ? a : b != b ? b : a > b ? a : b > a ? b : as_double(as_ulong(a) & as_ulong(b));
        }

        """;
}
