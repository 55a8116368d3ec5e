using GpuGrad.Training.Runs.Storage;

namespace GpuGrad.Training.Tests.Storage;

/// <summary>
/// What a power failure leaves: of a file what was synced (or any part of what came after), of names what was synced (or any number of
/// the changes after, in their order). Every such state after every call of several saves holds a whole checkpoint.
/// </summary>
public sealed class PowerLossTests : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly TestFolder after = new();

    public void Dispose()
    {
        folder.Dispose();
        after.Dispose();
    }

    [Fact]
    public void A_power_failure_at_any_instant_leaves_the_newest_durable_checkpoint_or_a_newer_one()
    {
        var files = new JournalFiles(FileSystem.Current);
        var checkpoints = new CheckpointFolder(folder.Path, null, files);
        var durable = new List<(int Calls, long Step)>();
        for (int step = 100; step <= 400; step += 100)
        {
            checkpoints.Save(Samples.At(step), keep: 1, best: step == 200);
            durable.Add((files.Count, step));
        }
        int states = 0;
        for (int calls = 0; calls <= files.Count; calls++)
        {
            long least = durable.LastOrDefault(d => d.Calls <= calls).Step;
            foreach (Dictionary<string, byte[]> state in files.After(calls))
            {
                after.Clear();
                foreach ((string name, byte[] bytes) in state)
                    File.WriteAllBytes(after[name], bytes);
                long step = Samples.WholeStepIn(new CheckpointFolder(after.Path)) ?? 0;
                Assert.True(step >= least, $"after {calls} calls step {step} is the newest, {least} was reported as saved");
                states++;
            }
        }
        Assert.InRange(states, 100, 10_000);
    }

    /// <summary>Notes every call that changes the disk.</summary>
    private sealed class JournalFiles(IFileSystem inner) : PassingFiles(inner)
    {
        private readonly List<Entry> journal = [];
        private readonly Dictionary<long, string> names = [];

        public int Count => journal.Count;

        public override long OpenFolder(string path)
        {
            long handle = base.OpenFolder(path);
            names[handle] = "";
            return handle;
        }

        public override long Open(long folder, string name, OpenFor purpose)
        {
            long handle = base.Open(folder, name, purpose);
            names[handle] = name;
            if (purpose == OpenFor.Creating)
                journal.Add(new Entry(Kind.Create, name));
            return handle;
        }

        public override long Write(long handle, ReadOnlySpan<byte> bytes)
        {
            // In small pieces, so that there are states between them.
            long written = base.Write(handle, bytes[..Math.Min(bytes.Length, 400)]);
            journal.Add(new Entry(Kind.Write, names[handle], Bytes: bytes[..(int)written].ToArray()));
            return written;
        }

        public override long Sync(long handle)
        {
            journal.Add(new Entry(names[handle].Length == 0 ? Kind.SyncNames : Kind.SyncFile, names[handle]));
            return base.Sync(handle);
        }

        public override long Rename(long folder, string from, string to)
        {
            journal.Add(new Entry(Kind.Rename, from, to));
            return base.Rename(folder, from, to);
        }

        public override long Delete(long folder, string name)
        {
            journal.Add(new Entry(Kind.Delete, name));
            return base.Delete(folder, name);
        }

        /// <summary>The states that the disk may be in after a number of calls.</summary>
        public IEnumerable<Dictionary<string, byte[]>> After(int calls)
        {
            int synced = journal.FindLastIndex(Math.Max(0, calls - 1), calls, e => e.Kind == Kind.SyncNames);
            // Names: everything up to the last sync, and any number of the changes after it.
            for (int names = synced + 1; names <= calls; names++)
            {
                foreach (double kept in new[] { 0, 0.5, 1 })
                    yield return State(calls, names, kept);
            }
        }

        private Dictionary<string, byte[]> State(int calls, int nameCalls, double unsyncedKept)
        {
            var contents = new Dictionary<int, (List<byte> Bytes, int Synced)>();
            var open = new Dictionary<string, int>();
            var visible = new Dictionary<string, int>();
            for (int i = 0; i < calls; i++)
            {
                Entry e = journal[i];
                switch (e.Kind)
                {
                    case Kind.Create:
                        contents[i] = ([], 0);
                        open[e.Name] = i;
                        break;
                    case Kind.Write:
                        contents[open[e.Name]].Bytes.AddRange(e.Bytes!);
                        break;
                    case Kind.SyncFile:
                        contents[open[e.Name]] = (contents[open[e.Name]].Bytes, contents[open[e.Name]].Bytes.Count);
                        break;
                }
                if (i < nameCalls)
                    Rename(visible, e, i);
            }
            return visible.ToDictionary(v => v.Key, v =>
            {
                (List<byte> bytes, int durable) = contents[v.Value];
                return bytes.Take(durable + (int)((bytes.Count - durable) * unsyncedKept)).ToArray();
            });
        }

        private static void Rename(Dictionary<string, int> visible, Entry e, int i)
        {
            switch (e.Kind)
            {
                case Kind.Create:
                    visible[e.Name] = i;
                    break;
                case Kind.Rename:
                    visible[e.To!] = visible[e.Name];
                    visible.Remove(e.Name);
                    break;
                case Kind.Delete:
                    visible.Remove(e.Name);
                    break;
            }
        }

        private enum Kind
        {
            Create,
            Write,
            SyncFile,
            SyncNames,
            Rename,
            Delete,
        }

        private sealed record Entry(Kind Kind, string Name, string? To = null, byte[]? Bytes = null);
    }
}
