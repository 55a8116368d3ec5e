#!/usr/bin/env python3
"""GpuGrad against TorchSharp, PyTorch and OpenBLAS on this machine, in turn, A B C A B C: bench/compare.py [--quick] [--only lenet,matmul].

First each net's loss and gradients are compared on the same weights and batch; only what agrees is timed. Then rounds: a
process of ours and a turn of each peer's after each other, so that all meet the same machine. The figure is the median over
rounds of the median of a round; the ratio is the median of the rounds' ratios. Writes bench/results/<machine>.json and .md.

Fair to the peers: as many threads as ours, OpenBLAS as its own processor detection wants it (OPENBLAS_CORETYPE and the like
are removed), the OpenMP flavour of OpenBLAS where it is installed (the other one fights with PyTorch's own threads), NCHW and
channels-last both tried and the faster one counted, and memory that they free is kept by their process: by default glibc returns
it to the system after each op, and a peer may then wait for fresh pages more than half of the time. TorchSharp (bench/torchsharp; all nets) needs a C++ library
newer than Debian 12's: where it does not start, it is run in the root of 'tests/gpu/tools make', and left out where that is not made.
"""
import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = os.environ.get("GPUGRAD_PYTHON", "/usr/bin/python3")
NETS = {
    "mlp": "MLP 784-512-256-10, batch 128",
    "lenet": "LeNet, batch 128",
    "vgg": "VGG + BN, batch 128",
    "resnet18": "ResNet-18 3×32×32, batch 64",
    "mobilenet": "depthwise-separable net, batch 64",
    "mlp-batch1": "MLP, batch 1",
    "lstm": "LSTM 2×256, 64 steps, batch 64",
    "gpt": "character GPT, 4 layers of 128, 64 steps, batch 12",
}
MATMULS = [(1024, 1024, 1024), (2048, 2048, 2048), (4096, 4096, 4096), (128, 784, 512), (512, 784, 512), (128, 512, 256), (128, 256, 10), (25088, 288, 64)]
TRAINING = {"lenet": ("fashion-mnist-lenet", 12), "vgg": ("fashion-mnist-vgg", 3)}
FASHION = Path("/usr/share/datasets/fashion-mnist")


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OPENBLAS_", "OMP_", "GOMP_"))}
    openmp = Path("/usr/lib/x86_64-linux-gnu/openblas-openmp")
    if openmp.is_dir():
        env["LD_LIBRARY_PATH"] = f"{openmp}:{env.get('LD_LIBRARY_PATH', '')}".rstrip(":")
    env["GLIBC_TUNABLES"] = "glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=4294967296:glibc.malloc.top_pad=268435456"
    return env


class Peer:
    """A PyTorch process that waits for its turn; on its CPU, or on the GPU that "cuda" or "cuda:1" names."""

    NAME = "PyTorch"

    def __init__(self, threads, device="cpu"):
        self.process = subprocess.Popen(
            [PYTHON, str(ROOT / "bench/peer.py"), str(threads), device], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment() | {"OMP_NUM_THREADS": str(threads)})

    def answer(self, task, **request):
        """The answer; None where the process has ended, or prints that its library does not load."""
        try:
            self.process.stdin.write(json.dumps({"task": task} | request) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline() or "null")
        except (BrokenPipeError, ValueError):
            return None

    def ask(self, task, **request):
        answer = self.answer(task, **request)
        if answer is None:
            sys.exit(f"compare.py: the {self.NAME} process ended; see its message above")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class TorchSharp(Peer):
    """The same of bench/torchsharp, built by this."""

    NAME = "TorchSharp"
    FOLDER = ROOT / "artifacts/bin/TorchSharpPeer/release"

    def __init__(self, threads, prefix, errors):
        natives = self.FOLDER / "runtimes/linux-x64/native"
        self.process = subprocess.Popen(
            [*prefix, "env", f"LD_LIBRARY_PATH={natives}", f"OMP_NUM_THREADS={threads}", "dotnet", str(self.FOLDER / "TorchSharpPeer.dll"), str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT, env=environment())

    @classmethod
    def start(cls, threads):
        """One that answers; else None, and a line that says why."""
        built = subprocess.run(["dotnet", "build", str(ROOT / "bench/torchsharp"), "-c", "Release", "-v", "quiet", "--nologo"], capture_output=True, text=True)
        if built.returncode:
            print(f"without TorchSharp: bench/torchsharp does not build\n{built.stdout}", file=sys.stderr)
            return None
        for prefix, errors in (([], subprocess.DEVNULL), ([str(ROOT / "tests/gpu/tools"), "run"], None)):
            peer = cls(threads, prefix, errors)
            peer.about = peer.answer("about")
            if peer.about:
                return peer
        print("without TorchSharp: it does not start; a root that it starts in: tests/gpu/tools make", file=sys.stderr)
        return None


def gpugrad(*arguments):
    result = subprocess.run([str(ROOT / "gpugrad"), *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    if result.returncode not in (0, 7):
        sys.exit(f"compare.py: gpugrad {' '.join(map(str, arguments))}\n{result.stderr}")
    return json.loads(result.stdout)


def check(peer, net, folder, device="cpu", ours=None, torchsharp=None):
    """Loss and gradients of one step against PyTorch's in double: largest relative errors, ours, PyTorch's in float and TorchSharp's."""
    weights, batch, dump = f"{folder}/{net}.safetensors", f"{folder}/{net}-batch.npz", f"{folder}/{net}-dump.npz"
    theirs = peer.ask("prepare", name=net, weights=weights, batch=batch)
    (ours or gpugrad)("step", f"bench/configs/{net}.yaml", "--device", device, "--weights", weights, "--batch", batch, "--dump", dump, "--json")
    errors = peer.ask("compare", dump=dump, **theirs)
    # A pixel whose ReLU is decided by rounding changes a deep net's gradients by more than rounding, on either side (bench/results/torchsharp.md has one).
    if not errors["ours"] < max(2e-3, 5 * errors["peer"]):
        sys.exit(f"compare.py: {net}: loss or gradients are off by {errors['ours']:.1e} (PyTorch in float: {errors['peer']:.1e}); not timed")
    if torchsharp:
        file = f"{folder}/{net}-torchsharp.safetensors"
        torchsharp.ask("gradients", name=net, weights=weights, batch=weights + ".batch", out=file)
        errors["torchsharp"] = peer.ask("compare", dump=file, **theirs)["ours"]
        if not errors["torchsharp"] < max(2e-3, 5 * errors["peer"]):
            sys.exit(f"compare.py: {net}: TorchSharp's loss or gradients are off by {errors['torchsharp']:.1e}: it is another net; not timed")
    return errors


def paired(rounds, ours, theirs, third=None):
    a, b, c = [], [], []
    for _ in range(rounds):
        a.append(ours()["median"])
        b.append(theirs()["median"])
        if third:
            c.append(third()["median"])
    return {"ours_ms": statistics.median(a), "rounds": rounds} | against(a, b) | ({"torchsharp": against(a, c)} if third else {})


def against(ours, theirs):
    ratios = [y / x for x, y in zip(ours, theirs)]
    return {"peer_ms": statistics.median(theirs), "ratio": statistics.median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios)}


def faster_layout(peer, net, seconds):
    """Whether channels-last is the peer's faster one."""
    return net not in ("mlp", "mlp-batch1", "lstm", "gpt") and min(
        (peer.ask("step", name=net, seconds=seconds / 3, channels_last=flag)["min"], flag) for flag in (False, True))[1]


def steps(peer, torchsharp, nets, threads, rounds, seconds, folder):
    for net in nets:
        errors = check(peer, net, folder, torchsharp=torchsharp) if folder else None
        last, sharp_last = faster_layout(peer, net, seconds), bool(torchsharp) and faster_layout(torchsharp, net, seconds)
        time_of = lambda: gpugrad("bench", f"bench/configs/{net}.yaml", "--device", "cpu", "--threads", threads, "--seconds", seconds, "--brief", "--json")
        turn_of = lambda one, flag: lambda: one.ask("step", name=net, seconds=seconds, channels_last=flag)
        row = paired(rounds, lambda: time_of()["step_ms"], turn_of(peer, last), turn_of(torchsharp, sharp_last) if torchsharp else None)
        yield {"what": net, "title": NETS[net], "threads": threads, "errors": errors, "channels_last": last} | row


def matmuls(peer, threads, rounds, seconds, peak):
    for shape in MATMULS:
        text = "x".join(map(str, shape))
        time_of = lambda: gpugrad("bench", "--op", "matmul", "--shape", text, "--device", "cpu", "--threads", threads, "--seconds", seconds, "--brief", "--json")
        row = paired(rounds, lambda: time_of()["ms"], lambda: peer.ask("matmul", shape=shape, seconds=seconds))
        flops = 2.0 * shape[0] * shape[1] * shape[2]
        yield {
            "what": "matmul", "title": f"matmul {text}", "threads": threads, "ours_gflops": flops / row["ours_ms"] / 1e6,
            "peer_gflops": flops / row["peer_ms"] / 1e6, "ours_peak_share": flops / row["ours_ms"] / 1e6 / peak} | row


def trainings(peer, names):
    for net in names:
        config, epochs = TRAINING[net]
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            ours = gpugrad("train", f"configs/{config}.yaml", "--device", "cpu", "--out", f"{folder}/run", "--json")
            seconds = time.perf_counter() - begin
        theirs = peer.ask("train", net=net, epochs=epochs, folder=str(FASHION))
        yield {
            "what": "train", "title": f"Fashion-MNIST {net}, {epochs} epochs, whole process", "ours_s": seconds, "peer_s": theirs["seconds"],
            "ratio": theirs["seconds"] / seconds, "ours_accuracy": ours["test_accuracy"], "peer_accuracy": theirs["test_accuracy"]}


def markdown(record):
    sharp = record.get("torchsharp")
    versions = (f"TorchSharp {sharp['torchsharp']} (libtorch {sharp['libtorch']}), " if sharp else "") + f"PyTorch {record['peer']['torch']}"
    lines = [f"# {record['machine']}", "", f"{record['date']}, commit {record['commit']}, .NET {record['dotnet']}, {versions}. Made by `bench/compare.py`.", ""]
    lines += [f"Load of the machine: {record['load_before'][0]:.1f} before it began, {record.get('load_after', [0])[0]:.1f} at its end (what it runs itself included).", ""]
    p = record["peak"]
    lines += [f"Measured peak: " + ", ".join(f"{v['gflops']:.0f} GFLOP/s on {t} thread{'s' if t != '1' else ''}" for t, v in p.items()) + ".", ""]
    rows = [r for r in record["rows"] if r["what"] in NETS]
    if rows:
        peers = (["TorchSharp"] if sharp else []) + ["PyTorch"]
        lines += [f"| training step | threads | GpuGrad |{''.join(f' {p} | times as fast (lowest, highest round) |' for p in peers)}", "|---|---|---|" + "---|---|" * len(peers)]
        cell = lambda r: f" {r['peer_ms']:.3g} ms | **{r['ratio']:.2f}** ({r['ratio_min']:.2f}, {r['ratio_max']:.2f}) |" if r else " | |"
        lines += [f"| {r['title']} | {r['threads']} | {r['ours_ms']:.3g} ms |{cell(r.get('torchsharp')) if sharp else ''}{cell(r)}" for r in rows] + [""]
    rows = [r for r in record["rows"] if r["what"] == "matmul"]
    if rows:
        lines += ["| matmul (M×K×N) | threads | GpuGrad GFLOP/s (of peak) | OpenBLAS | times as fast |", "|---|---|---|---|---|"]
        lines += [f"| {r['title'][7:]} | {r['threads']} | {r['ours_gflops']:.0f} ({r['ours_peak_share'] * 100:.0f} %) | {r['peer_gflops']:.0f} | **{r['ratio']:.2f}** |" for r in rows] + [""]
    rows = [r for r in record["rows"] if r["what"] == "train"]
    if rows:
        lines += ["| whole training | GpuGrad (accuracy) | PyTorch (accuracy) | times as fast |", "|---|---|---|---|"]
        lines += [f"| {r['title']} | {r['ours_s']:.1f} s ({r['ours_accuracy'] * 100:.2f} %) | {r['peer_s']:.1f} s ({r['peer_accuracy'] * 100:.2f} %) | **{r['ratio']:.2f}** |" for r in rows] + [""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two short rounds, no whole training")
    parser.add_argument("--only", default="", help="nets, 'matmul', 'train'; a list with commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a turn")
    parser.add_argument("--torchsharp", action=argparse.BooleanOptionalAction, default=True, help="time TorchSharp too, where it runs")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--out", default=str(ROOT / "bench/results"), help="folder of the record")
    a = parser.parse_args()
    rounds, seconds = (2, 0.4) if a.quick else (a.rounds, a.seconds)
    only = set(filter(None, a.only.split(",")))
    unknown = only - set(NETS) - {"matmul", "train"}
    if unknown:
        parser.error(f"--only {', '.join(sorted(unknown))}; expected {', '.join(NETS)}, matmul, train")
    begin = time.perf_counter()
    gpugrad("devices", "--json")  # builds
    info = gpugrad("bench", "--machine", "--device", "cpu", "--json")
    counts = sorted({1, a.threads})
    record = {
        "machine": info["name"], "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT).stdout.strip(),
        "dotnet": subprocess.run(["dotnet", "--version"], capture_output=True, text=True).stdout.strip(), "kernel": platform.release(),
        "load_before": os.getloadavg(),
        "peak": {str(t): gpugrad("bench", "--machine", "--device", "cpu", "--threads", t, "--json")["peak"] for t in counts}, "rows": [],
    }
    name = re.sub(r"[^a-z0-9]+", "-", f"{info['name']}".lower()).strip("-")
    Path(a.out).mkdir(parents=True, exist_ok=True)

    def write():
        record["load_after"], record["seconds"] = os.getloadavg(), round(time.perf_counter() - begin)
        (Path(a.out) / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
        (Path(a.out) / f"{name}.md").write_text(markdown(record))

    with tempfile.TemporaryDirectory() as folder:
        for threads in reversed(counts):
            peer = Peer(threads)
            record["peer"] = record.get("peer") or peer.ask("about")
            torchsharp = TorchSharp.start(threads) if a.torchsharp and (not only or only & set(NETS)) else None
            if torchsharp:
                record["torchsharp"] = torchsharp.about
            nets = [n for n in NETS if not only or n in only]
            # On one thread only what shows how the step scales.
            parts = [steps(peer, torchsharp, nets if threads > 1 else [n for n in nets if n in ("vgg", "resnet18")], threads, rounds, seconds, folder if threads == max(counts) else None)]
            if not only or "matmul" in only:
                parts.append(matmuls(peer, threads, min(rounds, 3), seconds / 2, record["peak"][str(threads)]["gflops"]))
            if threads == max(counts) and FASHION.is_dir() and ("train" in only or (not only and not a.quick)):
                parts.append(trainings(peer, TRAINING))
            for part in parts:
                for row in part:
                    record["rows"].append(row)
                    print(f"{row['title']:44} {'%d threads' % row['threads'] if 'threads' in row else '':10} {row['ratio']:6.2f} times as fast", flush=True)
                    write()  # whoever stops it halfway keeps what was measured
            peer.close()
            if torchsharp:
                torchsharp.close()
    write()
    print(f"wrote {a.out}/{name}.md in {record['seconds']} s")


if __name__ == "__main__":
    main()
