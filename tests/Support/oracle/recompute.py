#!/usr/bin/python3
"""Recomputes what runs reported, from their exported weights and their data alone, by PyTorch in double.

recompute.py FOLDER...    a JSON line a folder: loss and accuracy on its test and its training samples, and the share of
                          samples whose two largest outputs are so close that rounding decides

A folder holds data.npz (x, y, tx, ty), weights.safetensors and layers.json, e.g. [["conv", 1], ["relu"], ["flatten"], ["dense"]].
"""
import json
import struct
import sys

import numpy as np
import torch
from torch.nn import functional as F


def load(path):
    """Tensors by name, and the metadata."""
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length].decode("utf-8"))
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, info in header.items():
        begin, end = (8 + length + offset for offset in info["data_offsets"])
        values = np.frombuffer(data[begin:end], {"F32": "<f4", "F64": "<f8"}[info["dtype"]])
        tensors[name] = torch.tensor(values.astype("f8").reshape(info["shape"]))
    return tensors, metadata


def forward(layers, tensors, x):
    for i, (kind, *rest) in enumerate(layers):
        weight, bias = tensors.get(f"{i}.weight"), tensors.get(f"{i}.bias")
        if kind == "dense":
            x = F.linear(x, weight, bias)
        elif kind == "conv":
            x = F.conv2d(x, weight, bias, padding=rest[0])
        elif kind == "batchnorm":
            x = F.batch_norm(x, tensors[f"{i}.running_mean"], tensors[f"{i}.running_var"], weight, bias, training=False)
        elif kind == "maxpool":
            x = F.max_pool2d(x, rest[0])
        elif kind == "flatten":
            x = x.flatten(1)
        elif kind == "dropout":
            pass
        else:
            x = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[kind](x)
    return x


def figures(layers, tensors, x, y):
    output = forward(layers, tensors, x)
    if y.dtype.kind == "f":
        return F.mse_loss(output, torch.tensor(y.astype("f8"))).item(), None, 0
    labels = torch.tensor(y.astype("i8"))
    best = output.topk(2, dim=1).values
    close = (best[:, 0] - best[:, 1] < 1e-5 * (1 + best[:, 0].abs())).double().mean().item()
    return F.cross_entropy(output, labels).item(), (output.argmax(1) == labels).double().mean().item(), close


for folder in sys.argv[1:]:
    layers = json.load(open(f"{folder}/layers.json"))
    data = np.load(f"{folder}/data.npz")
    tensors, metadata = load(f"{folder}/weights.safetensors")
    # How raw values are scaled, for each channel or column, travels with the weights.
    scale, shift = (torch.tensor(json.loads(metadata[f"gpugrad.{name}"]), dtype=torch.float64) for name in ("scale", "shift"))
    result = {}
    for name, prefix in (("test", "t"), ("train", "")):
        x = torch.tensor(data[prefix + "x"].astype("f8"))
        place = (1, -1) + (1,) * (x.dim() - 2)
        result[f"{name}_loss"], result[f"{name}_accuracy"], result[f"{name}_close"] = figures(layers, tensors, x * scale.reshape(place) + shift.reshape(place), data[prefix + "y"])
    print(json.dumps(result))
