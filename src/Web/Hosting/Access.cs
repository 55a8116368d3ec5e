using System.Net;
using System.Security.Cryptography;
using System.Text;
using GpuGrad.Cli.Verbs;
using Microsoft.AspNetCore.Http;

namespace GpuGrad.Web.Hosting;

/// <summary>
/// Decides which requests are answered. On a loopback address: any, if its Host header is localhost or a loopback address, so that a web page whose
/// name resolves to this machine (DNS rebinding) is refused. With a token: those that send it.
/// </summary>
internal sealed class Access
{
    private const int LeastToken = 8;

    private readonly byte[]? hash;
    private readonly string cookie;
    private readonly bool isLocal;

    /// <exception cref="GpuGradException"><see cref="Fault.Config"/>: the token is too short, or has characters that are not allowed.</exception>
    public Access(WebVerb verb)
    {
        isLocal = IPAddress.IsLoopback(verb.Address);
        Token = verb.Token is null ? (isLocal ? null : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))) : Checked(verb.Token);
        hash = Token is null ? null : Hash(Token);
        cookie = FormattableString.Invariant($"gpugrad-{verb.Port}");
    }

    /// <summary>Token that must be sent; null for none.</summary>
    public string? Token { get; }

    /// <summary>Refuses a request without access.</summary>
    /// <returns>Whether the request was answered here: a page opened with the token gets it as a cookie and is redirected to the plain address.</returns>
    /// <exception cref="Refusal">401, or 421 for another host name.</exception>
    public bool Check(HttpContext http)
    {
        if (isLocal && !IsLocalName(http.Request.Host.Host))
            throw new Refusal(421, "this server answers under localhost and 127.0.0.1 only");
        if (hash is null)
            return false;
        if (http.Request.Query["token"] is [string given] && IsToken(given))
        {
            http.Response.Cookies.Append(cookie, given, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/" });
            if (!HttpMethods.IsGet(http.Request.Method) || http.Request.Path != "/")
                return false;
            http.Response.Redirect("/");
            return true;
        }
        const string Bearer = "Bearer ";
        if (http.Request.Headers.Authorization is [string header] && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && IsToken(header[Bearer.Length..].Trim()))
            return false;
        if (http.Request.Cookies[cookie] is string kept && IsToken(kept))
            return false;
        throw new Refusal(401, "the token is missing or wrong; expected the header 'Authorization: Bearer TOKEN', or ?token=TOKEN");
    }

    private bool IsToken(string text) => CryptographicOperations.FixedTimeEquals(Hash(text), hash);

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static bool IsLocalName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private static string Checked(string given)
    {
        string token = given;
        if (given is ['@', .. string file])
        {
            if (!File.Exists(file))
                throw new GpuGradException(Fault.Config, $"--token {given}: no such file");
            token = File.ReadAllText(file).Trim();
        }
        bool plain = token.All(c => c is > ' ' and <= '~' and not (';' or ',' or '"' or '\\'));
        return plain && token.Length >= LeastToken ? token
            : throw new GpuGradException(Fault.Config, $"--token: {token.Length} characters; expected {LeastToken} or more ASCII characters without spaces, commas, semicolons, quotes and backslashes");
    }
}
