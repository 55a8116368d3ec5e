using GpuGrad.Cli;

return Commands.Run(args);
