namespace ILGPU;

/// <summary>Fences: what this thread wrote before is seen before what it writes after.</summary>
public static class MemoryFence
{
    public static void GroupLevel() => Interlocked.MemoryBarrier();
    public static void DeviceLevel() => Interlocked.MemoryBarrier();
    public static void SystemLevel() => Interlocked.MemoryBarrier();
}
