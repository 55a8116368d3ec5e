"""What the golden-number scripts share: drawing inputs, running PyTorch in double, writing compact JSON."""
import json
from pathlib import Path

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
GOLDEN = Path(__file__).resolve().parents[2] / "Kernels.Tests" / "Golden"


def draw(rng, *shape, scale=1.0, shift=0.0):
    """Normal numbers of four decimals: short in the file, the same double on every reader."""
    return np.round(rng.normal(size=shape) * scale + shift, 4)


def positive(rng, *shape):
    return np.round(rng.uniform(0.5, 2, size=shape), 4)


def operand(value):
    value = np.asarray(value)
    whole = value.dtype.kind in "iu"
    return {"type": "int" if whole else "real", "shape": list(value.shape), "values": value.ravel().tolist()}


def case(name, f, inputs, fixed=(), seed=0):
    """
    Runs f over the inputs (NumPy arrays); f gives a tensor or a tuple, whose first is differentiated against a random
    upstream gradient in every real input that is not among `fixed`.
    """
    tensors = []
    for i, value in enumerate(inputs):
        value = np.asarray(value)
        tensor = torch.tensor(value)
        tensors.append(tensor.requires_grad_() if value.dtype.kind == "f" and i not in fixed else tensor)
    outputs = f(*tensors)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    y = outputs[0]
    upstream = torch.tensor(draw(np.random.default_rng(seed + 99), *y.shape))
    wanted = [i for i, t in enumerate(tensors) if t.requires_grad]
    gradients = torch.autograd.grad(y, [tensors[i] for i in wanted], upstream, allow_unused=True) if wanted else []
    return {
        "name": name,
        "inputs": [operand(v) for v in inputs],
        "outputs": [o.detach().numpy().ravel().tolist() for o in outputs],
        "upstream": upstream.numpy().ravel().tolist(),
        "gradients": {str(i): g.numpy().ravel().tolist() for i, g in zip(wanted, gradients) if g is not None},
        "updated": {},
    }


def write(name, cases):
    """One case a line, so that a change shows as the cases it changes."""
    GOLDEN.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    (GOLDEN / f"{name}.json").write_text(f"[\n{lines}\n]\n")
    print(f"{name}: {len(cases)} cases")
