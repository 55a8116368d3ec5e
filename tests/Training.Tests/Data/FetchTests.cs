using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using GpuGrad.Tests.Support;
using GpuGrad.Training.Data.Sources;

namespace GpuGrad.Training.Tests.Data;

public sealed class FetchTests : IDisposable
{
    private static readonly byte[] A = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i / 3))], B = [1, 2, 3];

    private static readonly FetchedFile[] Files = [Expected("a.gz", A), Expected("b.gz", B)];

    private readonly TempFolder folder = new();

    private string Cache => Path.Combine(folder.Path, "cache", "set");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Files_come_from_the_first_source_that_answers_and_nothing_is_left_aside()
    {
        var progress = new List<string>();
        using var server = new Server(new() { ["/a.gz"] = FormatSample.Gz(A), ["/b.gz"] = FormatSample.Gz(B) });
        Fetch.First(Cache, Files, [Web("http://127.0.0.1:1/"), Web(server.Address)], (what, _) => progress.Add(what));
        Assert.Equal(["a.gz", "b.gz"], Directory.GetFileSystemEntries(Cache).Select(Path.GetFileName).Order());
        Assert.Single(Directory.GetFileSystemEntries(Path.Combine(folder.Path, "cache")));
        Assert.Contains("fetching a.gz", progress);
    }

    [Fact]
    public void Other_contents_than_the_published_ones_never_reach_the_cache()
    {
        using var wrong = new Server(new() { ["/a.gz"] = FormatSample.Gz(A), ["/b.gz"] = FormatSample.Gz([1, 2, 4]) });
        using var cut = new Server(new() { ["/a.gz"] = FormatSample.Gz(A)[..^1], ["/b.gz"] = FormatSample.Gz(B) });
        using var page = new Server(new() { ["/a.gz"] = [.. "<html>log in first</html>"u8], ["/b.gz"] = FormatSample.Gz(B) });
        using var part = new Server(new() { ["/a.gz"] = FormatSample.Gz(A) });
        GpuGradException e = Assert.Throws<GpuGradException>(() =>
            Fetch.First(Cache, Files, [Web(wrong.Address), Web(cut.Address), Web(page.Address), Web(part.Address)], null));
        Assert.Equal(Fault.Data, e.Fault);
        Hostile.AssertOneLine(e, "fetch");
        foreach (string reason in new[] { "content with SHA-256", "another beginning", "404", "expected a.gz, b.gz in that folder" })
            Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(folder.Path, "cache")));
    }

    [Fact]
    public void A_package_is_downloaded_and_unpacked_by_its_tools()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The stand-ins for the tools are shell scripts.");
        folder.Write("files/a.gz", FormatSample.Gz(A));
        folder.Write("files/b.gz", FormatSample.Gz(B));
        Script("apt-get", "[ \"$1\" = download ] && touch set_1.deb");
        Script("dpkg-deb", $"mkdir -p \"$3/usr/x\" && cp {folder.Path}/files/* \"$3/usr/x\"");
        Fetch.First(Cache, Files, [new AptSource("set", "usr/x", Path.Combine(folder.Path, "bin"))], null);
        Assert.Equal(["a.gz", "b.gz"], Directory.GetFileSystemEntries(Cache).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void What_a_package_tool_complains_of_is_passed_on()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The stand-ins for the tools are shell scripts.");
        Script("apt-get", "echo 'W: a warning' >&2; echo 'E: Unable to locate package set' >&2; exit 100");
        Script("dpkg-deb", "exit 0");
        string bin = Path.Combine(folder.Path, "bin");
        GpuGradException e = Assert.Throws<GpuGradException>(() => Fetch.First(Cache, Files, [new AptSource("set", "usr/x", bin), new AptSource("set", "usr/x", folder.Path)], null));
        Assert.Contains("E: Unable to locate package set", e.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get is not here", e.Message, StringComparison.Ordinal);
        Hostile.AssertOneLine(e, "fetch");
    }

    // A server on a busy machine may be slow to answer.
    private static WebSource Web(string address) => new(address, Patience.Limit);

    private static FetchedFile Expected(string name, byte[] content) => new(name, Convert.ToHexStringLower(SHA256.HashData(content)));

    private void Script(string name, string body)
    {
        // Written by another process: what is open for writing anywhere cannot be run, and a process that some other test is just starting
        // has a copy of all that is open in this one.
        string path = Path.Combine(folder.Path, "bin", name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var shell = Process.Start("/bin/sh", ["-c", "printf '#!/bin/sh\n%s\n' \"$1\" > \"$2\" && chmod 500 \"$2\"", "sh", body, path]);
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    /// <summary>Answers GET on this machine with given files.</summary>
    private sealed class Server : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly Dictionary<string, byte[]> files;

        public Server(Dictionary<string, byte[]> files)
        {
            this.files = files;
            listener.Start();
            _ = Serve();
        }

        public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/";

        public void Dispose() => listener.Dispose();

        private async Task Serve()
        {
            try
            {
                while (true)
                {
                    using TcpClient client = await listener.AcceptTcpClientAsync();
                    using NetworkStream stream = client.GetStream();
                    using var reader = new StreamReader(stream, Encoding.ASCII);
                    string path = (await reader.ReadLineAsync())!.Split(' ')[1];
                    while ((await reader.ReadLineAsync())!.Length > 0)
                    {
                        // the headers
                    }
                    bool found = files.TryGetValue(path, out byte[]? file);
                    string head = $"HTTP/1.1 {(found ? "200 OK" : "404 Not Found")}\r\nContent-Length: {file?.Length ?? 0}\r\nConnection: close\r\n\r\n";
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
                    await stream.WriteAsync(file ?? []);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
                // the test is over
            }
        }
    }
}
