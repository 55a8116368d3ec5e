"""Golden numbers of products, sums, embeddings, dropout and the ops that move numbers."""
import numpy as np
import torch
import torch.nn.functional as F

from common import case, draw, write

MASK32 = 0xFFFFFFFF


def philox(counter, key):
    """Philox 4x32-10 as published, with Python's integers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & MASK32, (p0 >> 32) ^ c[3] ^ k[1], p0 & MASK32]
        k = [(k[0] + 0x9E3779B9) & MASK32, (k[1] + 0xBB67AE85) & MASK32]
    return c


def dropout(rate, stream, seed, step, inner=1):
    """Element i uses word i mod 4 of counter (i / 4, stream, step low, step high * 256 + 3) under the seed."""
    def f(x, rng):
        kept = []
        for i in range(x.numel() // inner):
            counter = (i // 4, stream, step & MASK32, ((step >> 32) << 8 | 3) & MASK32)
            word = philox(counter, (seed & MASK32, seed >> 32))[i % 4]
            kept += [(word >> 8) / 2**24 >= rate] * inner
        return x * torch.tensor(kept).reshape(x.shape) / (1 - rate)
    return f


def clock(seed, step):
    words = [seed & MASK32, seed >> 32, step & MASK32, step >> 32, 0]
    return np.array(words, dtype=np.uint32).astype(np.int32)


def run():
    rng = np.random.default_rng(3)
    a, b, c = draw(rng, 2, 3), draw(rng, 3, 4), draw(rng, 4)
    x, y = draw(rng, 2, 3, 4), draw(rng, 2, 2, 4)
    seed, step = 0x0123456789ABCDEF, (5 << 32) + 4000000001
    table, tokens = draw(rng, 5, 3), np.array([[1, 4, 1], [0, 1, 3]])
    cases = [
        case("matmul", lambda a, b: a @ b, [a, b]),
        case("matmul a transposed", lambda a, b: a.T @ b, [a.T.copy(), b]),
        case("matmul b transposed", lambda a, b: a @ b.T, [a, b.T.copy()]),
        case("matmul both transposed", lambda a, b: a.T @ b.T, [a.T.copy(), b.T.copy()]),
        case("dense", lambda a, b, c: F.linear(a, b, c), [a, b.T.copy(), c]),
        case("add", lambda a, b: a + b, [x, draw(rng, 2, 3, 4)]),
        case("multiply", lambda a, b: a * b, [x, draw(rng, 2, 3, 4)]),
        case("scale", lambda a: -1.7 * a, [x]),
        case("copy", lambda a: a.clone(), [x]),
        case("channel-sum", lambda a: a.sum((0, 2)), [x]),
        case("channel-broadcast", lambda a: a.reshape(1, 4, 1).expand(2, 4, 3), [c]),
        case("concat", lambda a, b: torch.cat([a, b], 1), [x, y]),
        case("slice", lambda a: a[:, 1:3], [x]),
        case("pad", lambda a: F.pad(a, (0, 0, 2, 1)), [x]),
        case("permute", lambda a: a.permute(2, 0, 1), [x]),
        case("transpose", lambda a: a.T, [a]),
        case("embedding", lambda t, i: F.embedding(i, t), [table, tokens]),
        case("embedding by reals", lambda t, i: F.embedding(i.long(), t), [table, tokens.astype(float)], fixed=(1,)),
        case("gather rows", lambda t, i: t[i], [table, np.array([4, 0, 0])], fixed=(0,)),
        case("gather images", lambda x, i, scale, shift: x[i] * scale.reshape(1, 3, 1) + shift.reshape(1, 3, 1),
             [draw(rng, 4, 3, 5), np.array([2, 2, 0]), draw(rng, 3), draw(rng, 3)], fixed=(0, 2, 3)),
        case("dropout", dropout(0.3, 7, seed, step), [draw(rng, 5, 7), clock(seed, step)]),
        case("dropout of channels", dropout(0.5, 2, seed, step, 4), [draw(rng, 3, 3, 2, 2), clock(seed, step)]),
    ]
    for name, target in (("accumulate", lambda y, x: y + 0.3 * x), ("moving average", lambda y, x: 0.9 * y + 0.1 * x)):
        u, v = draw(rng, 7), draw(rng, 7)
        update = case(name, lambda y, x: y, [u, v], fixed=(0, 1))
        cases.append(update | {"outputs": [], "updated": {"0": target(u, v).tolist()}})
    scores, labels = draw(rng, 5, 3), np.array([0, 2, 1, 1, 0])
    metrics = case("metrics", lambda totals, *rest: totals, [np.array([3.0, 0, 2, 5]), np.array([0.7]), scores, labels], fixed=(0, 1, 2))
    right = int((scores.argmax(1) == labels).sum())
    cases.append(metrics | {"outputs": [], "updated": {"0": [3 + 0.7 * 5, 0, 2 + right, 5 + 5]}})
    write("tensors", cases)
