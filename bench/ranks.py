#!/usr/bin/env python3
"""Two ranks of one thread against one process of two threads, and against PyTorch's DistributedDataParallel over gloo: bench/ranks.py [--rounds 5] [--only lenet,vgg].

The same nets, batches and threads on every side, in turn, A B C A B C. The figure is the median over rounds; ratios are the medians of the rounds' ratios.
Writes bench/results/ranks.md. PyTorch has NCHW and channels-last tried, and the faster counted; OpenBLAS chooses its kernels as the processor has them.
"""
import argparse
import datetime
import json
import os
import socket
import statistics
import subprocess
import sys
from pathlib import Path

import compare

ROOT = compare.ROOT
NETS = {"lenet": "LeNet, batch 128", "vgg": "VGG + BN, batch 128", "resnet18": "ResNet-18 3×32×32, batch 64"}
RANKS = 2


def run(command, env=None):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=ROOT, env=env)
    if result.returncode:
        sys.exit(f"ranks.py: {' '.join(map(str, command))}\n{result.stderr}")
    return json.loads(result.stdout)


def ranks(net, mpi, seconds):
    """Our step on two ranks, with what the cost model says of it."""
    command = [f"/usr/bin/mpirun.{mpi}", *(["--allow-run-as-root"] if mpi == "openmpi" else []), "-n", RANKS, ROOT / "gpugrad"]
    return run([*command, "bench", f"bench/configs/{net}.yaml", "--ranks", "--device", "cpu", "--threads", 1, "--seconds", seconds, "--json"])


def process(net, seconds):
    return compare.gpugrad("bench", f"bench/configs/{net}.yaml", "--device", "cpu", "--threads", RANKS, "--seconds", seconds, "--brief", "--json")


def ddp(net, seconds):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = compare.environment() | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(RANKS), "OMP_NUM_THREADS": "1"}
    all = [
        subprocess.Popen([compare.PYTHON, str(ROOT / "bench/ddp_peer.py"), net, str(seconds)], stdout=subprocess.PIPE, text=True, env=base | {"RANK": str(r)})
        for r in range(RANKS)]
    output = [p.communicate()[0] for p in all]
    if any(p.returncode for p in all):
        sys.exit("ranks.py: a rank of PyTorch's failed; see its message above")
    return json.loads(output[0])


def measured(net, mpi, rounds, seconds):
    ours, alone, theirs, reports = [], [], [], []
    for _ in range(rounds):
        report = ranks(net, mpi, seconds)
        reports.append(report["scaling"][-1])
        ours.append(reports[-1]["step_ms"]["median"])
        alone.append(process(net, seconds)["step_ms"]["median"])
        peer = ddp(net, seconds)
        theirs.append(peer["median"])
    middle = lambda values: statistics.median(values)
    return {
        "ours": middle(ours), "alone": middle(alone), "theirs": middle(theirs), "torch": peer["torch"],
        "against_alone": [b / a for a, b in zip(ours, alone)], "against_ddp": [c / a for a, c in zip(ours, theirs)],
        "exposed": middle([r["exposed_ms"] for r in reports]), "hidden": middle([r["hidden_ms"] for r in reports]), "error": middle([r["error"] for r in reports]),
        "mpi": report["mpi"], "forecast": report["forecast"]}


def spread(values):
    return f"**{statistics.median(values):.2f}** ({min(values):.2f}, {max(values):.2f})"


def markdown(rows, about):
    lines = [
        "# Ranks", "", about, "",
        "Two ranks of one thread (ours), one process of two threads (ours), two ranks of one thread of PyTorch's DistributedDataParallel (gloo). Ratios: times as fast, lowest and highest round in brackets.", "",
        "| training step | 2 ranks × 1 | 1 process × 2 | DDP 2 × 1 | ranks against one process | ranks against DDP | sums exposed | hidden | cost model's error |", "|---|---|---|---|---|---|---|---|---|"]
    for net, r in rows.items():
        lines.append(
            f"| {NETS[net]} | {r['ours']:.3g} ms | {r['alone']:.3g} ms | {r['theirs']:.3g} ms | {spread(r['against_alone'])} | {spread(r['against_ddp'])} "
            f"| {r['exposed']:.3g} ms | {r['hidden']:.3g} ms | {100 * r['error']:+.1f} % |")
    lines += ["", "## Forecast", "", "Efficiency of so many ranks, each with this batch on one thread of this processor, by the cost model of [docs/ranks.md](../../docs/ranks.md#how-it-scales).", ""]
    counts = [8, 64, 256, 1024]
    lines += ["| net | network | " + " | ".join(f"{c} ranks" for c in counts) + " |", "|---|---|" + "---|" * len(counts)]
    for net, r in rows.items():
        for network in dict.fromkeys(f["network"] for f in r["forecast"]):
            share = {f["ranks"]: f["efficiency"] for f in r["forecast"] if f["network"] == network}
            lines.append(f"| {NETS[net]} | {network} | " + " | ".join(f"{100 * share[c]:.1f} %" for c in counts) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a turn")
    parser.add_argument("--only", default="", help="nets, a list with commas")
    parser.add_argument("--mpi", default="mpich", choices=["mpich", "openmpi"])
    a = parser.parse_args()
    only = list(filter(None, a.only.split(","))) or list(NETS)
    if set(only) - set(NETS):
        parser.error(f"--only {a.only}; expected {', '.join(NETS)}")
    info = compare.gpugrad("devices", "--json")  # builds
    load = os.getloadavg()[0]
    rows = {}
    for net in only:
        rows[net] = measured(net, a.mpi, a.rounds, a.seconds)
        r = rows[net]
        print(f"{NETS[net]:32} {statistics.median(r['against_alone']):.2f} of one process, {statistics.median(r['against_ddp']):.2f} times DDP, model off by {100 * r['error']:+.1f} %", flush=True)
        name = next((d["name"] for d in info if d["id"] == "cpu"), "cpu")
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT).stdout.strip()
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
        about = f"{date}, {name}, commit {commit}, {r['mpi']}, PyTorch {r['torch']}, {a.rounds} rounds of {a.seconds:g} s; load {load:.1f} before, {os.getloadavg()[0]:.1f} after. Made by `bench/ranks.py`."
        (ROOT / "bench/results/ranks.md").write_text(markdown(rows, about))  # whoever stops it halfway keeps what was measured


if __name__ == "__main__":
    main()
