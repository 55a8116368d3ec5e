using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using GpuGrad.Cli;
using GpuGrad.Cli.Tests;
using GpuGrad.Tests.Support;

namespace GpuGrad.Web.Tests;

/// <summary><c>gpugrad serve</c> as a process: how it starts, says where it is, and ends.</summary>
public sealed partial class ServeProgramTests(TrainedRuns runs)
{
    private readonly Gpugrad gpugrad = runs.Gpugrad;

    [Fact]
    public void Only_the_verbs_that_listen_need_more_than_the_base_runtime()
    {
        string folder = Path.GetDirectoryName(typeof(ExitCode).Assembly.Location)!;
        JsonNode options = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "gpugrad.runtimeconfig.json")))!["runtimeOptions"]!;
        Assert.Equal("Microsoft.NETCore.App", (string?)options["framework"]!["name"]);
        foreach (System.Reflection.Assembly assembly in new[] { typeof(ExitCode).Assembly, typeof(Training.Tools.Predictor).Assembly, typeof(GpuGradException).Assembly })
            Assert.DoesNotContain(assembly.GetReferencedAssemblies(), a => a.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
        Assert.Contains("Microsoft.AspNetCore.App", File.ReadAllText(Path.Combine(folder, "gpugrad-web.runtimeconfig.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(15, 143)]
    [InlineData(2, 130)]
    public async Task A_signal_while_busy_loses_no_request_that_was_accepted(int signal, int code)
    {
        using Process process = gpugrad.Start("serve", "table", "--port", "0", "--json", "--device", "cpu", "--max-wait", "0");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Uri url = await Url(process.StandardOutput);
        using var client = new HttpClient { BaseAddress = url };
        int answered = 0;
        bool signalled = false;
        async Task Ask()
        {
            using var body = new StringContent("""{"inputs": [[1, "red", null]]}""");
            try
            {
                while (true)
                {
                    body.Headers.ContentType = new("application/json");
                    using HttpResponseMessage response = await client.PostAsync("predict", body);
                    Assert.Equal(200, (int)response.StatusCode);
                    Assert.Contains("probabilities", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
                    if (Interlocked.Increment(ref answered) > 200 && !Interlocked.Exchange(ref signalled, true))
                        Assert.Equal(0, Kill(process.Id, signal));
                }
            }
            catch (HttpRequestException)
            {
                // Not accepted any more.
            }
        }
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Ask()));
        Patience.UntilEndOf(process);
        Assert.Equal(code, process.ExitCode);
        Assert.Contains("answering the accepted requests", await errors, StringComparison.Ordinal);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"{answered:N0} requests answered"), await errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_is_taken_is_one_line()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        string line = gpugrad.Run("serve", "table", "--port", port, "--device", "cpu").Refused(ExitCode.Usage);
        Assert.Equal($"port {port} of 127.0.0.1 is in use; choose another with --port N, or --port 0 for any free port", line);
    }

    [Theory]
    [InlineData("serve nowhere", "nowhere: cannot be read: no such file", ExitCode.Data)]
    [InlineData("serve table --bind example", "--bind example; expected an IP address such as 127.0.0.1 or 0.0.0.0", ExitCode.Usage)]
    [InlineData("serve table --port 70000", "--port 70000; expected a whole number from 0 to 65535", ExitCode.Usage)]
    [InlineData("serve table --token short --port 0 --device cpu", "--token: 5 characters; expected 8 or more ASCII characters", ExitCode.Usage)]
    [InlineData("serve table --token @nofile --port 0 --device cpu", "--token @nofile: no such file", ExitCode.Usage)]
    [InlineData("serve table --queu 3", "unknown option '--queu'; did you mean 'queue'?", ExitCode.Usage)]
    public void A_wrong_command_line_is_one_line(string arguments, string expected, int code) =>
        Assert.StartsWith(expected, gpugrad.Run(arguments.Split(' ')).Refused(code), StringComparison.Ordinal);

    [Fact]
    public void Without_the_runtime_of_asp_net_it_says_so_in_one_line_and_everything_else_works()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs links");
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")), bare = gpugrad["bare"];
        Directory.CreateDirectory(Path.Combine(bare, "shared"));
        File.Copy(Path.Combine(dotnet, "dotnet"), Path.Combine(bare, "dotnet"));
        Directory.CreateSymbolicLink(Path.Combine(bare, "host"), Path.Combine(dotnet, "host"));
        Directory.CreateSymbolicLink(Path.Combine(bare, "shared", "Microsoft.NETCore.App"), Path.Combine(dotnet, "shared", "Microsoft.NETCore.App"));
        Answer Run(params string[] arguments)
        {
            var start = new ProcessStartInfo(Path.Combine(bare, "dotnet"), [typeof(ExitCode).Assembly.Location, .. arguments]) { WorkingDirectory = gpugrad.Folder, RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
            Patience.UntilEndOf(process);
            return new Answer(string.Join(' ', arguments), process.ExitCode, output.Result, errors.Result);
        }
        Run("predict", "table", "table.csv", "--device", "cpu").Done();
        Assert.StartsWith("this verb needs the ASP.NET Core 10 runtime, which is not in ", Run("serve", "table").Refused(ExitCode.Usage), StringComparison.Ordinal);
    }

    private static async Task<Uri> Url(StreamReader output)
    {
        string text = "";
        while (!text.EndsWith("}\n", StringComparison.Ordinal))
            text += await output.ReadLineAsync() + "\n";
        return new Uri((string)JsonNode.Parse(text)!["url"]!);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
