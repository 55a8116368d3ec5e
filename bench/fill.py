#!/usr/bin/python3
"""What should come into a picture from outside when it is moved or turned: black, the mean of each channel, or the mirrored picture?

    bench/fill.py CIFAR [--seeds 3] [--program PROGRAM ...]

CIFAR is a folder with train/CLASS/*.jpg and test/CLASS/*.jpg, a part of CIFAR-10. Trains small networks on 3,000 of its pictures, on 2,000 of Fashion-MNIST and on 1,000 drawn digits, with pictures moved or
turned, once for each fill and seed; prints Markdown with the accuracy on the test set (all of the folder, 10,000 and 5,000 pictures) after the last epoch. Nothing is chosen on it."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILLS = ["black", "mean", "reflect"]
NETWORK = """
model:
  - {conv: {filters: 16, kernel: 3, padding: same, bias: false}}
  - batchnorm
  - relu
  - {maxpool: 2}
  - {conv: {filters: 32, kernel: 3, padding: same, bias: false}}
  - batchnorm
  - relu
  - {maxpool: 2}
  - {conv: {filters: 64, kernel: 3, padding: same, bias: false}}
  - batchnorm
  - relu
  - global-avgpool
  - {dense: 10}
train: {epochs: %d, optimizer: {sgd: {lr: 0.1, momentum: 0.9, nesterov: true, weight-decay: 5e-4}}, schedule: one-cycle}
"""
# name: (data set, samples to train on, epochs, other augmentation)
DATA = {
    "CIFAR-10": ("{images: %s}", "limit: 3000, ", 10, "{flip: horizontal}, "),
    "Fashion-MNIST": ("fashion-mnist", "limit: 2000, ", 10, "{flip: horizontal}, "),
    "digits": ("{digits: {train: 1000, test: 5000, seed: 1}}", "", 10, ""),
}
MOTIONS = {"crop: 4": "{crop: {padding: 4, fill: %s}}", "rotate: 15": "{rotate: {degrees: 15, fill: %s}}"}


def accuracy(program, data, motion, fill, seed, cifar):
    dataset, limit, epochs, other = DATA[data]
    dataset = dataset % cifar if "%s" in dataset else dataset
    augment = f"[{other}{MOTIONS[motion] % fill}]"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "c.yaml"
        config.write_text(f"seed: {seed}\ndevice: cpu\ndata: {{dataset: {dataset}, {limit}validation: 100, batch: 64, normalize: standard, augment: {augment}}}\n" + NETWORK % epochs, encoding="utf-8")
        done = subprocess.run([*program, "train", config, "--out", Path(folder) / "run", "--json"], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)["test_accuracy"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("cifar", type=Path)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--program", help="the program to run, instead of ./gpugrad", nargs="+", default=[ROOT / "gpugrad"])
    given = options.parse_args()
    print("| pictures | motion | " + " | ".join(FILLS) + " |\n|---|---|" + "---:|" * len(FILLS), flush=True)
    for data in DATA:
        for motion in MOTIONS:
            cells = []
            for fill in FILLS:
                found = [accuracy(given.program, data, motion, fill, s + 1, given.cifar.resolve()) for s in range(given.seeds)]
                cells.append(f"{100 * statistics.mean(found):.2f} ({100 * min(found):.2f}–{100 * max(found):.2f})")
            print(f"| {data} | `{motion}` | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
