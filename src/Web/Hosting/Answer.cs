using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace GpuGrad.Web.Hosting;

/// <summary>Writes responses: JSON, text, bytes, errors.</summary>
internal static class Answer
{
    // The JSON is never embedded in HTML, so it needs no HTML escapes.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task Json(HttpContext http, Action<Utf8JsonWriter> write, int status = 200)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(body, Options))
            write(json);
        return Bytes(http, body.WrittenMemory, "application/json", status);
    }

    /// <summary>Writes an error: <c>{"error": {"code": 400, "message": "…"}}</c>.</summary>
    public static Task Refuse(HttpContext http, Refusal refusal)
    {
        if (refusal.RetryAfter is int seconds)
            http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (refusal.Status == 401)
            http.Response.Headers.WWWAuthenticate = "Bearer";
        return Json(
            http,
            json =>
            {
                json.WriteStartObject();
                json.WriteStartObject("error");
                json.WriteNumber("code", refusal.Status);
                json.WriteString("message", refusal.Message);
                json.WriteEndObject();
                json.WriteEndObject();
            },
            refusal.Status);
    }

    public static Task Text(HttpContext http, string text, string type = "text/plain; charset=utf-8", int status = 200) =>
        Bytes(http, System.Text.Encoding.UTF8.GetBytes(text), type, status);

    public static async Task Bytes(HttpContext http, ReadOnlyMemory<byte> body, string type, int status = 200)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
    }
}
