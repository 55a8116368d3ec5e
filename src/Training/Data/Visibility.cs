using System.Runtime.CompilerServices;

// The readers of files are internal; their tests feed them what no caller would.
[assembly: InternalsVisibleTo("GpuGrad.Training.Tests")]
[assembly: InternalsVisibleTo("GpuGrad.Torture.Tests")]
[assembly: InternalsVisibleTo("GpuGrad.Web.Tests")]
