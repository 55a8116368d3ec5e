using System.Text;

namespace ILGPU.Compiler.Emit;

/// <summary>What a launch has to know of a compiled kernel, whether or not its text is at hand.</summary>
/// <param name="Name">The C# method.</param>
/// <param name="Entry">The function in the text.</param>
/// <param name="TextHash">Identifies the text.</param>
internal sealed record KernelFacts(string Name, string Entry, string TextHash)
{
    /// <summary>Bytes of statically allocated shared memory.</summary>
    public int SharedBytes { get; init; }
    /// <summary>Bytes of local memory a thread (0 where promotion put everything into registers).</summary>
    public int LocalBytes { get; init; }
    /// <summary>OpenCL: what to set as which kernel argument.</summary>
    public ArgumentSlot[] Slots { get; init; } = [];
    public bool UsesDoubles { get; init; }
    public bool UsesDynamicShared { get; init; }

    public byte[] ToBytes(string source)
    {
        using MemoryStream bytes = new();
        using BinaryWriter writer = new(bytes, Encoding.UTF8);
        writer.Write(source);
        writer.Write(Name);
        writer.Write(Entry);
        writer.Write(TextHash);
        writer.Write(SharedBytes);
        writer.Write(LocalBytes);
        writer.Write(UsesDoubles);
        writer.Write(UsesDynamicShared);
        writer.Write(Slots.Length);
        foreach (ArgumentSlot slot in Slots)
        {
            writer.Write(slot.Parameter);
            writer.Write(slot.Offset);
            writer.Write(slot.Size);
            writer.Write(slot.IsBuffer);
        }
        return bytes.ToArray();
    }

    /// <summary>Null where the bytes are those of another source's kernel.</summary>
    public static KernelFacts? Read(byte[] bytes, string source)
    {
        using BinaryReader reader = new(new MemoryStream(bytes), Encoding.UTF8);
        if (reader.ReadString() != source)
            return null;
        KernelFacts facts = new(reader.ReadString(), reader.ReadString(), reader.ReadString())
        {
            SharedBytes = reader.ReadInt32(),
            LocalBytes = reader.ReadInt32(),
            UsesDoubles = reader.ReadBoolean(),
            UsesDynamicShared = reader.ReadBoolean(),
        };
        ArgumentSlot[] slots = new ArgumentSlot[reader.ReadInt32()];
        for (int i = 0; i < slots.Length; i++)
            slots[i] = new ArgumentSlot(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadBoolean());
        return facts with { Slots = slots };
    }
}

/// <summary>One OpenCL kernel argument: a piece of a C# argument.</summary>
internal readonly record struct ArgumentSlot(int Parameter, int Offset, int Size, bool IsBuffer);
