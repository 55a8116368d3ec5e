using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using GpuGrad.Cli.Tests;
using GpuGrad.Tests.Support;
using GpuGrad.Torture.Tests;
using GpuGrad.Training.Data.Formats;

namespace GpuGrad.Web.Tests;

/// <summary>Requests of people who wish the server ill, or who made a mistake.</summary>
public sealed class HostileRequestTests(TrainedRuns runs)
{
    private readonly Gpugrad gpugrad = runs.Gpugrad;

    [Theory]
    [InlineData("", "an empty body; expected application/json")]
    [InlineData("{", "the body is not JSON (line 1, byte 2 of it); expected {\"inputs\": [sample, …]}")]
    [InlineData("[1, 2]", "the body is not an object")]
    [InlineData("{}", "the body has no 'inputs'")]
    [InlineData("{\"input\": []}", "the body has 'input'; expected")]
    [InlineData("{\"inputs\": []}", "inputs: no samples; expected one or more")]
    [InlineData("{\"inputs\": 3}", "inputs: a number; expected")]
    [InlineData("{\"inputs\": [[1, \"red\"]]}", "inputs[0]: 2 values; expected 3: length, colour, when")]
    [InlineData("{\"inputs\": [[1, \"red\", null, 4]]}", "inputs[0]: more values; expected 3")]
    [InlineData("{\"inputs\": [[1, [2], 3]]}", "inputs[0]: a list; expected values of the columns")]
    [InlineData("{\"inputs\": [{\"length\": \"many\", \"colour\": \"red\", \"when\": null}]}", "inputs:1:12: 'many' in column 'length'; expected a finite number")]
    [InlineData("{\"inputs\": [{\"lenght\": 1}]}", "inputs:1:1: ")]
    [InlineData("{\"inputs\": [{\"length\": 1}, [1]]}", "inputs[1]: a list; expected an object like the others")]
    [InlineData("{\"inputs\": [null]}", "inputs[0]: null; expected a number or a list")]
    [InlineData("{\"inputs\": [[[[[[[[[[1]]]]]]]]]]}", "inputs[0]: a list; expected values of the columns")]
    [InlineData("{\"inputs\": [\"no base64!\"]}", "inputs[0]: not base64")]
    [InlineData("{\"inputs\": [\"AAAA\"]}", "inputs[0]: a picture; expected samples [N, ")]
    [InlineData("{\"inputs\": [[1,\"red\",null]]} {}", "the body is not JSON (line 1, byte 30 of it)")]
    public async Task A_wrong_body_is_400_with_the_reason_in_a_line(string body, string expected)
    {
        await using Served served = await Served.Start(gpugrad["table"]);
        Assert.StartsWith(expected, await Served.Refused(await served.Post(body), 400), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"inputs\": [[1, 2], [3]]}", "inputs[1]: 1 values; expected 2 as before")]
    [InlineData("{\"inputs\": [[1, [2]]]}", "inputs[0][1]: a list; expected a number")]
    [InlineData("{\"inputs\": [[[1], 2]]}", "inputs[0][1]: a number; expected a list like the others")]
    [InlineData("{\"inputs\": [[1e999]]}", "inputs[0][0]: a number beyond 1e308; expected a smaller one")]
    [InlineData("{\"inputs\": [[[]]]}", "inputs[0][0]: an empty list; expected numbers")]
    [InlineData("{\"inputs\": [[[[[[[[1]]]]]]]]}", "inputs[0][0][0][0][0][0]: a list; expected fewer nested lists")]
    [InlineData("{\"inputs\": [\"iVBORw0KGgo=\"]}", "inputs[0]: ")]
    public async Task Arrays_that_are_none_are_400_with_the_place(string body, string expected)
    {
        await using Served served = await Served.Start(gpugrad["digits"]);
        Assert.StartsWith(expected, await Served.Refused(await served.Post(body), 400), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mutated_bodies_are_answered_or_refused_and_never_bring_it_down()
    {
        byte[] png = PngWriter.Write(new Picture(28, 28, 1, [.. Enumerable.Range(0, 28 * 28).Select(i => (byte)(i * 31))]));
        string table = """{"inputs": [{"length": 1.5, "colour": "red", "when": "2024-03-05"}, {"colour": "blue", "length": null}]}""";
        string array = $$"""{"inputs": [[{{string.Join(",", Enumerable.Repeat("[" + string.Join(",", Enumerable.Range(0, 28)) + "]", 28))}}]]}""";
        (string Type, byte[] Body)[] seeds =
        [
            ("application/json", Encoding.UTF8.GetBytes(table)), ("application/json", Encoding.UTF8.GetBytes(array)), ("image/png", png),
            ("text/csv", "length,colour,when\n1.5,red,2024-03-05\n,blue,\n"u8.ToArray()),
            ("multipart/form-data; boundary=xyz", [.. "--xyz\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n"u8, .. png, .. "\r\n--xyz--\r\n"u8]),
            ("application/octet-stream", [.. Npy.Header([1, 28, 28], NumberType.UInt8), .. new byte[28 * 28]]),
        ];
        await using Served digits = await Served.Start(gpugrad["digits"]), rows = await Served.Start(gpugrad["table"]);
        int count = Effort.Count(600, 100_000);
        var random = new Random(7);
        var seen = new SortedDictionary<int, int>();
        for (int i = 0; i < count; i++)
        {
            (string type, byte[] body) = seeds[random.Next(seeds.Length)];
            byte[] mutant = type == "application/json" && i % 2 == 0 ? Encoding.UTF8.GetBytes(new JsonMutant(random).Of(Encoding.UTF8.GetString(body))) : Mutate(body, random);
            Served served = i % 3 == 0 ? digits : rows;
            HttpResponseMessage response = await served.Post(mutant, type);
            int status = (int)response.StatusCode;
            seen[status] = seen.GetValueOrDefault(status) + 1;
            Assert.True(status is 200 or 400 or 413 or 415 or 422, $"mutant {i} got {status}: {await response.Content.ReadAsStringAsync()}");
            if (status != 200)
                Assert.InRange((await Served.Refused(response, status)).Length, 1, 2000);
        }
        Assert.Equal("ok", (string?)JsonNode.Parse(await digits.Client.GetStringAsync("health"))!["status"]);
        Assert.Equal("ok", (string?)JsonNode.Parse(await rows.Client.GetStringAsync("health"))!["status"]);
        Assert.True(seen.GetValueOrDefault(400) > count / 4, string.Join(", ", seen));
        Effort.Report(nameof(HostileRequestTests), $"{count:N0} mutated bodies: {string.Join(", ", seen.Select(s => FormattableString.Invariant($"{s.Value:N0} got {s.Key}")))}");
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_413_whether_its_length_is_said_or_not()
    {
        await using Served served = await Served.Start(gpugrad["table"], v => v.MaxBody = 0.01);
        Assert.Equal("the body is too large; --max-body is the limit", await Served.Refused(await served.Post(new byte[20_000], "text/csv"), 413));
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "predict") { Content = new StreamContent(new Endless(200_000)) };
        chunked.Headers.TransferEncodingChunked = true;
        Assert.Equal("the body is too large; --max-body is the limit", await Served.Refused(await served.Client.SendAsync(chunked), 413));
        Assert.Single(await served.Predict("""{"inputs": [[1, "red", null]]}"""));
    }

    [Fact]
    public async Task A_sender_that_stops_in_the_middle_is_dropped_and_keeps_nobody_from_being_answered()
    {
        await using Served served = await Served.Start(gpugrad["table"], v => v.Timeout = 1);
        using TcpClient slow = await Slow(served);
        Assert.Single(await served.Predict("""{"inputs": [[1, "red", null]]}"""));
        using var reader = new StreamReader(slow.GetStream());
        string answer = await reader.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Contains("not received within 1 seconds", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_request_more_than_the_queue_holds_is_503_and_told_to_come_again()
    {
        await using Served served = await Served.Start(gpugrad["table"], v => v.Queue = 1);
        using (TcpClient slow = await Slow(served))
        {
            HttpResponseMessage refused = await Until(served, 503);
            Assert.Equal("too many requests are waiting; try again later", await Served.Refused(refused, 503));
            Assert.Equal("1", refused.Headers.RetryAfter!.ToString());
        }
        await Until(served, 200);
    }

    [Fact]
    public async Task Elsewhere_than_at_loopback_nobody_is_answered_without_the_token_but_whoever_asks_for_its_health()
    {
        await using Served served = await Served.Start(gpugrad["table"], v => v.Bind = "0.0.0.0");
        string token = served.Model.Server.Token!;
        Assert.Equal(32, token.Length);
        foreach (string path in new[] { "", "metrics", "openapi.json", "nothing", "?token=wrong" })
            Assert.StartsWith("the token is missing or wrong", await Served.Refused(await served.Client.GetAsync(path), 401), StringComparison.Ordinal);
        Assert.Equal(200, (int)(await served.Client.GetAsync("health")).StatusCode);
        await Served.Refused(await served.Post("""{"inputs": [[1, "red", null]]}"""), 401);
        // A browser that was given the token once has it from then on.
        string page = await served.Client.GetStringAsync($"?token={token}");
        Assert.Contains("<html", page, StringComparison.Ordinal);
        Assert.Single(await served.Predict("""{"inputs": [[1, "red", null]]}"""));
        using var bearer = new HttpClient { BaseAddress = served.Client.BaseAddress };
        bearer.DefaultRequestHeaders.Add("Authorization", $"Bearer {token}");
        Assert.Equal(200, (int)(await bearer.GetAsync("metrics")).StatusCode);
    }

    [Theory]
    [InlineData("evil.example", 421)]
    [InlineData("192.168.1.7", 421)]
    [InlineData("localhost:99", 200)]
    [InlineData("[::1]", 200)]
    [InlineData("127.0.0.1", 200)]
    public async Task A_foreign_name_that_leads_here_is_not_answered(string host, int status)
    {
        await using Served served = await Served.Start(gpugrad["table"]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.Host = host;
        Assert.Equal(status, (int)(await served.Client.SendAsync(request)).StatusCode);
    }

    [Theory]
    [InlineData("../../../etc/passwd")]
    [InlineData("..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("weights.safetensors")]
    [InlineData("//etc/passwd")]
    public async Task No_path_is_a_file(string path)
    {
        await using Served served = await Served.Start(gpugrad["table"]);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, served.Model.Server.Endpoint.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(client.GetStream());
        Assert.StartsWith("HTTP/1.1 404 ", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> Until(Served served, int status)
    {
        while (true)
        {
            HttpResponseMessage response = await served.Post("""{"inputs": [[1, "red", null]]}""");
            if ((int)response.StatusCode == status)
                return response;
            await Task.Delay(5);
        }
    }

    private static async Task<TcpClient> Slow(Served served)
    {
        var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, served.Model.Server.Endpoint.Port);
        await slow.GetStream().WriteAsync("POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"u8.ToArray());
        return slow;
    }

    private static byte[] Mutate(byte[] body, Random random)
    {
        List<byte> mutant = [.. body];
        for (int changes = random.Next(1, 6); changes > 0 && mutant.Count > 0; changes--)
        {
            int at = random.Next(mutant.Count);
            switch (random.Next(4))
            {
                case 0:
                    mutant[at] = (byte)random.Next(256);
                    break;
                case 1:
                    mutant.RemoveRange(at, Math.Min(mutant.Count - at, random.Next(1, 64)));
                    break;
                case 2:
                    mutant.InsertRange(at, mutant.GetRange(at, Math.Min(mutant.Count - at, random.Next(1, 64))));
                    break;
                default:
                    mutant[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }
        return [.. mutant];
    }

    private sealed class Endless(int length) : MemoryStream(new byte[length])
    {
        public override bool CanSeek => false;
    }
}
