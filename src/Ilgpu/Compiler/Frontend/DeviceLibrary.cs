namespace ILGPU.Compiler.Frontend;

/// <summary>What a device has no instruction for, written as kernel code. Every thread of the group must call it.</summary>
internal static class DeviceLibrary
{
    public static int BarrierPopCount(bool predicate)
    {
        ref int count = ref SharedMemory.Allocate<int>();
        if (Group.IsFirstThread)
            count = 0;
        Group.Barrier();
        if (predicate)
            Atomic.Add(ref count, 1);
        Group.Barrier();
        int result = count;
        Group.Barrier();
        return result;
    }

    public static bool BarrierAnd(bool predicate) => BarrierPopCount(!predicate) == 0;

    public static bool BarrierOr(bool predicate) => BarrierPopCount(predicate) != 0;

    public static T Broadcast<T>(T value, int groupIndex) where T : unmanaged
    {
        ref T slot = ref SharedMemory.Allocate<T>();
        if (Group.LinearIndex == groupIndex)
            slot = value;
        Group.Barrier();
        T result = slot;
        Group.Barrier();
        return result;
    }
}
