using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace GpuGrad.Ilgpu.Tests.Api;

/// <summary>
/// The kernels and launchers must also build against the ILGPU packages (<c>-p:Ilgpu=package</c>): what they use of ILGPU is
/// looked up in the list of the packages' public members. Types and members count by name and number of parameters.
/// </summary>
public sealed class PackageCompatibilityTests
{
    // In the packages, but not in the list, which holds what a kernel project usually sees.
    private static readonly string[] AlsoThere =
    [
        "ILGPU.Runtime.KernelSpecialization", "ILGPU.Stride1D", "ILGPU.Stride1D/Dense", "ILGPU.Runtime.CPU.CPUDeviceKind", "ILGPU.Runtime.OpenCL.CLDeviceType",
        "ILGPU.Runtime.Cuda.CudaArchitecture", "ILGPU.Runtime.AcceleratorObject", "ILGPU.Runtime.CPU.CPUAccelerator", "ILGPU.Runtime.Cuda.CudaDriverVersion",
        "ILGPU.Context/DeviceCollection`1", "ILGPU.Runtime.MemoryBuffer`1", "ILGPU.LongIndex1D",
    ];

    [Fact]
    public void Kernels_use_nothing_that_the_packages_lack()
    {
        HashSet<string> known = [.. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Fixtures", "ilgpu-1.5.3.txt")), .. AlsoThere];
        var missing = new List<string>();
        foreach ((string type, string member) in References())
        {
            // What only the bundled implementation has stands in one file, Devices/Accelerated/Bundled.cs.
            if (type.StartsWith("ILGPU.Bundled.", StringComparison.Ordinal))
                continue;
            if (!known.Contains(type))
                missing.Add(type);
            else if (!AlsoThere.Contains(type) && !known.Contains($"{type} {member}") && !IsInherited(known, member))
                missing.Add($"{type} {member}");
        }
        Assert.True(missing.Count == 0, string.Join("\n", missing.Distinct()));
    }

    // Members of base classes stand under their own type in the list, under the derived one in the metadata.
    private static bool IsInherited(HashSet<string> known, string member) =>
        new[] { "ILGPU.Runtime.Accelerator", "ILGPU.Runtime.MemoryBuffer", "ILGPU.Runtime.Device", "ILGPU.Context/Builder" }.Any(t => known.Contains($"{t} {member}"))
        || member is "Dispose/0" or "ToString/0" or "get_Message/0" or "View/0" or "get_View/0";

    private static IEnumerable<(string Type, string Member)> References()
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "GpuGrad.Kernels.dll")));
        MetadataReader reader = file.GetMetadataReader();
        foreach (MemberReferenceHandle handle in reader.MemberReferences)
        {
            MemberReference member = reader.GetMemberReference(handle);
            if (TypeOf(reader, member.Parent) is { } type && type.StartsWith("ILGPU.", StringComparison.Ordinal))
                yield return (type, $"{reader.GetString(member.Name)}{Parameters(reader, member)}");
        }
    }

    private static string Parameters(MetadataReader reader, MemberReference member)
    {
        BlobReader blob = reader.GetBlobReader(member.Signature);
        SignatureHeader header = blob.ReadSignatureHeader();
        if (header.Kind != SignatureKind.Method)
            return "";
        if (header.IsGeneric)
            blob.ReadCompressedInteger();
        return $"/{blob.ReadCompressedInteger()}";
    }

    private static string? TypeOf(MetadataReader reader, EntityHandle handle) => handle.Kind switch
    {
        HandleKind.TypeReference => NameOf(reader, reader.GetTypeReference((TypeReferenceHandle)handle)),
        HandleKind.TypeSpecification => Generic(reader, reader.GetTypeSpecification((TypeSpecificationHandle)handle)),
        _ => null,
    };

    private static string NameOf(MetadataReader reader, TypeReference type) => type.ResolutionScope.Kind == HandleKind.TypeReference
        ? $"{NameOf(reader, reader.GetTypeReference((TypeReferenceHandle)type.ResolutionScope))}/{reader.GetString(type.Name)}"
        : $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";

    // GENERICINST, CLASS or VALUETYPE, the type.
    private static string? Generic(MetadataReader reader, TypeSpecification type)
    {
        BlobReader blob = reader.GetBlobReader(type.Signature);
        if (blob.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance)
            return null;
        blob.ReadCompressedInteger();
        return TypeOf(reader, blob.ReadTypeHandle());
    }
}
