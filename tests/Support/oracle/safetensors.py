#!/usr/bin/python3
"""An independent reader and writer of safetensors, by struct, json and numpy.

safetensors.py read FILE    a JSON line a tensor: name, dtype, shape, SHA-256 of its values as float64
safetensors.py make FILE    writes a file with a tensor of every type, odd sizes and odd values
"""
import hashlib
import json
import struct
import sys

import numpy as np

TYPES = {"BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "U16": "<u2", "F16": "<f2", "BF16": "<u2", "I32": "<i4", "U32": "<u4",
         "F32": "<f4", "F64": "<f8", "I64": "<i8", "U64": "<u8"}


def read(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length].decode("utf-8"))
    assert length % 8 == 0
    for name, info in header.items():
        if name == "__metadata__":
            print(json.dumps({"metadata": info}))
            continue
        begin, end = (8 + length + offset for offset in info["data_offsets"])
        values = np.frombuffer(data[begin:end], TYPES[info["dtype"]])
        assert values.size == np.prod(info["shape"], dtype=int)
        if info["dtype"] == "BF16":
            values = (values.astype("<u4") << 16).view("<f4")
        digest = hashlib.sha256(values.astype("<f8").tobytes()).hexdigest()
        print(json.dumps({"name": name, "dtype": info["dtype"], "shape": info["shape"], "sha256": digest}))


def make(path):
    random = np.random.default_rng(1)
    header, parts, end = {}, [], 0
    for i, (dtype, numpy_type) in enumerate(TYPES.items()):
        for shape in [(), (1,), (33,), (7, 0, 3), (2, 3, 257)]:
            raw = random.integers(0, 256, int(np.prod(shape)) * np.dtype(numpy_type).itemsize, dtype="u1")
            if dtype == "BOOL":
                raw &= 1
            if dtype in ("F16", "BF16", "F32", "F64"):  # any bits, but no NaN: its payload is nobody's business
                values = raw.view(numpy_type)
                real = values if dtype != "BF16" else (values.astype("<u4") << 16).view("<f4")
                values[np.isnan(real)] = 0
            header[f"{dtype} {shape} ü\n\"{i}"] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + raw.size]}
            parts.append(raw.tobytes())
            end += raw.size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def save(path, tensors, metadata=None):
    """Arrays of float32 by name."""
    header, end = {"__metadata__": metadata} if metadata else {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [end, end + value.nbytes]}
        end += value.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(np.ascontiguousarray(v, "<f4").tobytes() for v in tensors.values()))


def load(path):
    """Arrays by name; bfloat16 is not among what NumPy knows."""
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length].decode("utf-8"))
    return {name: np.frombuffer(data[8 + length + info["data_offsets"][0]:8 + length + info["data_offsets"][1]], TYPES[info["dtype"]]).reshape(info["shape"])
            for name, info in header.items() if name != "__metadata__"}


if __name__ == "__main__":
    {"read": read, "make": make}[sys.argv[1]](sys.argv[2])
