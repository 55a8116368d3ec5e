namespace GpuGrad.Web.Serving;

/// <summary>Limits the number of requests in progress and the total size of their bodies.</summary>
internal sealed class RequestGate(int most, long mostBytes)
{
    private readonly Lock at = new();
    private long bytes;
    private int inside;

    /// <summary>Number of requests in progress.</summary>
    public int Inside => Volatile.Read(ref inside);

    /// <summary>Admits a request, which leaves when the result is disposed; null if a limit is reached.</summary>
    /// <param name="size">Largest size of its body in bytes.</param>
    public IDisposable? TryEnter(long size)
    {
        lock (at)
        {
            if (inside >= most || (inside > 0 && bytes + size > mostBytes))
                return null;
            inside++;
            bytes += size;
            return new Place(this, size);
        }
    }

    private void Leave(long size)
    {
        lock (at)
        {
            inside--;
            bytes -= size;
        }
    }

    private sealed class Place(RequestGate gate, long size) : IDisposable
    {
        private bool left;

        public void Dispose()
        {
            if (!left)
                gate.Leave(size);
            left = true;
        }
    }
}
