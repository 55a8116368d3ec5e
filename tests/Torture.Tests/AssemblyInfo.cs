using Xunit.Sdk;
using Xunit.v3;

// These tests start processes, kill them at set instants and look at their memory; side by side they would disturb each other.
[assembly: Parallelization(Mode = ParallelMode.None)]
