using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU.Compiler.Ir;
using ILGPU.Util;

namespace ILGPU.Compiler.Frontend;

/// <summary>A scalar inside a type: where, and what.</summary>
internal readonly record struct Leaf(int Offset, MemType Mem, Type Type);

/// <summary>
/// A type as the device sees it: the scalars it consists of, at the offsets the host runtime gives them, so that launch
/// arguments and buffers need no conversion. A view is an address and a length.
/// </summary>
internal sealed class DeviceLayout
{
    private static readonly ConcurrentDictionary<Type, DeviceLayout> Cache = new();
    private readonly Dictionary<string, (int Offset, int First, int Count)> fields = [];

    private DeviceLayout(Type type)
    {
        Type = type;
        Size = SizeOf(type);
        Leaves = Scalar(type) is { } mem ? [new Leaf(0, mem, type)] : IsView(type) ? ViewLeaves(type) : StructLeaves(type);
        Alignment = Math.Max(VectorAlignment(type), Leaves.Length == 0 ? 1 : Leaves.Max(l => l.Mem.Size()));
    }

    public Type Type { get; }
    public int Size { get; }
    public int Alignment { get; }
    public Leaf[] Leaves { get; }

    public static DeviceLayout Of(Type type) => Cache.GetOrAdd(type, t => new DeviceLayout(t));

    /// <summary>The bytes one load or store of a vector type moves, and so its alignment; 1 for every other type.</summary>
    public static int VectorAlignment(Type type) => type == typeof(Float4) ? 16 : type == typeof(Float2) ? 8 : 1;

    public static bool IsView(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>);

    /// <summary>Whether a value of the type is nothing but numbers.</summary>
    public static bool IsPlain(Type type) => type.IsPrimitive || type.IsEnum || type.IsPointer
        || type.IsValueType && type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).All(f => IsPlain(f.FieldType));

    /// <summary>Offset of a field, and which leaves are its.</summary>
    public (int Offset, int First, int Count) Field(FieldInfo field) => fields.TryGetValue(field.Name, out var found)
        ? found
        : throw new UnsupportedException($"the field '{field.Name}' of {IlMethod.TypeName(Type)} does not exist on a device");

    private static MemType? Scalar(Type type)
    {
        if (type.IsByRef || type.IsPointer)
            return MemType.Ptr;
        if (type.IsEnum)
            type = Enum.GetUnderlyingType(type);
        if (type == typeof(nint) || type == typeof(nuint))
            return MemType.I64;
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean or TypeCode.Byte => MemType.U8,
            TypeCode.SByte => MemType.I8,
            TypeCode.Int16 => MemType.I16,
            TypeCode.UInt16 or TypeCode.Char => MemType.U16,
            TypeCode.Int32 or TypeCode.UInt32 => MemType.I32,
            TypeCode.Int64 or TypeCode.UInt64 => MemType.I64,
            TypeCode.Single => MemType.F32,
            TypeCode.Double => MemType.F64,
            _ => null,
        };
    }

    private Leaf[] ViewLeaves(Type type)
    {
        FieldInfo address = type.GetField("Address", BindingFlags.Instance | BindingFlags.NonPublic)!;
        FieldInfo length = type.GetField("length", BindingFlags.Instance | BindingFlags.NonPublic)!;
        return
        [
            new Leaf(FieldOffset(type, address), MemType.Ptr, typeof(nint)),
            new Leaf(FieldOffset(type, length), MemType.I64, typeof(long)),
        ];
    }

    /// <summary>Where in a view the number of its buffer stands.</summary>
    public static int OffsetOfSource(Type view) => FieldOffset(view, view.GetField("Source", BindingFlags.Instance | BindingFlags.NonPublic)!);

    /// <summary>A boxed value from its bytes.</summary>
    public static object Box(Type type, ReadOnlySpan<byte> bytes)
    {
        object boxed = RuntimeHelpers.GetUninitializedObject(type);
        bytes.CopyTo(RawBytes(boxed, bytes.Length));
        return boxed;
    }

    /// <summary>The bytes of a boxed value.</summary>
    public static Span<byte> RawBytes(object boxed, int size) =>
        // They begin where the first field of any object does.
        System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref Unsafe.As<RawObject>(boxed).Data, size);

    private sealed class RawObject
    {
#pragma warning disable CS0649 // Read through Unsafe.As only.
        public byte Data;
#pragma warning restore CS0649
    }

    private Leaf[] StructLeaves(Type type)
    {
        if (!type.IsValueType || type == typeof(decimal))
            throw new UnsupportedException($"{IlMethod.TypeName(type)} is no unmanaged value type");
        List<Leaf> leaves = [];
        foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            DeviceLayout inner = Of(field.FieldType); // refuses references, whose bits must not be played with
            int offset = FieldOffset(type, field);
            fields[field.Name] = (offset, leaves.Count, inner.Leaves.Length);
            leaves.AddRange(inner.Leaves.Select(l => l with { Offset = offset + l.Offset }));
        }
        return [.. leaves];
    }

    /// <summary>
    /// Measured, not computed: where in a value of zeros the bits of the field land. Marshal.OffsetOf gives the layout
    /// for native calls, which differs (bool, char), and refuses generic types.
    /// </summary>
    public static unsafe int FieldOffset(Type type, FieldInfo field)
    {
        object ones, whole = RuntimeHelpers.GetUninitializedObject(type);
        if (field.FieldType.IsPointer)
            ones = Pointer.Box((void*)-1, field.FieldType);
        else
            RawBytes(ones = RuntimeHelpers.GetUninitializedObject(field.FieldType), SizeOf(field.FieldType)).Fill(0xFF);
        field.SetValue(whole, ones);
        return RawBytes(whole, SizeOf(type)).IndexOf((byte)0xFF);
    }

    private static int SizeOf(Type type) => type.IsByRef || type.IsPointer ? 8 : (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}

/// <summary>What a device cannot do; becomes a refusal of the kernel if the place can be reached.</summary>
internal sealed class UnsupportedException(string reason) : Exception(reason);
