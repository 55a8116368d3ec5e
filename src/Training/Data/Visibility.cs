using System.Runtime.CompilerServices;

// The readers of files are internal; tests pass them input that no caller would.
[assembly: InternalsVisibleTo("GpuGrad.Training.Tests")]
[assembly: InternalsVisibleTo("GpuGrad.Torture.Tests")]
[assembly: InternalsVisibleTo("GpuGrad.Web.Tests")]
