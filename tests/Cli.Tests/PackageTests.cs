using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Cli.Tests;

/// <summary>What <c>./pack</c> makes, installed in an empty folder as a stranger would: from the packages alone.</summary>
public sealed class PackageTests : IDisposable
{
    private static readonly string Repository = Path.GetFullPath(Path.Combine(Gpugrad.Configs, ".."));

    private readonly string folder = Directory.CreateTempSubdirectory("gpugrad-packages").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_tool_and_the_library_work_from_their_packages()
    {
        Run(Path.Combine(Repository, "pack"), "--no-build", "--out", folder);
        // Other packages are there since the solution was restored; nothing is fetched, and nothing stays behind there.
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="packed" value="{folder}/packages" /></packageSources>
              <fallbackPackageFolders><add key="restored" value="{Restored()}" /></fallbackPackageFolders>
            </configuration>
            """);

        Run("dotnet", "tool", "install", "GpuGrad.Tool", "--tool-path", "tools");
        string gpugrad = Path.Combine(folder, "tools", "gpugrad");
        Assert.StartsWith("gpugrad 0.", Run(gpugrad, "--version"), StringComparison.Ordinal);
        Run(gpugrad, "train", Path.Combine(Gpugrad.Configs, "digits.yaml"), "--out", "run", "--device", "cpu", "--set", "train.epochs=1", "--set", "target=null", "--set", "data.dataset={digits: {train: 300, test: 50}}");
        FollowTheReadme(gpugrad);

        BuildSamples();
        Assert.Matches(@"^\d+\.\d % after \d+ steps\s*$", Run("dotnet", Built("Spirals")));

        byte[] pixels = [.. Enumerable.Range(0, 28 * 28).Select(i => (byte)(i * 37 % 256))];
        File.WriteAllBytes(Path.Combine(folder, "digit.png"), PngWriter.Write(new Picture(28, 28, 1, pixels)));
        File.WriteAllText(Path.Combine(folder, "row.csv"), string.Join(',', pixels) + "\n");
        JsonNode first = JsonNode.Parse(Run(gpugrad, "predict", "run", "digit.png", "--json"))![0]!;
        string[] lines = Run("dotnet", Built("Predict"), "run", "digit.png", "row.csv").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith($"digit.png: {first["label"]}, ", lines[0], StringComparison.Ordinal);
        Assert.Equal(lines[0]["digit.png".Length..], lines[1]["row.csv".Length..]);

        AnswersOfTheEndpoint(first, pixels);
    }

    // The commands of the README, from a table to a served model, in their order.
    private void FollowTheReadme(string gpugrad)
    {
        File.Copy(Path.Combine(Repository, "samples", "flowers.csv"), Path.Combine(folder, "flowers.csv"));
        string commands = File.ReadAllText(Path.Combine(Repository, "README.md")).Split("```").Single(b => b.Contains("gpugrad init flowers.csv", StringComparison.Ordinal));
        string[][] lines = [.. commands.Split('\n').Where(l => l.StartsWith("gpugrad ", StringComparison.Ordinal)).Select(l => l.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..])];
        Assert.Equal(["init", "train", "board", "export", "serve"], lines.Select(l => l[0]));
        foreach (string[] line in lines)
        {
            if (line[0] == "board")
                Assert.Contains("\"id\":\"flowers\",\"status\":\"finished\"", Listening(gpugrad, "api/runs", line), StringComparison.Ordinal);
            else if (line[0] == "serve")
                Assert.StartsWith("""{"status":"ok",""", Listening(gpugrad, "health", line), StringComparison.Ordinal);
            else
                Assert.Contains(line[0] switch { "init" => "gpugrad train flowers.yaml", "train" => "runs/flowers", _ => "opset 17" }, Run(gpugrad, line), StringComparison.Ordinal);
        }
    }

    // The sample as its users run it, at a port that was free.
    private void AnswersOfTheEndpoint(JsonNode predicted, byte[] pixels)
    {
        using Process process = Process.Start(Prepared("dotnet", Built("Endpoint"), "run", "--urls", "http://127.0.0.1:0"))!;
        string said = "";
        string? url = null;
        while (url is null && process.StandardOutput.ReadLine() is { } line)
        {
            said += line + "\n";
            url = Regex.Match(line, @"http://127\.0\.0\.1:[0-9]+").Value is { Length: > 0 } found ? found : null;
        }
        Assert.True(url is not null, said);
        Task<string> rest = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        using var client = new HttpClient { BaseAddress = new Uri(url!) };
        Assert.Equal("ok", (string?)JsonNode.Parse(client.GetStringAsync("health").Result)!["status"]);
        foreach ((byte[] body, string type) in new[] { (File.ReadAllBytes(Path.Combine(folder, "digit.png")), "image/png"), (System.Text.Encoding.UTF8.GetBytes(string.Join(',', pixels) + "\n"), "text/csv") })
        {
            JsonNode answer = Posted(client, body, type, 200)[0]!;
            Assert.Equal((int)predicted["label"]!, (int)answer["label"]!);
            Assert.Equal(predicted["probabilities"]!.AsArray().Select(p => (double)p!), answer["values"]!.AsArray().Select(p => (double)p!));
        }
        Assert.StartsWith("body.csv", (string?)Posted(client, "1,2\n"u8.ToArray(), "text/csv", 400)["error"], StringComparison.Ordinal);
        Run("kill", "-TERM", process.Id.ToString(CultureInfo.InvariantCulture));
        process.WaitForExit();
        Assert.True(process.ExitCode is 0 or 143, rest.Result + errors.Result);
    }

    private static JsonNode Posted(HttpClient client, byte[] body, string type, int status)
    {
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new(type) } };
        using HttpResponseMessage response = client.PostAsync("predict", content).Result;
        string text = response.Content.ReadAsStringAsync().Result;
        Assert.True((int)response.StatusCode == status, text);
        return JsonNode.Parse(text)!;
    }

    // Copies, where nothing of the repository's build is above them; all in one build, which is three times as fast as three.
    private void BuildSamples()
    {
        string[] names = ["Spirals", "Predict", "Endpoint"];
        foreach (string name in names)
        {
            string copy = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
            foreach (string file in Directory.GetFiles(Path.Combine(Repository, "samples", name)))
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }
        File.WriteAllText(Path.Combine(folder, "Samples.slnx"), $"<Solution>{string.Concat(names.Select(n => $"<Project Path=\"{n}/{n}.csproj\" />"))}</Solution>");
        Run("dotnet", "build", "-c", "Release", "Samples.slnx");
    }

    private static string Built(string sample) => $"{sample}/bin/Release/net10.0/{sample}.dll";

    [Fact]
    public void The_program_of_the_readme_is_the_sample() => Assert.Contains(
        $"```csharp\n{File.ReadAllText(Path.Combine(Repository, "samples", "Spirals", "Program.cs"))}```\n",
        File.ReadAllText(Path.Combine(Repository, "README.md")),
        StringComparison.Ordinal);

    private static string Restored() =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    // What a verb that listens answers before a signal ends it.
    private string Listening(string gpugrad, string path, string[] arguments)
    {
        using Process process = Process.Start(Prepared(gpugrad, [.. arguments, "--port", "0", "--json"]))!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string said = "";
        for (string? line = ""; line is not null and not "}"; said += line + "\n")
            line = process.StandardOutput.ReadLine();
        Assert.True(said.EndsWith("}\n", StringComparison.Ordinal), said);
        using var client = new HttpClient();
        string answer = client.GetStringAsync(new Uri((string)JsonNode.Parse(said)!["url"]! + path)).Result;
        Run("kill", "-TERM", process.Id.ToString(CultureInfo.InvariantCulture));
        process.WaitForExit();
        Assert.True(process.ExitCode == 143, errors.Result);
        return answer;
    }

    private string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(Prepared(program, arguments))!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}\n{output.Result}\n{errors.Result}");
        return output.Result;
    }

    private ProcessStartInfo Prepared(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["NUGET_PACKAGES"] = program == "dotnet" ? Path.Combine(folder, "cache") : Restored();
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        // What the test runner says to its own build is not meant for these.
        foreach (string inherited in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(inherited);
        return start;
    }
}
