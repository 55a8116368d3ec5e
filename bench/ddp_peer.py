"""One rank of PyTorch's DistributedDataParallel over gloo for bench/ranks.py: ddp_peer.py NET SECONDS.

MASTER_ADDR, MASTER_PORT, RANK and WORLD_SIZE are in the environment. Each rank has its part of the net's batch, one thread. Rank 0 prints a line of JSON.
"""
import json
import os
import sys
import time

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import nets

torch.set_num_threads(1)
name, seconds = sys.argv[1], float(sys.argv[2])
dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()


def agreed(values, op=dist.ReduceOp.MAX):
    tensor = torch.tensor(values, dtype=torch.float64)
    dist.all_reduce(tensor, op)
    return tensor.tolist()


def made(channels_last):
    one = nets.Step(name, channels_last=channels_last)
    begin, end = len(one.x) * rank // size, len(one.x) * (rank + 1) // size
    one.x, one.y = one.x[begin:end], one.y[begin:end]
    if channels_last:
        one.x = one.x.contiguous(memory_format=torch.channels_last)
    one.net = DistributedDataParallel(one.net)
    one.optimizer = torch.optim.SGD(one.net.parameters(), 0.0, 0.9, weight_decay=5e-4, nesterov=nets.NETS[name][3])
    return one


def check(one):
    """The ranks have one gradient after a step: what they average is the same number on each."""
    one()
    norms = [float(p.grad.double().norm()) for p in one.net.parameters()]
    if agreed(norms) != agreed(norms, dist.ReduceOp.MIN):
        sys.exit(f"ddp_peer.py: the ranks' gradients of {name} differ; not timed")


def timed(one, seconds):
    for _ in range(3):
        one()
    begin = time.perf_counter()
    for _ in range(3):
        one()
    count = max(5, int(seconds / (agreed([time.perf_counter() - begin])[0] / 3)))
    for _ in range(count // 3):
        one()
    samples = []
    for _ in range(count):
        begin = time.perf_counter()
        one()
        samples.append(1000 * (time.perf_counter() - begin))
    samples.sort()
    return samples[len(samples) // 2]


best = None
for channels_last in (False, True):
    one = made(channels_last)
    check(one)
    median = agreed([timed(one, seconds)])[0]
    if best is None or median < best["median"]:
        best = {"median": median, "channels_last": channels_last, "torch": torch.__version__}
if rank == 0:
    print(json.dumps(best), flush=True)
dist.destroy_process_group()
