"""Golden numbers of the optimizers: weights after each of several steps, and clipping by norm."""
import numpy as np
import torch

from common import draw, write

STEPS = 5


def lion(w, gradients, lr, betas, weight_decay):
    """Chen et al., 2023, algorithm 2."""
    m, path = np.zeros_like(w), []
    for g in gradients:
        direction = np.sign(betas[0] * m + (1 - betas[0]) * g)
        w = w - lr * (direction + weight_decay * w)
        m = betas[1] * m + (1 - betas[1]) * g
        path.append(w.tolist())
    return path


def torch_path(make, w, gradients):
    weights = torch.tensor(w, requires_grad=True)
    optimizer, path = make([weights]), []
    for g in gradients:
        weights.grad = torch.tensor(g)
        optimizer.step()
        path.append(weights.tolist())
    return path


def run():
    rng = np.random.default_rng(4)
    w, gradients = draw(rng, 6), draw(rng, STEPS, 6)
    gradients[2, 1], gradients[:, 4] = 0, 0
    lr, decay, eps = 0.1, 0.02, 1e-6
    o = torch.optim
    makers = {
        "sgd": (dict(), lambda p: o.SGD(p, lr, weight_decay=decay)),
        "momentum": (dict(a=0.9), lambda p: o.SGD(p, lr, 0.9, weight_decay=decay)),
        "nesterov": (dict(a=0.9), lambda p: o.SGD(p, lr, 0.9, weight_decay=decay, nesterov=True)),
        "adagrad": (dict(), lambda p: o.Adagrad(p, lr, eps=eps, weight_decay=decay)),
        "rmsprop": (dict(a=0.8, b=0.95), lambda p: o.RMSprop(p, lr, 0.95, eps, decay, 0.8)),
        "centered-rmsprop": (dict(a=0.8, b=0.95), lambda p: o.RMSprop(p, lr, 0.95, eps, decay, 0.8, centered=True)),
        "adam": (dict(a=0.9, b=0.99), lambda p: o.Adam(p, lr, (0.9, 0.99), eps, decay)),
        "adamw": (dict(a=0.9, b=0.99), lambda p: o.AdamW(p, lr, (0.9, 0.99), eps, decay)),
    }
    shared = {"rate": lr, "decay": decay, "epsilon": eps, "w": w.tolist(), "gradients": gradients.tolist()}
    cases = [shared | {"name": n, "a": c.get("a", 0), "b": c.get("b", 0), "path": torch_path(m, w, gradients)} for n, (c, m) in makers.items()]
    cases.append(shared | {"name": "lion", "a": 0.9, "b": 0.99, "path": lion(w, gradients, lr, (0.9, 0.99), decay)})
    write("optimizers", cases)

    clips = []
    for limit in (0.5, 100.0):
        parameter = torch.zeros(6)
        parameter.grad = torch.tensor(gradients[0])
        norm = torch.nn.utils.clip_grad_norm_([parameter], limit)
        clips.append({"limit": limit, "gradient": gradients[0].tolist(), "norm": norm.item(), "clipped": parameter.grad.tolist()})
    write("clipping", clips)
