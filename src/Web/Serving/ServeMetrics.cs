using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace GpuGrad.Web.Serving;

/// <summary>Metrics of the server in Prometheus' text format.</summary>
internal sealed class ServeMetrics
{
    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private static readonly double[] Sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

    private readonly Lock at = new();
    private readonly SortedDictionary<int, long> requests = [];
    private readonly Buckets latency = new(Seconds), batches = new(Sizes), compute = new(Seconds);

    /// <summary>Number of requests to /predict that were answered or refused.</summary>
    public long Requests
    {
        get
        {
            lock (at)
                return requests.Values.Sum();
        }
    }

    public void Request(int status, double seconds)
    {
        lock (at)
        {
            requests[status] = requests.GetValueOrDefault(status) + 1;
            latency.Add(seconds);
        }
    }

    public void Batch(int samples, double seconds)
    {
        lock (at)
        {
            batches.Add(samples);
            compute.Add(seconds);
        }
    }

    public string Text(int inside, int waiting, string device)
    {
        var text = new StringBuilder();
        lock (at)
        {
            Head(text, "gpugrad_requests_total", "counter", "Requests to /predict by status.");
            foreach ((int status, long count) in requests)
                text.Append(CultureInfo.InvariantCulture, $"gpugrad_requests_total{{status=\"{status}\"}} {count}\n");
            latency.Write(text, "gpugrad_request_seconds", "Seconds from a request's header to its response.");
            batches.Write(text, "gpugrad_batch_samples", "Samples per batch.");
            compute.Write(text, "gpugrad_batch_seconds", "Seconds per batch.");
        }
        One(text, "gpugrad_requests_in_flight", "gauge", "Requests to /predict in progress.", inside);
        One(text, "gpugrad_queue_samples", "gauge", "Samples waiting for a batch.", waiting);
        Head(text, "gpugrad_model_info", "gauge", "The device of the served model.");
        text.Append(CultureInfo.InvariantCulture, $"gpugrad_model_info{{device=\"{device.Replace("\\", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal)}\"}} 1\n");
        using Process process = Process.GetCurrentProcess();
        One(text, "process_resident_memory_bytes", "gauge", "Resident memory of the process.", process.WorkingSet64);
        One(text, "process_cpu_seconds_total", "counter", "CPU time of the process.", process.TotalProcessorTime.TotalSeconds);
        One(text, "process_start_time_seconds", "gauge", "Start of the process in seconds since 1970.", (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds);
        return text.ToString();
    }

    private static void Head(StringBuilder text, string name, string type, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private static void One(StringBuilder text, string name, string type, string help, double value)
    {
        Head(text, name, type, help);
        text.Append(CultureInfo.InvariantCulture, $"{name} {value:R}\n");
    }

    private sealed class Buckets(double[] bounds)
    {
        private readonly long[] counts = new long[bounds.Length + 1];
        private double sum;

        public void Add(double value)
        {
            int bucket = Array.FindIndex(bounds, b => value <= b);
            counts[bucket < 0 ? bounds.Length : bucket]++;
            sum += value;
        }

        public void Write(StringBuilder text, string name, string help)
        {
            Head(text, name, "histogram", help);
            long count = 0;
            for (int i = 0; i < counts.Length; i++)
            {
                count += counts[i];
                string bound = i == bounds.Length ? "+Inf" : bounds[i].ToString(CultureInfo.InvariantCulture);
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"{bound}\"}} {count}\n");
            }
            text.Append(CultureInfo.InvariantCulture, $"{name}_sum {sum:R}\n{name}_count {count}\n");
        }
    }
}
