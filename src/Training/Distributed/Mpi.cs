using System.Runtime.InteropServices;

namespace GpuGrad.Training.Distributed;

/// <summary>
/// MPI through its C interface, version 3. Its two families differ in their handles: Open MPI's are addresses of objects that its library
/// exports, those of MPICH's ABI (also Intel MPI, MVAPICH) are numbers from its <c>mpi.h</c>.
/// </summary>
public sealed unsafe class Mpi : ICollectives
{
    // MPI counts elements in 32 bits.
    private const int MostElements = 1 << 28;

    private static readonly string[] OpenMpiLibraries = ["libmpi.so.40", "libmpi.so.80", "libmpi.40.dylib", "libmpi.so"];
    private static readonly string[] MpichLibraries = ["libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.12.dylib", "msmpi.dll", "libmpi.so"];

    private readonly nint module;
    private nint world;
    private readonly nint bytes;
    private readonly nint floats;
    private readonly nint doubles;
    private readonly nint sum;
    private readonly nint inPlace;
    private readonly delegate* unmanaged<void*, void*, int, nint, nint, nint, int> allReduce;
    private readonly delegate* unmanaged<void*, int, nint, int, nint, int> broadcast;
    private readonly delegate* unmanaged<void*, void*, int, nint, nint, nint, nint*, int> beginAllReduce;
    private readonly delegate* unmanaged<nint*, int*, nint, int> test;
    private readonly delegate* unmanaged<nint*, nint, int> wait;
    private readonly delegate* unmanaged<nint, int, int> abort;
    private readonly delegate* unmanaged<int> finalize;
    private readonly nint ignoreStatus;
    private nint gradients; // a separate communicator: their sums start when each rank is ready, not in the order of the other calls
    private bool ended;

    private Mpi(nint library, Launcher launcher)
    {
        module = library;
        (Rank, Size, LocalRank, LocalSize) = (launcher.Rank, launcher.Size, launcher.LocalRank, launcher.LocalSize);
        // Open MPI: mpi.h makes each handle the address of a global object. MPICH: the fixed values of its ABI.
        (world, bytes, floats, doubles, sum, inPlace) = launcher.IsOpenMpi
            ? (Symbol("ompi_mpi_comm_world"), Symbol("ompi_mpi_byte"), Symbol("ompi_mpi_float"), Symbol("ompi_mpi_double"), Symbol("ompi_mpi_op_sum"), (nint)1)
            : (0x44000000, 0x4c00010d, 0x4c00040a, 0x4c00080b, 0x58000003, (nint)(-1));
        allReduce = (delegate* unmanaged<void*, void*, int, nint, nint, nint, int>)Symbol("MPI_Allreduce");
        ignoreStatus = launcher.IsOpenMpi ? 0 : 1;
        beginAllReduce = (delegate* unmanaged<void*, void*, int, nint, nint, nint, nint*, int>)Symbol("MPI_Iallreduce");
        test = (delegate* unmanaged<nint*, int*, nint, int>)Symbol("MPI_Test");
        wait = (delegate* unmanaged<nint*, nint, int>)Symbol("MPI_Wait");
        broadcast = (delegate* unmanaged<void*, int, nint, int, nint, int>)Symbol("MPI_Bcast");
        abort = (delegate* unmanaged<nint, int, int>)Symbol("MPI_Abort");
        finalize = (delegate* unmanaged<int>)Symbol("MPI_Finalize");
        Name = Begin(launcher);
        gradients = Copy(world);
    }

    public int Rank { get; }

    public int Size { get; private set; }

    public int LocalRank { get; }

    public int LocalSize { get; }

    public string Name { get; }

    /// <summary>Initialises MPI in this process, which a launcher started.</summary>
    /// <exception cref="GpuGradException"><see cref="Fault.Device"/>: there is no library, or the launcher belongs to another MPI than the library.</exception>
    public static Mpi Start(Launcher launcher)
    {
        foreach (string name in launcher.IsOpenMpi ? OpenMpiLibraries : MpichLibraries)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
                return new Mpi(library, launcher);
        }
        throw new GpuGradException(Fault.Device, launcher.IsOpenMpi
            ? "started by Open MPI's launcher, and its library libmpi.so.40 is not found; install Open MPI (Debian: openmpi-bin) or start without mpirun"
            : "started by a launcher of MPICH's kind, and no libmpich.so.12 or libmpi.so.12 is found; install MPICH (Debian: mpich) or start without mpiexec");
    }

    public void Sum(Span<float> values) => Reduce(MemoryMarshal.AsBytes(values), sizeof(float), floats);

    public void Sum(Span<double> values) => Reduce(MemoryMarshal.AsBytes(values), sizeof(double), doubles);

    public IPendingSum BeginSum(float[] values, int begin, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MostElements);
        return new Pending(this, values, begin, length);
    }

    public void Broadcast(Span<byte> all)
    {
        fixed (byte* data = all)
        {
            for (long begin = 0; begin < all.Length; begin += MostElements)
                Check(broadcast(data + begin, (int)Math.Min(MostElements, all.Length - begin), bytes, 0, world), "MPI_Bcast");
        }
    }

    /// <summary>The first ranks as a group of their own; null on the others. All ranks must call it.</summary>
    /// <param name="size">Number of ranks in the group.</param>
    public ICollectives? First(int size)
    {
        nint part = 0;
        bool isIn = Rank < size;
        Check(((delegate* unmanaged<nint, int, int, nint*, int>)Symbol("MPI_Comm_split"))(world, isIn ? 0 : 1, Rank, &part), "MPI_Comm_split");
        if (!isIn)
            return null;
        var group = (Mpi)MemberwiseClone();
        // The whole finalises MPI, not a part of it.
        (group.world, group.gradients, group.Size, group.ended) = (part, Copy(part), size, true);
        return group;
    }

    /// <summary>Sleeps until every rank has arrived: a waiting MPI call would keep a processor busy.</summary>
    public void Rest()
    {
        IPendingSum all = BeginSum(GC.AllocateArray<float>(1, pinned: true), 0, 1);
        while (!all.IsDone())
            Thread.Sleep(1);
    }

    public void Abort(int exitCode)
    {
        ended = true;
        _ = abort(world, exitCode);
    }

    public void Dispose()
    {
        if (!ended)
            _ = finalize();
        ended = true;
    }

    private string Begin(Launcher launcher)
    {
        var init = (delegate* unmanaged<int*, byte***, int, int*, int>)Symbol("MPI_Init_thread");
        int provided = 0, rank = 0, size = 0;
        const int Funneled = 1;
        Check(init(null, null, Funneled, &provided), "MPI_Init_thread");
        Check(((delegate* unmanaged<nint, int*, int>)Symbol("MPI_Comm_rank"))(world, &rank), "MPI_Comm_rank");
        Check(((delegate* unmanaged<nint, int*, int>)Symbol("MPI_Comm_size"))(world, &size), "MPI_Comm_size");
        if (rank != launcher.Rank || size != launcher.Size)
            throw new GpuGradException(Fault.Device, $"the launcher says rank {launcher.Rank} of {launcher.Size}, its library rank {rank} of {size}: they are of different kinds; start with the mpirun that belongs to the library");
        byte* text = stackalloc byte[8192];
        int length = 0;
        Check(((delegate* unmanaged<byte*, int*, int>)Symbol("MPI_Get_library_version"))(text, &length), "MPI_Get_library_version");
        string version = Marshal.PtrToStringUTF8((nint)text, length);
        return version.Split(',', '\n', '\t')[0].Trim() is "MPICH Version:" ? $"MPICH {version.Split('\n')[0].Split('\t')[^1].Trim()}" : version.Split(',', '\n')[0].Trim();
    }

    private nint Copy(nint communicator)
    {
        nint copy = 0;
        Check(((delegate* unmanaged<nint, nint*, int>)Symbol("MPI_Comm_dup"))(communicator, &copy), "MPI_Comm_dup");
        return copy;
    }

    private void Reduce(Span<byte> values, int element, nint type)
    {
        fixed (byte* data = values)
        {
            for (long begin = 0, count = values.Length / element; begin < count; begin += MostElements)
                Check(allReduce((void*)inPlace, data + (begin * element), (int)Math.Min(MostElements, count - begin), type, sum, world), "MPI_Allreduce");
        }
    }

    private sealed class Pending : IPendingSum
    {
        private readonly Mpi mpi;
        private nint request; // MPICH's is an int, which is the lower half
        private bool isDone;

        public Pending(Mpi mpi, float[] values, int begin, int length)
        {
            this.mpi = mpi;
            nint handle = 0;
            // Pinned, so it does not move.
            fixed (float* data = values)
                Check(mpi.beginAllReduce((void*)mpi.inPlace, data + begin, length, mpi.floats, mpi.sum, mpi.gradients, &handle), "MPI_Iallreduce");
            request = handle;
        }

        public bool IsDone()
        {
            if (isDone)
                return true;
            nint handle = request;
            int flag = 0;
            Check(mpi.test(&handle, &flag, mpi.ignoreStatus), "MPI_Test");
            request = handle;
            return isDone = flag != 0;
        }

        public void Wait()
        {
            if (isDone)
                return;
            nint handle = request;
            Check(mpi.wait(&handle, mpi.ignoreStatus), "MPI_Wait");
            isDone = true;
        }
    }

    private static void Check(int code, string call)
    {
        if (code != 0)
            throw new GpuGradException(Fault.Device, $"{call} failed with code {code}: another rank may have ended");
    }

    private nint Symbol(string name) => NativeLibrary.TryGetExport(module, name, out nint address)
        ? address
        : throw new GpuGradException(Fault.Device, $"the MPI library has no '{name}'; expected Open MPI 3 or newer, or one of MPICH's ABI");
}
