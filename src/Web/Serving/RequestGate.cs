namespace GpuGrad.Web.Serving;

/// <summary>Counts the requests that are worked on, and the bytes of their bodies, so that both are bounded.</summary>
internal sealed class RequestGate(int most, long mostBytes)
{
    private readonly Lock at = new();
    private long bytes;
    private int inside;

    /// <summary>Requests inside.</summary>
    public int Inside => Volatile.Read(ref inside);

    /// <summary>Lets a request in; null where there is no room.</summary>
    /// <param name="size">Bytes that its body may have.</param>
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
