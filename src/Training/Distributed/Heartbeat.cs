using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace GpuGrad.Training.Distributed;

/// <summary>
/// Detects that the process of another rank has ended or hangs, which would make a collective call wait for ever. Each rank is connected to
/// rank 0 over TCP, and both send a sign of life once a second: MPI itself does not report a process that hangs.
/// </summary>
/// <remarks>A rank that computes for hours between two calls is not mistaken for one that hangs: the heartbeat has its own thread.</remarks>
public sealed class Heartbeat : IDisposable
{
    private const byte Beat = 1, Leaving = 2;
    private const int TokenLength = 16, HelloLength = TokenLength + (2 * sizeof(int)), AddressLength = 1024;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1), ToConnect = TimeSpan.FromSeconds(30);

    private readonly ICollectives ranks;
    private readonly Action<string> onLoss;
    private readonly TimeSpan silence;
    private readonly List<Socket> peers = [];
    [SuppressMessage("Usage", "CA2213", Justification = "Background threads still read it when the heartbeat has ended.")]
    private readonly CancellationTokenSource end = new();
    private readonly TcpListener? listener;
    private int told;

    /// <summary>Starts to watch; every rank must call this at the same point.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="onLoss">Called once with a description of the lost rank, on a thread of the heartbeat.</param>
    /// <param name="silence">How long a rank may be silent: 7 seconds by default.</param>
    public Heartbeat(ICollectives ranks, Action<string> onLoss, TimeSpan? silence = null)
    {
        (this.ranks, this.onLoss, this.silence) = (ranks, onLoss, silence ?? TimeSpan.FromSeconds(7));
        var address = new byte[AddressLength];
        byte[] token = RandomNumberGenerator.GetBytes(TokenLength);
        bool isOneMachine = ranks.LocalSize == ranks.Size;
        if (ranks.Rank == 0)
        {
            listener = new TcpListener(isOneMachine ? IPAddress.Loopback : IPAddress.Any, 0);
            listener.Start(ranks.Size);
            int port = ((IPEndPoint)listener.LocalEndpoint).Port;
            string where = string.Join(' ', (isOneMachine ? [IPAddress.Loopback] : Addresses()).Take(32));
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {port} {Convert.ToHexString(token)} {where}"), address);
        }
        ranks.Broadcast(address);
        string[] words = Encoding.ASCII.GetString(address).TrimEnd('\0').Split(' ');
        Start(ranks.Rank == 0 ? () => Accept(token) : () => Connect(words));
        Start(SendBeats);
    }

    /// <summary>Tells the others that this rank ends for a known reason, so that they do not report it as lost.</summary>
    public void Dispose()
    {
        if (end.IsCancellationRequested)
            return;
        end.Cancel();
        listener?.Dispose();
        lock (peers)
        {
            foreach (Socket peer in peers)
            {
                Send(peer, Leaving);
                peer.Dispose();
            }
        }
    }

    private static void Start(ThreadStart body) => new Thread(body) { IsBackground = true, Name = "gpugrad-heartbeat" }.Start();

    private static IEnumerable<IPAddress> Addresses() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(n => n.OperationalStatus == OperationalStatus.Up && n.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(n => n.GetIPProperties().UnicastAddresses).Select(a => a.Address).Where(a => a.AddressFamily == AddressFamily.InterNetwork);

    private void Accept(byte[] token)
    {
        try
        {
            for (int found = 1; found < ranks.Size;)
            {
                Socket peer = listener!.AcceptSocket();
                peer.ReceiveTimeout = (int)silence.TotalMilliseconds;
                var hello = new byte[HelloLength];
                if (!ReceiveAll(peer, hello) || !CryptographicOperations.FixedTimeEquals(hello.AsSpan(0, TokenLength), token))
                {
                    peer.Dispose();
                    continue;
                }
                int rank = BinaryPrimitives.ReadInt32LittleEndian(hello.AsSpan(TokenLength)), process = BinaryPrimitives.ReadInt32LittleEndian(hello.AsSpan(TokenLength + sizeof(int)));
                Add(peer, rank, process);
                found++;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The training has ended.
        }
    }

    // If a network lets MPI through but not this, the ranks are not watched.
    private void Connect(string[] words)
    {
        int process = int.Parse(words[0], CultureInfo.InvariantCulture), port = int.Parse(words[1], CultureInfo.InvariantCulture);
        foreach (string address in words.Skip(3))
        {
            var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                if (!peer.ConnectAsync(IPAddress.Parse(address), port, end.Token).AsTask().Wait(ToConnect))
                    continue;
                var hello = new byte[HelloLength];
                Convert.FromHexString(words[2]).CopyTo(hello, 0);
                BinaryPrimitives.WriteInt32LittleEndian(hello.AsSpan(TokenLength), ranks.Rank);
                BinaryPrimitives.WriteInt32LittleEndian(hello.AsSpan(TokenLength + sizeof(int)), Environment.ProcessId);
                peer.Send(hello);
                Add(peer, rank: 0, process);
                return;
            }
            catch (Exception e) when (e is SocketException or AggregateException or ObjectDisposedException)
            {
                peer.Dispose();
            }
        }
    }

    private void Add(Socket peer, int rank, int process)
    {
        lock (peers)
        {
            if (end.IsCancellationRequested)
            {
                peer.Dispose();
                return;
            }
            peer.ReceiveTimeout = (int)silence.TotalMilliseconds;
            peers.Add(peer);
        }
        Start(() => Watch(peer, rank, process));
    }

    private void Watch(Socket peer, int rank, int process)
    {
        var heard = new byte[1];
        while (!end.IsCancellationRequested)
        {
            try
            {
                if (peer.Receive(heard) == 0)
                {
                    Lose($"rank {rank} (process {process}) has ended without a word");
                    return;
                }
                if (heard[0] == Leaving)
                    return;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock or SocketError.TryAgain)
            {
                if (ranks.LocalSize == ranks.Size && IsStarved(process))
                    continue;
                Lose(string.Create(CultureInfo.InvariantCulture, $"rank {rank} (process {process}) has not answered for {silence.TotalSeconds:0.#} s: it hangs, or its machine is down"));
                return;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                Lose($"rank {rank} (process {process}) has ended without a word");
                return;
            }
        }
    }

    // Whether a thread of a local process is runnable but waits for a processor: then the machine is busy, and the process does not hang.
    private static bool IsStarved(int process)
    {
        try
        {
            return Directory.Exists("/proc/self") && Directory.EnumerateDirectories($"/proc/{process}/task").Any(t => File.ReadAllText($"{t}/stat").Split(") ")[^1].StartsWith('R'));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void Lose(string what)
    {
        if (end.IsCancellationRequested || Interlocked.Exchange(ref told, 1) != 0)
            return;
        Dispose(); // the others need not report that this rank has ended
        onLoss(what);
    }

    private void SendBeats()
    {
        while (!end.Token.WaitHandle.WaitOne(Interval))
        {
            lock (peers)
            {
                foreach (Socket peer in peers)
                    Send(peer, Beat);
            }
        }
    }

    // The reader notices a failure.
    private static void Send(Socket peer, byte what)
    {
        try
        {
            peer.Send([what]);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private static bool ReceiveAll(Socket peer, byte[] into)
    {
        for (int have = 0; have < into.Length;)
        {
            int more;
            try
            {
                more = peer.Receive(into.AsSpan(have));
            }
            catch (SocketException)
            {
                return false;
            }
            if (more == 0)
                return false;
            have += more;
        }
        return true;
    }
}
