namespace ILGPU.Runtime;

/// <summary>Host memory that the device may read and write on its own while the host goes on.</summary>
public sealed class PageLockScope<T> : AcceleratorObject where T : unmanaged
{
    internal PageLockScope(Accelerator accelerator, nint address, long length) : base(accelerator)
    {
        AddrOfLockedObject = address;
        Length = length;
        accelerator.LockPages(address, LengthInBytes);
    }

    public IntPtr AddrOfLockedObject { get; }
    public long Length { get; }
    public long LengthInBytes => checked(Length * Interop.SizeOf<T>());

    private protected override void Release() => Accelerator.UnlockPages(AddrOfLockedObject);
}
