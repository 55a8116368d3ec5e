namespace ILGPU
{
    /// <summary>The device lacks what a kernel needs.</summary>
    public sealed class CapabilityNotSupportedException : Exception
    {
        public CapabilityNotSupportedException() { }
        public CapabilityNotSupportedException(string message) : base(message) { }
        public CapabilityNotSupportedException(string message, Exception innerException) : base(message, innerException) { }
    }

    /// <summary>A kernel-only operation outside a kernel.</summary>
    public sealed class InvalidKernelOperationException : InvalidOperationException
    {
        public InvalidKernelOperationException() : base("This operation works inside a kernel only.") { }
        public InvalidKernelOperationException(string message) : base(message) { }
        public InvalidKernelOperationException(string message, Exception innerException) : base(message, innerException) { }
    }
}

namespace ILGPU.Runtime
{
    public enum AcceleratorType
    {
        CPU = 0,
        Cuda = 1,
        OpenCL = 2,
    }

    /// <summary>What went wrong on or with a device.</summary>
    public abstract class AcceleratorException : Exception
    {
        protected AcceleratorException(string message) : base(message) { }
        protected AcceleratorException(string message, Exception? innerException) : base(message, innerException) { }

        public abstract AcceleratorType AcceleratorType { get; }
    }
}
