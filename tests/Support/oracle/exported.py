#!/usr/bin/python3
"""
Loads weights that GpuGrad exported into the equivalent torch.nn.Sequential, by name, and runs it as in evaluation.

    exported.py CONFIG.json WEIGHTS.safetensors INPUT.npz     the probabilities of each sample of x, a JSON list

CONFIG.json is what `gpugrad config CONFIG --json` prints. The samples are raw: the file's metadata says how they are scaled.
"""
import json
import os
import struct
import sys

for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # else PyTorch computes with another processor's kernels
    os.environ.pop(variable, None)

import numpy as np
import torch

import safetensors
import sequential


def metadata_of(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length))["__metadata__"]


def main(config_path, weights_path, input_path):
    with open(config_path) as file:
        config = json.load(file)
    card = metadata_of(weights_path)
    scale, shift = (torch.tensor(json.loads(card[f"gpugrad.{name}"]), dtype=torch.float64) for name in ("scale", "shift"))
    x = torch.from_numpy(np.load(input_path)["x"]).double()
    channels = (1, -1) + (1,) * (x.dim() - 2)
    model = sequential.build(config["model"], x.shape[1:])[0]
    state = {name: torch.tensor(value) for name, value in safetensors.load(weights_path).items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected, unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing), missing
    with torch.no_grad():
        output = model.double().eval()(x * scale.reshape(channels) + shift.reshape(channels))
    print(json.dumps(output.softmax(1).tolist()))


if __name__ == "__main__":
    main(*sys.argv[1:])
