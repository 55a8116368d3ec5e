// These tests start processes, kill them at set instants and look at their memory; side by side they would disturb each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
