using System.Net;
using System.Net.Sockets;
using System.Text;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Distributed;

namespace GpuGrad.Training.Tests.Distributed;

/// <summary>What is said of a rank that says nothing.</summary>
public sealed class HeartbeatTests
{
    private const int NoProcess = int.MaxValue;

    [Fact]
    public void A_hanging_rank_is_named()
    {
        using var watched = new Watched(TimeSpan.FromMilliseconds(300));
        using Socket peer = watched.Connect(rank: 1);
        Patience.Until(() => watched.Lost.Count > 0, "a rank is missed");
        Assert.Equal($"rank 1 (process {NoProcess}) has not answered for 0.3 s: it hangs, or its machine is down", Assert.Single(watched.Lost));
    }

    [Fact]
    public void A_rank_that_ends_is_named_at_once_and_only_the_first()
    {
        using var watched = new Watched(TimeSpan.FromHours(1), size: 3);
        Socket first = watched.Connect(rank: 2), second = watched.Connect(rank: 1);
        first.Dispose();
        Patience.Until(() => watched.Lost.Count > 0, "a rank is missed");
        second.Dispose();
        Assert.Equal($"rank 2 (process {NoProcess}) has ended without a word", Assert.Single(watched.Lost));
    }

    [Fact]
    public void A_rank_that_announces_it_may_leave()
    {
        using var watched = new Watched(TimeSpan.FromHours(1), size: 3);
        using (Socket leaving = watched.Connect(rank: 1))
        {
            leaving.Send([2]);
            leaving.Shutdown(SocketShutdown.Send);
            while (leaving.Receive(new byte[16]) > 0 && watched.Lost.Count == 0)
            {
                break; // it is heard of by now: a beat of rank 0's has come
            }
        }
        watched.Connect(rank: 2).Dispose();
        Patience.Until(() => watched.Lost.Count > 0, "the other is missed");
        Assert.StartsWith("rank 2", Assert.Single(watched.Lost), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stranger_is_not_a_rank()
    {
        using var watched = new Watched(TimeSpan.FromHours(1));
        using Socket stranger = watched.Connect(rank: 1, token: new string('0', 32));
        Assert.Equal(0, stranger.Receive(new byte[1]));
        Assert.Empty(watched.Lost);
    }

    [Fact]
    public void Ranks_that_run_and_end_are_not_missed()
    {
        string[][] lost = ThreadRanks.Run(4, ranks =>
        {
            var heard = new List<string>();
            using (var heartbeat = new Heartbeat(ranks, heard.Add, TimeSpan.FromSeconds(60)))
            {
                double[] one = [1];
                for (int i = 0; i < 5; i++)
                    ranks.Sum(one);
                Assert.Equal(Math.Pow(4, 5), one[0]);
            }
            return heard.ToArray();
        });
        Assert.All(lost, Assert.Empty);
    }

    /// <summary>Rank 0 with its heartbeat, and what it tells the others.</summary>
    private sealed class Watched : ICollectives
    {
        private readonly Heartbeat heartbeat;
        private string[] words = [];

        public Watched(TimeSpan silence, int size = 2)
        {
            Size = size;
            heartbeat = new Heartbeat(this, Lost.Add, silence);
        }

        public List<string> Lost { get; } = [];

        public int Rank => 0;

        public int Size { get; }

        public int LocalRank => 0;

        public int LocalSize => Size;

        public string Name => "one of several";

        public Socket Connect(int rank, string? token = null)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(IPAddress.Parse(words[3]), int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture));
            socket.Send([.. Convert.FromHexString(token ?? words[2]), .. BitConverter.GetBytes(rank), .. BitConverter.GetBytes(NoProcess)]);
            return socket;
        }

        public void Broadcast(Span<byte> bytes) => words = Encoding.ASCII.GetString(bytes).TrimEnd('\0').Split(' ');

        public void Sum(Span<float> values) => throw new NotSupportedException();

        public void Sum(Span<double> values) => throw new NotSupportedException();

        public IPendingSum BeginSum(float[] values, int begin, int length) => throw new NotSupportedException();

        public void Abort(int exitCode) => throw new NotSupportedException();

        public void Dispose() => heartbeat.Dispose();
    }
}
