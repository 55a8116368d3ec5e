using System.Net;
using GpuGrad.Cli.Terminal;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace GpuGrad.Web.Hosting;

/// <summary>Answers a request.</summary>
internal delegate Task Handler(HttpContext http);

/// <summary>Limits of a server.</summary>
internal sealed record WebLimits
{
    public long MaxBody { get; init; } = 1 << 16;

    public int MaxConnections { get; init; } = 1024;

    /// <summary>How long a stop waits for accepted requests.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>Kestrel with a table of handlers. It serves only files embedded in the program, and reads no settings from the environment or files.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    // The board selects hundreds of runs in one request.
    private const int MostLine = 1 << 15;

    private readonly WebApplication app;
    private readonly Access access;
    private readonly IReadOnlyDictionary<string, Handler> routes;

    /// <param name="endpoint">Where to listen.</param>
    /// <param name="access">Which requests are answered.</param>
    /// <param name="limits">Sizes, connections and times.</param>
    /// <param name="routes">By method and path: <c>GET /health</c>.</param>
    public WebServer(IPEndPoint endpoint, Access access, WebLimits limits, IReadOnlyDictionary<string, Handler> routes)
    {
        (this.access, this.routes) = (access, routes);
        Endpoint = endpoint;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = limits.Grace);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = limits.MaxBody;
            kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;
            kestrel.Limits.MaxRequestLineSize = MostLine;
            kestrel.Limits.MaxRequestHeadersTotalSize = 2 * MostLine;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Listen(endpoint, o => o.Protocols = HttpProtocols.Http1);
        });
        app = builder.Build();
        app.Run(Handle);
    }

    /// <summary>The address it listens on; for port 0, the port chosen at the start.</summary>
    public IPEndPoint Endpoint { get; private set; }

    /// <summary>Token that a client must send; null for none.</summary>
    public string? Token => access.Token;

    /// <summary>Paths that need no token.</summary>
    public IReadOnlyCollection<string> Open { get; init; } = [];

    /// <summary>Called for every response with its path, status and seconds.</summary>
    public Action<string, int, double>? Observe { get; init; }

    /// <summary>The server's URL, with the token on request.</summary>
    public string Url(bool withToken) => $"http://{(Endpoint.Address.Equals(IPAddress.Any) || Endpoint.Address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName() : Endpoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{Endpoint.Address}]" : Endpoint.Address)}:{FormattableString.Invariant($"{Endpoint.Port}")}/{(withToken && access.Token is string token ? $"?token={Uri.EscapeDataString(token)}" : "")}";

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the address is in use or cannot be bound.</exception>
    public async Task Start()
    {
        try
        {
            await app.StartAsync();
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or InvalidOperationException)
        {
            string why = e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException or null ? "is in use; choose another with --port N, or --port 0 for any free port" : e.GetBaseException().Message.ReplaceLineEndings(" ");
            throw new GpuGradException(Fault.Config, FormattableString.Invariant($"port {Endpoint.Port} of {Endpoint.Address} {why}"), e);
        }
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Endpoint = new IPEndPoint(Endpoint.Address, new Uri(address).Port);
    }

    /// <summary>Accepts no more requests and waits until the accepted ones are answered.</summary>
    public Task Stop() => app.StopAsync();

    public static Refusal TooLarge() => new(413, "the body is too large; --max-body is the limit");

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task Handle(HttpContext http)
    {
        long begin = System.Diagnostics.Stopwatch.GetTimestamp();
        string path = http.Request.Path.Value ?? "/";
        IHeaderDictionary headers = http.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        try
        {
            await Route(http, path);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return; // the client is gone
        }
        catch (Exception e)
        {
            await Fail(http, e);
        }
        Observe?.Invoke(path, http.Response.StatusCode, System.Diagnostics.Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }

    private Task Route(HttpContext http, string path)
    {
        string method = HttpMethods.IsHead(http.Request.Method) ? "GET" : http.Request.Method;
        if (!Open.Contains(path) && access.Check(http))
            return Task.CompletedTask;
        if (routes.TryGetValue($"{method} {path}", out Handler? handler))
            return handler(http);
        string[] methods = [.. routes.Keys.Where(k => k.EndsWith(" " + path, StringComparison.Ordinal)).Select(k => k[..k.IndexOf(' ', StringComparison.Ordinal)])];
        if (methods.Length == 0)
            throw new Refusal(404, $"no such path; expected {string.Join(", ", routes.Keys)}");
        http.Response.Headers.Allow = string.Join(", ", methods);
        throw new Refusal(405, $"{path} takes {string.Join(" or ", methods)}");
    }

    private static async Task Fail(HttpContext http, Exception e)
    {
        Refusal refusal = e switch
        {
            Refusal known => known,
            Microsoft.AspNetCore.Http.BadHttpRequestException bad => bad.StatusCode == 413 ? TooLarge() : new Refusal(bad.StatusCode, bad.Message),
            GpuGradException known => Refusal.Of(known),
            OutOfMemoryException or InsufficientMemoryException => new Refusal(503, "out of memory") { RetryAfter = 1 },
            _ => new Refusal(500, "a defect of the server; its log has more"),
        };
        if (refusal.Status == 500)
            Output.Note(e is GpuGradException ? $"gpugrad: {e.Message}" : $"gpugrad: {e}");
        if (http.Response.HasStarted || http.RequestAborted.IsCancellationRequested)
        {
            http.Abort();
            return;
        }
        http.Response.Headers.ContentLength = null;
        try
        {
            await Answer.Refuse(http, refusal);
        }
        catch (OperationCanceledException)
        {
            // The client is gone.
        }
    }

    // Keeps ASP.NET Core from handling signals: StopSignals does.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
