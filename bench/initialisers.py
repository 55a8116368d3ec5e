#!/usr/bin/python3
"""How networks learn with other initial weights: accuracy and loss at equal epochs, means of three seeds.

bench/initialisers.py GPUGRAD OUT.jsonl [JOB,JOB,...|all] [VARIANT,VARIANT,...] [--cifar TRAIN.npz TEST.npz]

Variants: default (what a config without init gets), torch (PyTorch's weights and biases everywhere), classic (He or Xavier by the activation
and biases of 0, the defaults until November 2026). A line a job and variant: test accuracy and training loss after the first, the middle and the last
epoch, and the loss of the first step. Times say nothing here; run it on any machine.
"""
import argparse
import copy
import json
import subprocess
import tempfile
from pathlib import Path

SEEDS = (1, 2, 3)
TORCH = {"lecun": {"gain": 0.5773502691896258}}
RELU_KIN = ("relu", "leaky-relu", "elu", "gelu", "silu", "mish")
WEIGHTS = ("dense", "conv", "residual")


def conv(filters, **more):
    return {"conv": {"filters": filters, "kernel": 3, "padding": "same", **more}}


def mlp(activation, sizes, out, norm=None):
    body = [x for size in sizes for x in ({"dense": {"units": size}}, norm, activation) if x]
    return body + [{"dense": {"units": out}}]


def cnn(activation, filters, norm="batchnorm"):
    body = [x for i, f in enumerate(filters) for x in (conv(f), norm, activation, {"maxpool": 2} if i in (1, 3) else None) if x]
    return body + ["global-avgpool", {"dense": {"units": 10}}]


def lenet(activation):
    return [{"conv": {"filters": 6, "kernel": 5, "padding": "same"}}, activation, {"maxpool": 2}, {"conv": {"filters": 16, "kernel": 5}}, activation, {"maxpool": 2},
            "flatten", {"dense": {"units": 84}}, activation, {"dense": {"units": 10}}]


def residual(activation, filters, blocks):
    body = [conv(filters, bias=False), "batchnorm", activation]
    for i in range(blocks):
        inner = [conv(filters, bias=False), "batchnorm", activation, conv(filters, bias=False), "batchnorm"]
        body += [{"residual": {"layers": inner}}, activation] + ([{"maxpool": 2}] if i == 0 else [])
    return body + ["global-avgpool", {"dense": {"units": 10}}]


def sgd(lr, momentum=0.9):
    return {"sgd": {"lr": lr, "momentum": momentum}}


def adam(lr):
    return {"adam": {"lr": lr}}


def jobs(cifar):
    fashion, digits, spirals = {"dataset": "fashion-mnist", "limit": 4000}, {"dataset": {"digits": {"train": 2000, "test": 1000}}}, {"dataset": "spirals"}
    all_jobs = {}
    for a in ("relu", "gelu", "tanh"):
        all_jobs[f"spirals-mlp-{a}-sgd"] = (spirals, mlp(a, [64, 64], 3), sgd(0.1), 32, 40, None)
        all_jobs[f"spirals-mlp-{a}-adam"] = (spirals, mlp(a, [64, 64], 3), adam(0.01), 32, 20, None)
    for a in ("relu", "gelu", "tanh", "sigmoid", "leaky-relu", "elu", "silu"):
        all_jobs[f"digits-mlp-{a}"] = (digits, ["flatten"] + mlp(a, [128, 64], 10), sgd(0.02), 64, 3, None)
    for a in ("relu", "gelu", "tanh", "selu"):
        all_jobs[f"digits-deep-mlp-{a}"] = (digits, ["flatten"] + mlp(a, [64] * 8, 10), sgd(0.02), 64, 5, None)
    all_jobs["digits-mlp-adam"] = (digits, ["flatten"] + mlp("relu", [128, 64], 10), adam(0.001), 64, 3, None)
    all_jobs["digits-mlp-ln"] = (digits, ["flatten"] + mlp("gelu", [128, 64], 10, "layernorm"), adam(0.001), 64, 3, None)
    all_jobs["digits-mlp-bn"] = (digits, ["flatten"] + mlp("relu", [128, 64], 10, "batchnorm"), sgd(0.05), 64, 3, None)
    for a in ("relu", "tanh"):
        all_jobs[f"digits-lenet-{a}"] = (digits, lenet(a), sgd(0.02), 64, 3, None)
        all_jobs[f"fashion-lenet-{a}"] = (fashion, lenet(a), sgd(0.02), 64, 3, None)
    all_jobs["fashion-cnn-bn-gelu"] = (fashion, cnn("gelu", [16, 16, 32, 32, 64]), sgd(0.2, 0.0), 128, 3, "one-cycle")
    all_jobs["fashion-cnn-bn-relu"] = (fashion, cnn("relu", [16, 16, 32, 32, 64]), sgd(0.05), 128, 3, None)
    all_jobs["fashion-cnn-plain-relu"] = (fashion, cnn("relu", [16, 16, 32, 32, 32], None), sgd(0.05), 64, 4, None)
    all_jobs["fashion-cnn-plain-gelu"] = (fashion, cnn("gelu", [16, 16, 32, 32, 32], None), adam(0.002), 64, 4, None)
    if cifar:
        pictures = {"dataset": {"npz": {"path": str(Path(cifar[0]).resolve()), "test": str(Path(cifar[1]).resolve())}}}
        all_jobs["cifar7-bn-gelu"] = (pictures, cnn("gelu", [24, 24, 48, 48, 64, 64, 64]), sgd(0.2, 0.0), 128, 3, "one-cycle")
        all_jobs["cifar7-bn-relu"] = (pictures, cnn("relu", [24, 24, 48, 48, 64, 64, 64]), sgd(0.05), 128, 3, None)
        all_jobs["cifar-res-bn"] = (pictures, residual("relu", 24, 3), sgd(0.05), 128, 3, "one-cycle")
        all_jobs["cifar-plain-relu"] = (pictures, cnn("relu", [24, 24, 48, 48], None), sgd(0.03), 64, 4, None)
    return all_jobs


def name_of(layer):
    return layer if isinstance(layer, str) else next(iter(layer))


def with_variant(layers, variant):
    """The model with explicit initialisers."""
    layers = copy.deepcopy(layers)
    for i, layer in enumerate(layers):
        kind = name_of(layer)
        if kind == "residual":
            layer[kind]["layers"] = with_variant(layer[kind]["layers"], variant)
        elif kind in ("dense", "conv") and variant != "default":
            activation = next((n for n in map(name_of, layers[i + 1:]) if n in WEIGHTS or n in RELU_KIN + ("tanh", "sigmoid", "selu")), None)
            classic = "he" if activation in RELU_KIN or activation is None and kind == "conv" else {"lecun": "normal"} if activation == "selu" else "xavier"
            layer[kind]["init"] = TORCH if variant == "torch" else classic
            if layer[kind].get("bias", True):
                layer[kind]["bias-init"] = TORCH if variant == "torch" else "zeros"
    return layers


def run(program, folder, job, variant, seed):
    data, model, optimizer, batch, epochs, schedule = job
    train = {"epochs": epochs, "optimizer": optimizer, "log-every": 1} | ({"schedule": schedule} if schedule else {})
    config = {"seed": seed, "device": "cpu", "threads": 1, "data": {**data, "batch": batch}, "model": with_variant(model, variant), "train": train,
              "diagnostics": {"every": 0, "init-audit": False, "black-box": False}}
    (folder / "c.yaml").write_text(json.dumps(config))
    out = folder / f"run-{seed}"
    subprocess.run([program, "train", str(folder / "c.yaml"), "--out", str(out), "--json"], check=True, capture_output=True)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return next(line["loss"] for line in lines if "loss" in line), [line for line in lines if "train_loss" in line]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("out")
    parser.add_argument("jobs", nargs="?", default="all")
    parser.add_argument("variants", nargs="?", default="torch,default,classic")
    parser.add_argument("--cifar", nargs=2, metavar=("TRAIN", "TEST"))
    given = parser.parse_args()
    known = jobs(given.cifar)
    for job in known if given.jobs == "all" else given.jobs.split(","):
        for variant in given.variants.split(","):
            with tempfile.TemporaryDirectory() as folder:
                runs = [run(given.program, Path(folder), known[job], variant, seed) for seed in SEEDS]
            epochs = len(runs[0][1])
            shown = sorted({0, epochs // 2, epochs - 1})

            def mean(key):
                return [round(sum(float(r[1][e][key]) for r in runs) / len(runs), 4) for e in shown]

            line = {"job": job, "variant": variant, "test_accuracy": mean("test_accuracy"), "train_loss": mean("train_loss"), "start_loss": round(sum(r[0] for r in runs) / len(runs), 3)}
            with open(given.out, "a") as file:
                file.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
