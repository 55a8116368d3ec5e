using System.Reflection;
using Microsoft.AspNetCore.Http;

namespace GpuGrad.Web.Hosting;

/// <summary>A static file embedded in the program.</summary>
internal static class Page
{
    /// <summary>A handler that answers with the file.</summary>
    public static Handler Of(string name)
    {
        byte[] content = Read(name);
        string type = Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => throw new ArgumentException($"'{name}' has no type."),
        };
        return (HttpContext http) => Answer.Bytes(http, content, type);
    }

    private static byte[] Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new ArgumentException($"'{name}' is not in the program.");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
