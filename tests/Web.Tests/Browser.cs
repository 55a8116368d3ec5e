using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace GpuGrad.Web.Tests;

/// <summary>
/// Chromium (Debian's package), told what to do by its own DevTools protocol: https://chromedevtools.github.io/devtools-protocol. Some twenty lines of it are
/// all that the page's tests need.
/// </summary>
internal sealed class Browser : IAsyncDisposable
{
    // What takes longer will never come.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly Process process;
    private readonly string profile;
    private readonly ClientWebSocket socket = new();
    private int last;

    private Browser(Process process, string profile) => (this.process, this.profile) = (process, profile);

    /// <summary>Errors and refusals that the page's console saw.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>Skips the test where there is no Chromium; fails it where <c>GPUGRAD_REQUIRE</c> asks for chromium.</summary>
    public static async Task<Browser> Open(int width, int height, bool dark)
    {
        string? program = new[] { "chromium", "chromium-browser", "google-chrome" }.SelectMany(n => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(p => Path.Combine(p, n))).FirstOrDefault(File.Exists);
        if (program is null && (Environment.GetEnvironmentVariable(Switches.Require) ?? "").Split(',').Contains("chromium"))
            Assert.Fail($"{Switches.Require} asks for chromium, which is not here: apt-get install chromium");
        Assert.SkipWhen(program is null, "No Chromium on this machine: apt-get install chromium");
        string profile = Directory.CreateTempSubdirectory("gpugrad-browser").FullName;
        var start = new ProcessStartInfo(program!, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", $"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var browser = new Browser(Process.Start(start)!, profile);
        await browser.Connect();
        await browser.Send("Page.enable");
        await browser.Send("Runtime.enable");
        await browser.Send("Log.enable");
        await browser.Send("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = width < 600 });
        await browser.Send("Emulation.setEmulatedMedia", new JsonObject { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }) });
        return browser;
    }

    public Task Go(string url) => Send("Page.navigate", new JsonObject { ["url"] = url });

    /// <summary>What an expression of the page is worth, once it is done.</summary>
    public async Task<JsonNode?> Ask(string expression)
    {
        JsonNode answer = await Send("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true });
        Assert.True(answer["exceptionDetails"] is null, $"{expression}: {answer}");
        return answer["result"]!["value"];
    }

    /// <summary>Waits until an expression of the page is true.</summary>
    public async Task Until(string expression)
    {
        long begin = Stopwatch.GetTimestamp();
        // The page may only just be coming.
        while ((await Ask($"(() => {{ try {{ return Boolean({expression}); }} catch {{ return false; }} }})()"))?.GetValue<bool>() != true)
        {
            if (Stopwatch.GetElapsedTime(begin) > Limit)
                Assert.Fail($"waited for {expression} of a page that says {await Ask("document.body?.innerText")}; {string.Join("; ", Complaints)}");
            await Task.Delay(10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        socket.Dispose();
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        // What it was writing may still appear.
        for (int tries = 0; Directory.Exists(profile) && tries < 100; tries++)
        {
            try
            {
                Directory.Delete(profile, recursive: true);
            }
            catch (IOException)
            {
                await Task.Delay(20);
            }
        }
    }

    // It says on standard error where it listens.
    private async Task Connect()
    {
        const string Says = "DevTools listening on ";
        string? line;
        do
            line = await process.StandardError.ReadLineAsync();
        while (line?.StartsWith(Says, StringComparison.Ordinal) == false);
        Assert.True(line is not null, "Chromium ended before it listened");
        _ = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEndAsync();
        var address = new Uri(line[Says.Length..]);
        using var client = new HttpClient();
        JsonNode page = JsonNode.Parse(await client.GetStringAsync($"http://{address.Authority}/json"))!.AsArray().First(p => (string?)p!["type"] == "page")!;
        await socket.ConnectAsync(new Uri((string)page["webSocketDebuggerUrl"]!), CancellationToken.None);
    }

    private async Task<JsonNode> Send(string method, JsonObject? parameters = null)
    {
        int id = ++last;
        string text = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] }.ToJsonString();
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);
        while (true)
        {
            JsonNode message = await Receive();
            if ((int?)message["id"] == id)
                return message["result"] ?? throw new InvalidOperationException(message.ToJsonString());
            if ((string?)message["method"] is "Runtime.exceptionThrown" or "Log.entryAdded")
                Complaints.Add(message["params"]!.ToJsonString());
        }
    }

    private async Task<JsonNode> Receive()
    {
        using var message = new MemoryStream();
        var piece = new byte[1 << 16];
        while (true)
        {
            WebSocketReceiveResult part = await socket.ReceiveAsync(piece, CancellationToken.None);
            message.Write(piece, 0, part.Count);
            if (part.EndOfMessage)
                return JsonSerializer.Deserialize<JsonNode>(message.ToArray())!;
        }
    }
}
