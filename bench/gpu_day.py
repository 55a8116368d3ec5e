#!/usr/bin/env python3
"""All that has to be seen on a GPU, in one command: bench/gpu_day.py [--gpugrad PROGRAM] [--device cuda:0] [--only PART,PART].

    doctor     every op and the network of every config against the reference in double
    train      LeNet on Fashion-MNIST (digits where that is not there) on the GPU and on the CPU from the same YAML; accuracies
    sanitizer  compute-sanitizer's memcheck, racecheck and initcheck over the ops and a training step
    matmul     4096 x 4096 x 4096 and smaller, in turn with PyTorch's torch.mm (cuBLAS), TF32 off and on
    steps      training steps of MLP, LeNet, VGG and ResNet-18, in turn with PyTorch: eager, compiled, as a CUDA graph

The record is written after every figure, to bench/results/<machine>.gpu.json and .md. What fails is noted there and the rest goes
on; what the machine lacks (PyTorch, compute-sanitizer, a data set) is skipped with a word. A later run with --only takes the place of the
parts that it names. Exit code 0: nothing failed; 1: something did.

PROGRAM may be a single file published with `dotnet publish src/Cli -c Release -r linux-x64 --self-contained
-p:PublishSingleFile=true -p:EnableCompressionInSingleFile=true`: then the machine needs neither .NET nor this repository's build.
"""
import argparse
import datetime
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import compare

ROOT = compare.ROOT
NETS = ("mlp", "lenet", "vgg", "resnet18")
MATMULS = ((4096, 4096, 4096), (2048, 2048, 2048), (1024, 1024, 1024))
MODES = ("eager", "compile", "graph")
# Where a config's data set is not there, its network is examined with made-up samples of the same shape.
SHAPES = {"fashion-mnist": "[1, 28, 28]", "cifar10": "[3, 32, 32]", "resnet18": "[3, 32, 32]"}


class Failed(Exception):
    """What went wrong, in a line."""


class Day:
    def __init__(self, options):
        self.options = options
        self.record = {}
        self.file = None

    # ---- Running programs ---------------------------------------------------------------------------------------------

    def run(self, *command, codes=(0,)):
        try:
            result = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=ROOT, timeout=self.options.timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"not done within {self.options.timeout:.0f} s: {' '.join(map(str, command))}") from None
        if result.returncode not in codes:
            last = (result.stderr.strip() or result.stdout.strip()).splitlines()[-3:]
            raise Failed(f"exit code {result.returncode} of {' '.join(map(str, command))}: {' | '.join(last)}")
        return result

    def gpugrad(self, *arguments, codes=(0,)):
        return json.loads(self.run(self.options.gpugrad, *arguments, "--json", codes=codes).stdout)

    def peer(self):
        """PyTorch on the same device; none where there is no PyTorch or it has no such device."""
        kind, _, index = self.options.device.partition(":")
        device = f"cuda:{index or 0}" if kind == "cuda" else "cpu"
        probe = "import torch, sys; sys.exit(0 if sys.argv[1] == 'cpu' or torch.cuda.is_available() else 3)"
        try:
            code = subprocess.run([compare.PYTHON, "-c", probe, device], capture_output=True, env=compare.environment()).returncode
        except OSError:
            code = 1
        if code != 0:
            self.note(f"no PyTorch{' with CUDA' if code == 3 else ''} for {compare.PYTHON} (GPUGRAD_PYTHON names another): only our side is timed")
            return None
        return compare.Peer(self.options.threads, device)

    # ---- The record ---------------------------------------------------------------------------------------------------

    def begin(self):
        device = next((d for d in self.gpugrad("devices") if d["id"] == self.options.device), None)
        if device is None:
            sys.exit(f"gpu_day.py: {self.options.gpugrad} knows no device {self.options.device}: {self.run(self.options.gpugrad, 'devices').stdout}")
        name = re.sub(r"[^a-z0-9]+", "-", f"{device['name'].split(',')[0]}".lower()).strip("-")
        out = Path(self.options.out)
        out.mkdir(parents=True, exist_ok=True)
        self.file = out / f"{name}.gpu.json"
        if self.file.exists():
            self.record = json.loads(self.file.read_text())
        self.record |= {"machine": device["name"], "device": self.options.device, "cores": os.cpu_count()}
        self.record |= {"commit": said("git", "rev-parse", "--short", "HEAD"), "program": said(self.options.gpugrad, "--version")}
        self.record["driver"] = said("nvidia-smi", "--query-gpu=driver_version,clocks.max.sm,power.limit", "--format=csv,noheader")
        self.record.setdefault("parts", {})

    def part(self, name, body):
        self.current = self.record["parts"][name] = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "rows": [], "notes": [], "failed": []}
        print(f"== {name}", flush=True)
        begin = time.perf_counter()
        try:
            body()
        except (Exception, SystemExit) as e:  # whatever it is, the other parts are worth having
            self.fail(e)
        self.current["seconds"] = round(time.perf_counter() - begin, 1)
        self.write()

    def attempt(self, what, body):
        """One figure of several: where it fails, the next one is tried."""
        try:
            return body()
        except (Exception, SystemExit) as e:
            self.fail(e, what)
            return None

    def row(self, text, **figures):
        self.current["rows"].append({"text": text} | figures)
        print(f"   {text}", flush=True)
        self.write()

    def note(self, text):
        self.current["notes"].append(text)
        print(f"   skipped: {text}", flush=True)
        self.write()

    def fail(self, error, what=""):
        message = f"{what}: {error}" if what else str(error)
        self.current["failed"].append(message if isinstance(error, (Failed, SystemExit)) else f"{type(error).__name__}: {message}")
        print(f"   FAILED {message}", flush=True)
        self.write()

    def write(self):
        self.file.write_text(json.dumps(self.record, indent=1) + "\n")
        self.file.with_suffix(".md").write_text(markdown(self.record))

    # ---- The parts ----------------------------------------------------------------------------------------------------

    def doctor(self):
        device = self.options.device
        answer = self.attempt("all ops", lambda: self.gpugrad("doctor", "--device", device, "--cases", self.options.cases, codes=(0, 6)))
        if answer:
            self.judge("all ops", answer)
        for config in sorted((ROOT / "configs").rglob("*.yaml")):
            self.attempt(config.name, lambda: self.examine(config))

    def examine(self, config):
        name = str(config.relative_to(ROOT))
        try:
            answer = self.gpugrad("doctor", name, "--device", self.options.device, codes=(0, 6))
        except Failed as e:
            shape = next((s for key, s in SHAPES.items() if key in config.name), None)
            if "exit code 3 " not in str(e) or shape is None:
                raise
            name += " (made-up samples)"
            made_up = [f"--set=data.{k}={v}" for k, v in (("dataset", "null"), ("shape", shape), ("classes", 10))]
            answer = self.gpugrad("doctor", config, "--device", self.options.device, *made_up, codes=(0, 6))
        self.judge(name, answer)

    def judge(self, what, answer):
        checks = answer["checks"]
        worst = {side: max((c[side] for c in checks if c[side] is not None), default=0.0) for side in ("forward", "backward")}
        self.row(
            f"{what}: {answer['passed']} passed, {answer['failed']} failed; worst relative error {worst['forward']:.1e} forward, {worst['backward']:.1e} backward",
            passed=answer["passed"], failed=answer["failed"], **worst)
        if answer["failed"]:
            raise Failed(next(c["problem"] for c in checks if c["failed"]))

    def train(self):
        sets = ["--set=train.epochs=1", "--set=target=null"] if self.options.quick else []
        for config in ("fashion-mnist-lenet", "digits"):
            accuracies = {}
            for device in (self.options.device, "cpu"):
                answer = self.attempt(f"{config} on {device}", lambda: self.trained(config, device, sets))
                if answer is None:
                    break
                accuracies[device] = answer["test_accuracy"]
                speed, seconds = answer["samples_per_second"], answer["wall_seconds"]
                self.row(f"{config} on {device}: test accuracy {accuracies[device] * 100:.2f} %, {seconds:.1f} s, {speed:.0f} samples/s", config=config, on=device, **answer)
            if len(accuracies) == 2 and not abs(accuracies[self.options.device] - accuracies["cpu"]) <= 0.005:
                self.fail(Failed(f"{config}: the accuracies on {self.options.device} and cpu are more than half a point apart"))

    def trained(self, config, device, sets):
        with tempfile.TemporaryDirectory() as folder:
            try:
                return self.gpugrad("train", f"configs/{config}.yaml", "--device", device, "--out", f"{folder}/run", *sets)
            except Failed as e:
                if "exit code 3 " in str(e) and config != "digits":
                    self.note(f"{config}: {e}")
                    return None
                raise

    def sanitizer(self):
        program = shutil.which("compute-sanitizer") or next((p for p in ("/usr/local/cuda/bin/compute-sanitizer",) if os.path.exists(p)), None)
        if program is None or not self.options.device.startswith("cuda"):
            self.note("compute-sanitizer is not installed" if program is None else f"compute-sanitizer looks at CUDA devices only, not at {self.options.device}")
            return
        ours = [self.options.gpugrad]
        for tool in ("memcheck", "racecheck", "initcheck"):
            for what, arguments in (
                    ("every op", ["doctor", "--device", self.options.device, "--cases", "2"]),
                    ("a step of LeNet", ["step", "bench/configs/lenet.yaml", "--device", self.options.device, "--json"])):
                self.attempt(f"{tool}, {what}", lambda: self.sanitized(program, tool, what, ours + arguments))

    def sanitized(self, program, tool, what, command):
        result = self.run(program, "--tool", tool, "--target-processes", "all", "--error-exitcode", "99", *command, codes=(0, 99))
        summary = next((l.strip("= ") for l in reversed(result.stdout.splitlines()) if "SUMMARY" in l), "no summary")
        self.row(f"{tool}, {what}: {summary}", tool=tool, clean=result.returncode == 0)
        if result.returncode != 0:
            raise Failed(" | ".join(l.strip("= ") for l in result.stdout.splitlines() if l.startswith("=========") and "SUMMARY" not in l)[:600])

    def matmul(self):
        peer = self.peer()
        for shape in MATMULS if not self.options.quick else MATMULS[-1:]:
            for precision in ("float32", "tf32"):
                self.attempt(f"matmul {shape} {precision}", lambda: self.product(peer, shape, precision))
        if peer:
            peer.close()

    def product(self, peer, shape, precision):
        text, flops = "x".join(map(str, shape)), 2.0 * shape[0] * shape[1] * shape[2]
        asked = ["bench", "--op", "matmul" if precision == "float32" else f"matmul-{precision}", "--shape", text, "--device", self.options.device, "--seconds", self.options.seconds, "--brief"]
        row = self.paired(lambda: self.gpugrad(*asked)["ms"], peer and (lambda: peer.ask("matmul", shape=shape, seconds=self.options.seconds, tf32=precision == "tf32")))
        ours = flops / row["ours_ms"] / 1e6
        theirs = f", PyTorch {flops / row['peer_ms'] / 1e6:.0f}: {row['ratio'] * 100:.0f} % of its speed" if "peer_ms" in row else ""
        self.row(f"matmul {text} {precision}: {ours:.0f} GFLOP/s{theirs}", shape=shape, precision=precision, ours_gflops=ours, **row)

    def steps(self):
        peer = self.peer()
        with tempfile.TemporaryDirectory() as folder:
            for net in NETS if not self.options.quick else NETS[:2]:
                if peer and self.attempt(f"{net}: loss and gradients", lambda: compare.check(peer, net, folder, self.options.device, self.gpugrad_step)) is None:
                    continue  # what does not agree is not timed
                for mode in MODES if peer else (None,):
                    self.attempt(f"{net}, {mode}", lambda: self.step(peer, net, mode))
        if peer:
            peer.close()

    def gpugrad_step(self, *arguments):
        return self.gpugrad(*(a for a in arguments if a != "--json"))

    def step(self, peer, net, mode):
        seconds, title = self.options.seconds, compare.NETS[net]
        ours = lambda: self.gpugrad("bench", f"bench/configs/{net}.yaml", "--device", self.options.device, "--seconds", seconds, "--brief")["step_ms"]
        theirs, layout = None, None
        if peer:
            tried = [(peer.ask("step", name=net, seconds=seconds / 3, channels_last=last, mode=mode), last) for last in ((False,) if net == "mlp" else (False, True))]
            if lacks := tried[0][0].get("lacks"):
                self.note(f"{title}, {mode}: {lacks}")
                return
            layout = min(tried, key=lambda t: t[0]["min"])[1]
            theirs = lambda: peer.ask("step", name=net, seconds=seconds, channels_last=layout, mode=mode)
        row = self.paired(ours, theirs)
        against = f", PyTorch {mode} {row['peer_ms']:.4g} ms: {row['ratio']:.2f} times as fast" if peer else ""
        self.row(f"{title}: {row['ours_ms']:.4g} ms{against}", net=net, mode=mode, channels_last=layout, **row)

    def paired(self, ours, theirs):
        """In turn, A B A B, as compare.py does; ours alone where there is no PyTorch."""
        if theirs:
            return compare.paired(self.options.rounds, ours, theirs)
        return {"ours_ms": statistics.median(ours()["median"] for _ in range(self.options.rounds)), "rounds": self.options.rounds}


PARTS = {"doctor": Day.doctor, "train": Day.train, "sanitizer": Day.sanitizer, "matmul": Day.matmul, "steps": Day.steps}


def said(*command):
    """The first line that a program says; empty where there is no such program."""
    try:
        return (subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.splitlines() or [""])[0]
    except OSError:
        return ""


def markdown(record):
    lines = [f"# {record['machine']} ({record['device']})", ""]
    lines += [f"Driver: {record['driver'] or 'not NVIDIA'}; commit {record['commit'] or 'unknown'}; {record['program']}. Made by `bench/gpu_day.py`.", ""]
    for name, part in record["parts"].items():
        lines += [f"## {name}", "", f"{part['date']}, {part.get('seconds', '?')} s.", ""]
        lines += [f"- {row['text']}" for row in part["rows"]]
        lines += [f"- skipped: {note}" for note in part["notes"]] + [f"- **failed**: {what}" for what in part["failed"]] + [""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=__doc__.partition("\n\n")[2], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpugrad", default=str(ROOT / "gpugrad"), help="the program; ./gpugrad builds it where there is the .NET SDK")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--only", default="", help=f"a list with commas of {', '.join(PARTS)}")
    parser.add_argument("--out", default=str(ROOT / "bench/results"), help="folder of the record")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter figures: to see that it works")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a turn")
    parser.add_argument("--cases", type=int, default=20, help="of the doctor for each op")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of PyTorch on a CPU")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds that one command may take")
    options = parser.parse_args()
    options.gpugrad = str(Path(options.gpugrad).resolve())
    if options.quick:
        options.rounds, options.seconds, options.cases = 2, 0.3, 2
    only = [p for p in options.only.split(",") if p] or list(PARTS)
    if unknown := set(only) - set(PARTS):
        parser.error(f"--only {', '.join(sorted(unknown))}; expected {', '.join(PARTS)}")
    day = Day(options)
    day.begin()
    for name in only:
        day.part(name, lambda: PARTS[name](day))
    failed = {name: day.record["parts"][name]["failed"] for name in only if day.record["parts"][name]["failed"]}
    print(f"wrote {day.file.with_suffix('.md')}")
    for name, what in failed.items():
        print(f"FAILED {name}: {len(what)}, first: {what[0]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
