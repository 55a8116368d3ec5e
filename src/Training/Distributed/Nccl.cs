using System.Globalization;
using System.Runtime.InteropServices;

namespace GpuGrad.Training.Distributed;

/// <summary>
/// A communicator of NVIDIA's NCCL (2.11 or newer) through its C interface: sums of values in the memory of CUDA devices, one device a rank. The context of the rank's device is the current one in every call.
/// </summary>
public sealed unsafe class Nccl : IDisposable
{
    /// <summary>Bytes of the id that rank 0 makes and every rank needs.</summary>
    public const int IdLength = 128;

    // nccl.h: ncclFloat32, ncclScalarHostImmediate.
    private const int Floats = 7, HostImmediate = 1;

    private static readonly string[] Libraries = ["libnccl.so.2", "libnccl.so"];

    private readonly nint module;
    private readonly delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int> allReduce;
    private readonly delegate* unmanaged<int*, void*, int, int, nint, int> createWeightedSum;
    private readonly delegate* unmanaged<int, nint, int> destroyOperation;
    private readonly delegate* unmanaged<nint, int> destroy;
    private readonly delegate* unmanaged<nint, int> abort;
    private readonly delegate* unmanaged<int, byte*> errorString;
    private nint communicator;

    private Nccl(nint library)
    {
        module = library;
        errorString = (delegate* unmanaged<int, byte*>)Symbol("ncclGetErrorString");
        allReduce = (delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int>)Symbol("ncclAllReduce");
        createWeightedSum = (delegate* unmanaged<int*, void*, int, int, nint, int>)Symbol("ncclRedOpCreatePreMulSum");
        destroyOperation = (delegate* unmanaged<int, nint, int>)Symbol("ncclRedOpDestroy");
        destroy = (delegate* unmanaged<nint, int>)Symbol("ncclCommDestroy");
        abort = (delegate* unmanaged<nint, int>)Symbol("ncclCommAbort");
        int version = 0;
        Check(((delegate* unmanaged<int*, int>)Symbol("ncclGetVersion"))(&version), "ncclGetVersion");
        Name = string.Create(CultureInfo.InvariantCulture, $"NCCL {version / 10000}.{version / 100 % 100}.{version % 100}");
    }

    /// <summary>The library and its version.</summary>
    public string Name { get; }

    /// <summary>Loads the library; null if it is not installed, or older than 2.11.</summary>
    public static Nccl? Load()
    {
        foreach (string name in Libraries)
        {
            if (NativeLibrary.TryLoad(name, out nint library) && NativeLibrary.TryGetExport(library, "ncclRedOpCreatePreMulSum", out _))
                return new Nccl(library);
        }
        return null;
    }

    /// <summary>Makes the id of a new communicator, on rank 0.</summary>
    /// <param name="id">Receives <see cref="IdLength"/> bytes.</param>
    public void MakeId(Span<byte> id)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(id.Length, IdLength);
        Id made = default;
        Check(((delegate* unmanaged<Id*, int>)Symbol("ncclGetUniqueId"))(&made), "ncclGetUniqueId");
        new ReadOnlySpan<byte>(&made, IdLength).CopyTo(id);
    }

    /// <summary>Joins the other ranks; returns when all have.</summary>
    /// <param name="id">What rank 0 made.</param>
    /// <param name="rank">From 0.</param>
    /// <param name="size">Number of ranks.</param>
    public void Join(ReadOnlySpan<byte> id, int rank, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(id.Length, IdLength);
        nint made = 0;
        Check(((delegate* unmanaged<nint*, int, Id, int, int>)Symbol("ncclCommInitRank"))(&made, size, MemoryMarshal.Read<Id>(id), rank), "ncclCommInitRank");
        communicator = made;
    }

    /// <summary>Enqueues a sum over all ranks, in place, each rank's values multiplied by its weight first.</summary>
    /// <param name="values">Address of float32 values in the memory of this rank's device.</param>
    /// <param name="count">Number of values.</param>
    /// <param name="weight">This rank's.</param>
    /// <param name="stream">A <c>CUstream</c> of the device.</param>
    public void Sum(nint values, long count, float weight, nint stream)
    {
        int operation = 0;
        Check(createWeightedSum(&operation, &weight, Floats, HostImmediate, communicator), "ncclRedOpCreatePreMulSum");
        int code = allReduce((void*)values, (void*)values, (nuint)count, Floats, operation, communicator, stream);
        _ = destroyOperation(operation, communicator); // what is enqueued keeps it
        Check(code, "ncclAllReduce");
    }

    /// <summary>Ends the communicator without waiting for other ranks, on any thread: what is enqueued fails.</summary>
    public void Abort()
    {
        nint ended = Interlocked.Exchange(ref communicator, 0);
        if (ended != 0)
            _ = abort(ended);
    }

    /// <summary>Ends the communicator. All ranks must do it.</summary>
    public void Dispose()
    {
        nint ended = Interlocked.Exchange(ref communicator, 0);
        if (ended != 0)
            _ = destroy(ended); // the training is over
    }

    private void Check(int code, string call)
    {
        if (code != 0)
            throw new GpuGradException(Fault.Device, $"{call} failed with code {code} ({Marshal.PtrToStringUTF8((nint)errorString(code))}): another rank may have ended; NCCL_DEBUG=WARN says more");
    }

    private nint Symbol(string name) => NativeLibrary.TryGetExport(module, name, out nint address)
        ? address
        : throw new GpuGradException(Fault.Device, $"the NCCL library has no '{name}'; expected NCCL 2.11 or newer");

    // Passed by value, as in C.
    private struct Id
    {
        public fixed byte Bytes[IdLength];
    }
}
