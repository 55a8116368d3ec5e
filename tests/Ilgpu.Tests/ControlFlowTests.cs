using ILGPU;

namespace GpuGrad.Ilgpu.Tests;

/// <summary>Loops, branches, calls and references, in the shapes that C# compiles them to.</summary>
public sealed class ControlFlowTests
{
    private static readonly int[] Values = [.. Enumerable.Range(-20, 60), 1000, -1000, int.MaxValue, int.MinValue];

    private static void Loops(Index1D i, ArrayView<int> a, ArrayView<int> r)
    {
        int n = a.IntLength, x = a[i] & 31;
        int sum = 0;
        for (int k = 0; k < x; k++)
        {
            if (k % 3 == 0)
                continue;
            if (k > 20)
                break;
            sum += k;
        }
        r[i] = sum;
        int steps = 0, y = a[i] & 0xFFFF;
        while (y > 1)
        {
            y = (y & 1) == 0 ? y / 2 : 3 * y + 1;
            steps++;
            if (steps > 100)
                break;
        }
        r[n + i] = steps;
        int z = x;
        do
        {
            z -= 7;
        }
        while (z > 0);
        r[2 * n + i] = z;
        int pairs = 0;
        for (int p = 0; p < 6; p++)
            for (int q = p; q < x; q += 2)
                pairs += p * q;
        r[3 * n + i] = pairs;
        int down = 0;
        for (int d = 16; d > 0; d >>= 1)
            down = down * 3 + (x & d);
        r[4 * n + i] = down;
        // Two variables that change places each time round.
        int first = x, second = 100;
        for (int k = 0; k < x; k++)
            (first, second) = (second, first + 1);
        r[5 * n + i] = first * 1000 + second;
    }

    private static int Classify(int x)
    {
        switch (x)
        {
            case 0:
                return 10;
            case 1:
            case 2:
                return 20;
            case 3:
                x += 5;
                break;
            case 5:
                return 50;
            default:
                if (x < 0)
                    return -1;
                break;
        }
        return x * 2;
    }

    private static int Sign(int x) => x < 0 ? -1 : x > 0 ? 1 : 0;

    private static void Branches(Index1D i, ArrayView<int> a, ArrayView<int> r)
    {
        int n = a.IntLength, x = a[i];
        r[i] = Classify(x);
        r[n + i] = Sign(x) + 10 * Sign(x - 5) * (x > 3 && x < 10 || x == -4 ? 7 : 1);
        r[2 * n + i] = x switch { < 0 => -x, 0 => 42, 7 or 8 => 78, > 100 => 100, _ => x + 1 };
        // Values of both branches stay on the IL stack under the condition.
        r[3 * n + i] = 100 + (x > 0 ? x + (x > 10 ? 1 : 2) : x - (x < -10 ? 3 : 4)) * (x == 0 ? 5 : 6);
        bool even = (x & 1) == 0, positive = x > 0;
        r[4 * n + i] = (even && positive ? 1 : 0) + (even || positive ? 2 : 0) + (!even ? 4 : 0) + (even ^ positive ? 8 : 0);
        int y = x;
        if (y > 50)
            goto big;
        y += 3;
        if (y < 0)
            goto end;
        y *= 2;
    big:
        y -= 1;
    end:
        r[5 * n + i] = y;
    }

    private static void Split(int x, out int low, out int high)
    {
        low = x & 15;
        high = x >> 4;
    }

    private static void Bump(ref int x, int by)
    {
        x += by;
        by++;
        x ^= by;
    }

    private static ref int Pick(ref int a, ref int b, bool first) => ref first ? ref a : ref b;

    private static int Twice(int x)
    {
        x *= 2;
        return x;
    }

    private static void References(Index1D i, ArrayView<int> a, ArrayView<int> r)
    {
        int n = a.IntLength, x = a[i];
        Split(x, out int low, out int high);
        r[i] = low * 1000 + high;
        int y = x;
        Bump(ref y, 3);
        Bump(ref y, y & 3);
        r[n + i] = y;
        ref int place = ref r[2 * n + i];
        place = x;
        place += Twice(Twice(x));
        Bump(ref place, 1);
        int p = 1, q = 2;
        ref int chosen = ref Pick(ref p, ref q, x > 0);
        chosen = 77;
        r[3 * n + i] = p * 100 + q;
        ref int target = ref r[4 * n + i];
        if (x < 0)
            target = ref r[5 * n + i];
        target = 9;
    }

    public static TheoryData<string, string> Kernels()
    {
        TheoryData<string, string> data = [];
        foreach (string device in new[] { TestDevice.Ptx, TestDevice.OpenCL })
            foreach (string kernel in new[] { nameof(Loops), nameof(Branches), nameof(References) })
                data.Add(device, kernel);
        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Kernels))]
    public void Control_flow_goes_the_way_of_CSharp(string device, string kernel) =>
        KernelRunner.SameAsEmulated<int, int>(device, kernel switch { nameof(Loops) => Loops, nameof(Branches) => Branches, _ => References }, Values, 6 * Values.Length);

    private static void Forever(Index1D i, ArrayView<int> a, ArrayView<int> r)
    {
        for (; ; )
        {
            if (a[i] > 0)
            {
                r[i] = 1;
                return;
            }
            r[i] = 2;
            if (r[i] == 2)
                return;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevice.Compiled), MemberType = typeof(TestDevice))]
    public void A_kernel_may_return_from_the_middle_of_an_endless_loop(string device) =>
        KernelRunner.SameAsEmulated<int, int>(device, Forever, Values, Values.Length);

    [SkippableTheory]
    [MemberData(nameof(TestDevice.All), MemberType = typeof(TestDevice))]
    public void A_lambda_without_captures_is_a_kernel(string device)
    {
        int[] result = KernelRunner.Map<int, int>(device, (i, a, r) => r[i] = a[i] * a[i], [1, 2, 3], 3);
        Assert.Equal([1, 4, 9], result);
    }
}
