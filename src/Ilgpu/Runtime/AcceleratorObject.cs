namespace ILGPU.Runtime;

/// <summary>What belongs to an accelerator and goes with it.</summary>
public abstract class AcceleratorObject : IDisposable
{
    private protected AcceleratorObject(Accelerator accelerator)
    {
        Accelerator = accelerator;
        accelerator.AddChild(this);
    }

    public Accelerator Accelerator { get; }
    public bool IsDisposed { get; private set; }

    public void Dispose()
    {
        if (IsDisposed)
            return;
        IsDisposed = true;
        Accelerator.RemoveChild(this);
        Release();
        GC.SuppressFinalize(this);
    }

    private protected abstract void Release();
}
