namespace ILGPU.Algorithms;

/// <summary>
/// Mathematics for kernels. The functions of float give the same bits on every device and on the host
/// (<see cref="DeviceMath"/>); those of double that are more than an instruction work on the host and emulated only.
/// </summary>
public static class XMath
{
    public const float E = 2.71828183f;
    public const double ED = Math.E;
    public const float Log2E = 1.44269504f;
    public const double Log2ED = 1.4426950408889634;
    public const float OneOverLog2E = 0.693147181f;
    public const double OneOverLog2ED = 0.69314718055994531;
    public const float Log10E = 0.434294482f;
    public const double Log10ED = 0.43429448190325183;
    public const float Ln2 = 0.693147181f;
    public const double Ln2D = 0.69314718055994531;
    public const float OneOverLn2 = 1.44269504f;
    public const double OneOverLn2D = 1.4426950408889634;
    public const float Ln10 = 2.30258509f;
    public const double Ln10D = 2.3025850929940457;
    public const float OneOverLn10 = 0.434294482f;
    public const double OneOverLn10D = 0.43429448190325183;
    public const float PI = 3.14159265f;
    public const double PID = Math.PI;
    public const float PIHalf = 1.57079633f;
    public const double PIHalfD = Math.PI / 2;
    public const float PIFourth = 0.785398163f;
    public const double PIFourthD = Math.PI / 4;
    public const float OneOverPI = 0.318309886f;
    public const float TwoOverPI = 0.636619772f;
    public const float Sqrt2 = 1.41421356f;
    public const float OneOverSqrt2 = 0.707106781f;
    public const float OneThird = 0.333333333f;

    public static double Abs(double value) => IntrinsicMath.Abs(value);
    public static float Abs(float value) => IntrinsicMath.Abs(value);
    public static sbyte Abs(sbyte value) => IntrinsicMath.Abs(value);
    public static short Abs(short value) => IntrinsicMath.Abs(value);
    public static int Abs(int value) => IntrinsicMath.Abs(value);
    public static long Abs(long value) => IntrinsicMath.Abs(value);

    public static double Min(double first, double second) => IntrinsicMath.Min(first, second);
    public static float Min(float first, float second) => IntrinsicMath.Min(first, second);
    public static sbyte Min(sbyte first, sbyte second) => IntrinsicMath.Min(first, second);
    public static short Min(short first, short second) => IntrinsicMath.Min(first, second);
    public static int Min(int first, int second) => IntrinsicMath.Min(first, second);
    public static long Min(long first, long second) => IntrinsicMath.Min(first, second);
    public static byte Min(byte first, byte second) => IntrinsicMath.Min(first, second);
    public static ushort Min(ushort first, ushort second) => IntrinsicMath.Min(first, second);
    public static uint Min(uint first, uint second) => IntrinsicMath.Min(first, second);
    public static ulong Min(ulong first, ulong second) => IntrinsicMath.Min(first, second);

    public static double Max(double first, double second) => IntrinsicMath.Max(first, second);
    public static float Max(float first, float second) => IntrinsicMath.Max(first, second);
    public static sbyte Max(sbyte first, sbyte second) => IntrinsicMath.Max(first, second);
    public static short Max(short first, short second) => IntrinsicMath.Max(first, second);
    public static int Max(int first, int second) => IntrinsicMath.Max(first, second);
    public static long Max(long first, long second) => IntrinsicMath.Max(first, second);
    public static byte Max(byte first, byte second) => IntrinsicMath.Max(first, second);
    public static ushort Max(ushort first, ushort second) => IntrinsicMath.Max(first, second);
    public static uint Max(uint first, uint second) => IntrinsicMath.Max(first, second);
    public static ulong Max(ulong first, ulong second) => IntrinsicMath.Max(first, second);

    public static double Clamp(double value, double min, double max) => IntrinsicMath.Clamp(value, min, max);
    public static float Clamp(float value, float min, float max) => IntrinsicMath.Clamp(value, min, max);
    public static sbyte Clamp(sbyte value, sbyte min, sbyte max) => IntrinsicMath.Clamp(value, min, max);
    public static short Clamp(short value, short min, short max) => IntrinsicMath.Clamp(value, min, max);
    public static int Clamp(int value, int min, int max) => IntrinsicMath.Clamp(value, min, max);
    public static long Clamp(long value, long min, long max) => IntrinsicMath.Clamp(value, min, max);
    public static byte Clamp(byte value, byte min, byte max) => IntrinsicMath.Clamp(value, min, max);
    public static ushort Clamp(ushort value, ushort min, ushort max) => IntrinsicMath.Clamp(value, min, max);
    public static uint Clamp(uint value, uint min, uint max) => IntrinsicMath.Clamp(value, min, max);
    public static ulong Clamp(ulong value, ulong min, ulong max) => IntrinsicMath.Clamp(value, min, max);

    public static int PopCount(int value) => IntrinsicMath.PopCount(value);
    public static int PopCount(uint value) => IntrinsicMath.PopCount(value);
    public static int PopCount(long value) => IntrinsicMath.PopCount(value);
    public static int PopCount(ulong value) => IntrinsicMath.PopCount(value);
    public static int LeadingZeroCount(int value) => IntrinsicMath.LeadingZeroCount(value);
    public static int LeadingZeroCount(uint value) => IntrinsicMath.LeadingZeroCount(value);
    public static int LeadingZeroCount(long value) => IntrinsicMath.LeadingZeroCount(value);
    public static int LeadingZeroCount(ulong value) => IntrinsicMath.LeadingZeroCount(value);
    public static int TrailingZeroCount(int value) => IntrinsicMath.TrailingZeroCount(value);
    public static int TrailingZeroCount(uint value) => IntrinsicMath.TrailingZeroCount(value);
    public static int TrailingZeroCount(long value) => IntrinsicMath.TrailingZeroCount(value);
    public static int TrailingZeroCount(ulong value) => IntrinsicMath.TrailingZeroCount(value);

    public static int DivRoundDown(int numerator, int denominator) => IntrinsicMath.DivRoundDown(numerator, denominator);
    public static int DivRoundUp(int numerator, int denominator) => IntrinsicMath.DivRoundUp(numerator, denominator);
    public static long DivRoundDown(long numerator, long denominator) => IntrinsicMath.DivRoundDown(numerator, denominator);
    public static long DivRoundUp(long numerator, long denominator) => IntrinsicMath.DivRoundUp(numerator, denominator);

    public static IntrinsicMath.IntegerParts Decompose(long value) => IntrinsicMath.Decompose(value);
    public static IntrinsicMath.IntegerParts Decompose(ulong value) => IntrinsicMath.Decompose(value);
    public static ulong ComposeULong(IntrinsicMath.IntegerParts parts) => IntrinsicMath.ComposeULong(parts);
    public static long ComposeLong(IntrinsicMath.IntegerParts parts) => IntrinsicMath.ComposeLong(parts);

    public static double DegToRad(double degrees) => degrees * (PID / 180);
    public static float DegToRad(float degrees) => degrees * (PI / 180f);
    public static double RadToDeg(double radians) => radians * (180 / PID);
    public static float RadToDeg(float radians) => radians * (180f / PI);

    public static bool IsNaN(double value) => double.IsNaN(value);
    public static bool IsNaN(float value) => float.IsNaN(value);
    public static bool IsInfinity(double value) => double.IsInfinity(value);
    public static bool IsInfinity(float value) => float.IsInfinity(value);
    public static bool IsFinite(double value) => double.IsFinite(value);
    public static bool IsFinite(float value) => float.IsFinite(value);

    public static double Floor(double value) => Math.Floor(value);
    public static float Floor(float value) => MathF.Floor(value);
    public static double Ceiling(double value) => Math.Ceiling(value);
    public static float Ceiling(float value) => MathF.Ceiling(value);
    public static double Truncate(double value) => Math.Truncate(value);
    public static float Truncate(float value) => MathF.Truncate(value);
    public static double Round(double value) => Math.Round(value);
    public static float Round(float value) => MathF.Round(value);
    public static double RoundToEven(double value) => Math.Round(value);
    public static float RoundToEven(float value) => MathF.Round(value);

    public static double RoundAwayFromZero(double value)
    {
        double whole = Math.Truncate(value);
        return Math.Abs(value - whole) >= 0.5 ? whole + Math.CopySign(1, value) : whole;
    }

    public static float RoundAwayFromZero(float value)
    {
        float whole = MathF.Truncate(value);
        return MathF.Abs(value - whole) >= 0.5f ? whole + MathF.CopySign(1f, value) : whole;
    }

    public static int Sign(double value) => value < 0 ? -1 : value > 0 ? 1 : 0;
    public static int Sign(float value) => value < 0f ? -1 : value > 0f ? 1 : 0;

    public static double Sqrt(double value) => Math.Sqrt(value);
    public static float Sqrt(float value) => MathF.Sqrt(value);
    public static double Rsqrt(double value) => 1 / Math.Sqrt(value);
    public static float Rsqrt(float value) => 1f / MathF.Sqrt(value);
    public static double Rcp(double value) => 1 / value;
    public static float Rcp(float value) => 1f / value;
    public static double Rem(double x, double y) => x % y;
    public static float Rem(float x, float y) => DeviceMath.Rem(x, y);
    public static double IEEERemainder(double x, double y) => Math.IEEERemainder(x, y);
    public static float IEEERemainder(float x, float y) => DeviceMath.IeeeRemainder(x, y);

    public static double Exp(double value) => Math.Exp(value);
    public static float Exp(float value) => DeviceMath.Exp(value);
    public static double Exp2(double value) => Math.Pow(2, value);
    public static float Exp2(float value) => DeviceMath.Exp2(value);
    public static double Log(double value) => Math.Log(value);
    public static float Log(float value) => DeviceMath.Log(value);
    public static double Log(double value, double newBase) => Math.Log(value) / Math.Log(newBase);
    public static float Log(float value, float newBase) => DeviceMath.Log(value) / DeviceMath.Log(newBase);
    public static double Log10(double value) => Math.Log10(value);
    public static float Log10(float value) => DeviceMath.Log10(value);
    public static double Log2(double value) => Math.Log2(value);
    public static float Log2(float value) => DeviceMath.Log2(value);
    public static double Pow(double @base, double exp) => Math.Pow(@base, exp);
    public static float Pow(float @base, float exp) => DeviceMath.Pow(@base, exp);

    public static double Sin(double value) => Math.Sin(value);
    public static float Sin(float value) => DeviceMath.Sin(value);
    public static double Cos(double value) => Math.Cos(value);
    public static float Cos(float value) => DeviceMath.Cos(value);
    public static double Tan(double value) => Math.Tan(value);
    public static float Tan(float value) => DeviceMath.Tan(value);
    public static double Sinh(double value) => Math.Sinh(value);
    public static float Sinh(float value) => DeviceMath.Sinh(value);
    public static double Cosh(double value) => Math.Cosh(value);
    public static float Cosh(float value) => DeviceMath.Cosh(value);
    public static double Tanh(double value) => Math.Tanh(value);
    public static float Tanh(float value) => DeviceMath.Tanh(value);
    public static double Asin(double value) => Math.Asin(value);
    public static float Asin(float value) => DeviceMath.Asin(value);
    public static double Acos(double value) => Math.Acos(value);
    public static float Acos(float value) => DeviceMath.Acos(value);
    public static double Atan(double value) => Math.Atan(value);
    public static float Atan(float value) => DeviceMath.Atan(value);
    public static double Atan2(double y, double x) => Math.Atan2(y, x);
    public static float Atan2(float y, float x) => DeviceMath.Atan2(y, x);

    public static void SinCos(double value, out double sin, out double cos)
    {
        sin = Math.Sin(value);
        cos = Math.Cos(value);
    }

    public static void SinCos(float value, out float sin, out float cos) => DeviceMath.SinCos(value, out sin, out cos);
}
