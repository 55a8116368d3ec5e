"""Golden numbers of batch, layer, group and instance norm."""
import numpy as np
import torch
import torch.nn.functional as F

from common import case, draw, positive, write


def batch_norm(name, rng, shape, affine, eps, momentum):
    c = shape[1]
    inputs = [draw(rng, *shape, shift=2), draw(rng, c), positive(rng, c)] + ([positive(rng, c), draw(rng, c)] if affine else [])
    running = []

    def f(x, mean, variance, *scale):
        m, v = mean.clone(), variance.clone()
        running[:] = [m, v]
        y = F.batch_norm(x, m, v, *(scale or (None, None)), training=True, momentum=momentum, eps=eps)
        axes = [a for a in range(x.dim()) if a != 1]
        return y, x.mean(axes), 1 / torch.sqrt(x.var(axes, unbiased=False) + eps)

    result = case(name, f, inputs, fixed=(1, 2))
    result["updated"] = {"1": running[0].tolist(), "2": running[1].tolist()}
    return result


def run():
    rng = np.random.default_rng(1)
    c3, p3 = draw(rng, 3), positive(rng, 3)
    cases = [
        batch_norm("batch-norm 1d", rng, (5, 3), True, 1e-5, 0.1),
        batch_norm("batch-norm 2d", rng, (2, 3, 3, 2), True, 1e-5, 0.1),
        batch_norm("batch-norm 2d plain", rng, (2, 3, 3, 2), False, 1e-3, 0.3),
        case("batch-norm inference", lambda x, m, v, g, b: F.batch_norm(x, m, v, g, b, eps=1e-5),
             [draw(rng, 2, 3, 2, 2), c3, p3, positive(rng, 3), draw(rng, 3)], fixed=(1, 2)),
        case("batch-norm inference plain", lambda x, m, v: F.batch_norm(x, m, v, eps=1e-3), [draw(rng, 4, 3), c3, p3], fixed=(1, 2)),
        case("layer-norm over 1", lambda x, g, b: F.layer_norm(x, (7,), g, b), [draw(rng, 4, 7), positive(rng, 7), draw(rng, 7)]),
        case("layer-norm over 2", lambda x, g, b: F.layer_norm(x, (3, 4), g, b, eps=1e-3),
             [draw(rng, 2, 3, 4), positive(rng, 3, 4), draw(rng, 3, 4)]),
        case("layer-norm plain", lambda x: F.layer_norm(x, (6,)), [draw(rng, 3, 6)]),
        case("group-norm 2", lambda x, g, b: F.group_norm(x, 2, g, b), [draw(rng, 2, 4, 3), positive(rng, 4), draw(rng, 4)]),
        case("group-norm 1 plain", lambda x: F.group_norm(x, 1), [draw(rng, 2, 3, 2, 2)]),
        case("instance norm", lambda x, g, b: F.instance_norm(x, weight=g, bias=b),
             [draw(rng, 2, 3, 4, 2), positive(rng, 3), draw(rng, 3)]),
    ]
    write("normalization", cases)
