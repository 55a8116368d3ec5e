"""Golden numbers of every activation function: values and derivatives at 0, near it, around kinks and far out."""
import math

import numpy as np
import torch
import torch.nn.functional as F

from common import write

# name, parameter, function. Softplus without PyTorch's threshold, above which it returns x. The hard sigmoid by its formula:
# PyTorch 1.13 multiplies its gradient by 1/6 rounded to float, even in double.
FUNCTIONS = [
    ("relu", 0, lambda x: F.relu(x)),
    ("relu6", 0, lambda x: F.relu6(x)),
    ("leaky-relu", 0.01, lambda x: F.leaky_relu(x, 0.01)),
    ("leaky-relu", 0.2, lambda x: F.leaky_relu(x, 0.2)),
    ("elu", 1, lambda x: F.elu(x, 1.0)),
    ("elu", 1.5, lambda x: F.elu(x, 1.5)),
    ("selu", 0, lambda x: F.selu(x)),
    ("gelu", 0, lambda x: F.gelu(x)),
    ("gelu-tanh", 0, lambda x: F.gelu(x, approximate="tanh")),
    ("silu", 0, lambda x: F.silu(x)),
    ("mish", 0, lambda x: F.mish(x)),
    ("softplus", 1, lambda x: F.softplus(x, 1, threshold=600)),
    ("softplus", 2.5, lambda x: F.softplus(x, 2.5, threshold=600)),
    ("sigmoid", 0, lambda x: torch.sigmoid(x)),
    ("tanh", 0, lambda x: torch.tanh(x)),
    ("hard-sigmoid", 0, lambda x: (x + 3).clamp(0, 6) / 6),
    ("hard-swish", 0, lambda x: F.hardswish(x)),
    ("hard-tanh", 0, lambda x: F.hardtanh(x)),
]


def points():
    near = [1e-12, 1e-8, 1e-4, 0.01, 0.1]
    middle = [0.25, 0.3, 0.5, 0.75, 0.99, 1.01, 1.25, 1.5, 2, 2.5, 2.99, 3.01, 3.5, 4, 5, 6]
    far = [8, 12, 20, 35, 80, 200]
    positive = near + middle + far
    return np.array([-x for x in reversed(positive)] + [0.0] + positive)


def run():
    cases = []
    for name, parameter, f in FUNCTIONS:
        x = torch.tensor(points(), requires_grad=True)
        y = f(x)
        (dx,) = torch.autograd.grad(y.sum(), x)
        assert all(map(math.isfinite, dx.tolist()))
        cases.append({"name": name, "parameter": parameter, "x": x.tolist(), "y": y.tolist(), "slope": dx.tolist()})
    write("activations", cases)
