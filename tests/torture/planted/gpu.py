# GPU kernels: their PTX text in the interpreter finds them, each by the tests named last. tests/torture/planted-defects --gpu
ON_PTX = 'FullyQualifiedName~KernelConformanceTests&DisplayName~ptx&DisplayName~'
ILGPU = 'src/Kernels/Devices/Ilgpu/'
defect('wrong barrier', ILGPU + 'Gemm/GemmKernels.cs', 'nextB.Put<B, RowPerStep>(tileB, atB, rowB);\n            Group.Barrier();', 'Group.Barrier();\n            nextB.Put<B, RowPerStep>(tileB, atB, rowB);', tests=ON_PTX + 'matmul')
defect('wrong barrier', ILGPU + 'GroupReduce.cs', 'Group.Barrier(); // until all have read the result of an earlier reduction', ';', tests=ON_PTX + 'losses')
defect('wrong barrier', 'Normalization/ChannelKernels.cs', 'Group.Barrier();', ';', tests=ON_PTX + 'normalization')
defect('one half', ILGPU + 'Gemm/GemmKernels.cs', 'atA = (C.K * rowA) - atA;', 'atA = 0;', tests=ON_PTX + 'matmul')
defect('off by one', ILGPU + 'Gemm/GemmKernels.cs', 'for (int k = 0; k < C.K; k += 4)', 'for (int k = 0; k < C.K - 4; k += 4)', tests=ON_PTX + 'matmul')
defect('off by one', ILGPU + 'Gemm/GemmKernels.cs', 'if (m < s.M)', 'if (m <= s.M)', tests=ON_PTX + 'matmul')
defect('swapped fragment', ILGPU + 'Gemm/TensorAssembly.cs', '{fa0, fa1, fa2, fa3}, {fb2, fb3}', '{fa0, fa1, fa2, fa3}, {fb3, fb2}', tests=ON_PTX + 'precision|FullyQualifiedName~PrecisionTests.Tensor')
defect('swapped fragment', ILGPU + 'Gemm/TensorAssembly.cs', '{fa8, fa9, fa10, fa11}, [ra+2560]', '{fa8, fa10, fa9, fa11}, [ra+2560]', tests=ON_PTX + 'precision|FullyQualifiedName~PrecisionTests.Tensor')
defect('O2 build', ILGPU + 'IlgpuContext.cs', 'builder.Optimize(OptimizationLevel.O1)', 'builder.Optimize(OptimizationLevel.O2)', tests='FullyQualifiedName~BarrierTests')
