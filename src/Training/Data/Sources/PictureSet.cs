using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using GpuGrad.Training.Data.Formats;
using GpuGrad.Training.Data.Rows;

namespace GpuGrad.Training.Data.Sources;

/// <summary>Picture files as samples: decoded now, or each time they are needed.</summary>
/// <param name="files">The pictures.</param>
/// <param name="classes">Names of the classes in order; null without labels.</param>
/// <param name="layout">How a picture becomes a sample.</param>
/// <param name="hashes">Hashes of the files; empty if the fingerprint is not needed.</param>
internal sealed class PictureSet(IReadOnlyList<PictureFile> files, string[]? classes, PictureLayout layout, ReadOnlyMemory<UInt128> hashes)
{
    public SampleSet Samples(bool inMemory, Action<string, double?>? progress)
    {
        string[] paths = [.. files.Select(f => f.Path)];
        var rows = new PictureRows(paths, layout);
        var samples = new SampleSet
        {
            Shape = layout.Shape,
            Count = files.Count,
            Rows = rows,
            Labels = classes is null ? null : ClassTexts.Labels([.. files.Select(f => f.Class)], classes, i => files[i].Path, nameless: "a picture outside the folders of the classes"),
            Places = new SamplePlaces("pictures") { Files = paths },
            SourceHash = hashes.IsEmpty ? null : Hash(),
        };
        if (!inMemory)
            return samples;
        rows.Progress = progress;
        return samples.InMemory();
    }

    // Hash of the files' contents and of the settings that turn them into samples.
    private byte[] Hash() => SHA256.HashData([.. MemoryMarshal.AsBytes(hashes.Span), .. Encoding.UTF8.GetBytes($"{layout.Bits} {layout.Method} {layout.Background}")]);
}
