using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;

namespace GpuGrad.Tests.Support.Ptx;

/// <summary>
/// As much of NCCL 2.21 as sums of float32 take, strict about its arguments. Memory of devices is the host's, as that of <see cref="InterpretedDriver"/>; ranks, which may be processes or threads, exchange their
/// values by files in a folder that the id names.
/// </summary>
internal static unsafe class StandInNccl
{
    private const int Success = 0, SystemError = 2, InvalidArgument = 4, InvalidUsage = 5, RemoteError = 6;
    private const int Version = 22105, FirstOperation = 100, Floats = 7, HostImmediate = 1;

    private static readonly ConcurrentDictionary<nint, Communicator> communicators = [];
    private static readonly ConcurrentDictionary<int, (nint Communicator, float Weight)> operations = [];
    private static readonly Dictionary<int, nint> texts = new()
    {
        [SystemError] = Marshal.StringToCoTaskMemUTF8("unhandled system error (run with NCCL_DEBUG=INFO for details)"),
        [InvalidArgument] = Marshal.StringToCoTaskMemUTF8("invalid argument (run with NCCL_DEBUG=WARN for details)"),
        [InvalidUsage] = Marshal.StringToCoTaskMemUTF8("invalid usage (run with NCCL_DEBUG=WARN for details)"),
        [RemoteError] = Marshal.StringToCoTaskMemUTF8("remote process exited or there was a network error"),
    };

    private static string meetings = "";
    private static int made;

    /// <summary>The calls in the order in which they came, with what matters of their arguments.</summary>
    public static ConcurrentQueue<string> Calls { get; } = [];

    /// <summary>The code that a function gives instead of doing anything, by its name.</summary>
    public static ConcurrentDictionary<string, int> Failures { get; } = [];

    /// <summary>Puts it in the place of the library, for this process.</summary>
    /// <param name="folder">Where ranks meet.</param>
    public static void Load(string folder)
    {
        meetings = folder;
        StubLibrary.Load("libnccl.so.2", Functions());
    }

    private static Dictionary<string, nint> Functions() => new()
    {
        ["ncclGetVersion"] = (nint)(delegate* unmanaged<int*, int>)&GetVersion,
        ["ncclGetErrorString"] = (nint)(delegate* unmanaged<int, nint>)&GetErrorString,
        ["ncclGetUniqueId"] = (nint)(delegate* unmanaged<UniqueId*, int>)&GetUniqueId,
        ["ncclCommInitRank"] = (nint)(delegate* unmanaged<nint*, int, UniqueId, int, int>)&CommInitRank,
        ["ncclRedOpCreatePreMulSum"] = (nint)(delegate* unmanaged<int*, float*, int, int, nint, int>)&CreateWeightedSum,
        ["ncclRedOpDestroy"] = (nint)(delegate* unmanaged<int, nint, int>)&DestroyOperation,
        ["ncclAllReduce"] = (nint)(delegate* unmanaged<float*, float*, nuint, int, int, nint, nint, int>)&AllReduce,
        ["ncclCommDestroy"] = (nint)(delegate* unmanaged<nint, int>)&CommDestroy,
        ["ncclCommAbort"] = (nint)(delegate* unmanaged<nint, int>)&CommAbort,
    };

    [UnmanagedCallersOnly]
    private static int GetVersion(int* version)
    {
        *version = Version;
        return Success;
    }

    [UnmanagedCallersOnly]
    private static nint GetErrorString(int code) => texts.GetValueOrDefault(code);

    [UnmanagedCallersOnly]
    private static int GetUniqueId(UniqueId* id) => Call("ncclGetUniqueId", "", () =>
    {
        byte[] path = System.Text.Encoding.UTF8.GetBytes(Directory.CreateDirectory(Path.Combine(meetings, Guid.NewGuid().ToString("n"))).FullName);
        if (path.Length >= sizeof(UniqueId))
            return SystemError;
        path.CopyTo(new Span<byte>(id, sizeof(UniqueId)));
        return Success;
    });

    [UnmanagedCallersOnly]
    private static int CommInitRank(nint* communicator, int size, UniqueId id, int rank) => Join(communicator, size, Marshal.PtrToStringUTF8((nint)id.Bytes)!, rank);

    private static int Join(nint* communicator, int size, string folder, int rank) => Call("ncclCommInitRank", string.Create(CultureInfo.InvariantCulture, $"rank {rank} of {size}"), () =>
    {
        if (rank < 0 || rank >= size || !Directory.Exists(folder))
            return InvalidArgument;
        var one = new Communicator(folder, rank, size);
        *communicator = Interlocked.Increment(ref made);
        communicators[*communicator] = one;
        one.Exchange([]); // all ranks arrive
        return Success;
    });

    [UnmanagedCallersOnly]
    private static int CreateWeightedSum(int* operation, float* weight, int type, int residence, nint communicator) => Call("ncclRedOpCreatePreMulSum", weight->ToString(CultureInfo.InvariantCulture), () =>
    {
        if (type != Floats || residence != HostImmediate || !communicators.ContainsKey(communicator))
            return InvalidArgument;
        *operation = FirstOperation + Interlocked.Increment(ref made);
        operations[*operation] = (communicator, *weight);
        return Success;
    });

    [UnmanagedCallersOnly]
    private static int DestroyOperation(int operation, nint communicator) => Call("ncclRedOpDestroy", "", () => operations.TryRemove(operation, out _) ? Success : InvalidArgument);

    [UnmanagedCallersOnly]
    private static int AllReduce(float* from, float* to, nuint count, int type, int operation, nint communicator, nint stream) => Call("ncclAllReduce", string.Create(CultureInfo.InvariantCulture, $"{count} on stream {stream}"), () =>
    {
        if (from == null || to != from || type != Floats || !communicators.TryGetValue(communicator, out Communicator? one))
            return InvalidArgument;
        if (!operations.TryGetValue(operation, out (nint Communicator, float Weight) sum) || sum.Communicator != communicator)
            return InvalidUsage;
        var own = new float[count];
        for (nuint i = 0; i < count; i++)
            own[i] = from[i] * sum.Weight;
        float[][] all = [.. one.Exchange(MemoryMarshal.AsBytes<float>(own).ToArray()).Select(b => MemoryMarshal.Cast<byte, float>(b).ToArray())];
        if (all.Any(a => (nuint)a.Length != count))
            return InvalidUsage;
        for (nuint i = 0; i < count; i++)
            to[i] = all.Sum(a => a[i]);
        return Success;
    });

    [UnmanagedCallersOnly]
    private static int CommDestroy(nint communicator) => Call("ncclCommDestroy", "", () => communicators.TryRemove(communicator, out _) ? Success : InvalidArgument);

    [UnmanagedCallersOnly]
    private static int CommAbort(nint communicator) => Call("ncclCommAbort", "", () => communicators.TryRemove(communicator, out _) ? Success : InvalidArgument);

    private static int Call(string name, string what, Func<int> body)
    {
        Calls.Enqueue($"{name} {what}".TrimEnd());
        try
        {
            return Failures.TryGetValue(name, out int code) ? code : body();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException)
        {
            return e is TimeoutException ? RemoteError : SystemError;
        }
    }

    private struct UniqueId
    {
        public fixed byte Bytes[128];
    }

    private sealed class Communicator(string folder, int rank, int size)
    {
        private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

        private int round;

        /// <summary>Gives the bytes of all ranks, in their order.</summary>
        public byte[][] Exchange(byte[] own)
        {
            int at = round++;
            string mine = Path.Combine(folder, $"{at}-{rank}");
            File.WriteAllBytes(mine + ".part", own);
            File.Move(mine + ".part", mine);
            byte[][] all = [.. Enumerable.Range(0, size).Select(r => Read(Path.Combine(folder, $"{at}-{r}")))];
            // Whoever has written this round has read the one before.
            if (at > 0)
                File.Delete(Path.Combine(folder, $"{at - 1}-{rank}"));
            return all;
        }

        private static byte[] Read(string path)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            while (!File.Exists(path))
            {
                if (clock.Elapsed > Longest)
                    throw new TimeoutException();
                Thread.Sleep(1);
            }
            return File.ReadAllBytes(path);
        }
    }
}
