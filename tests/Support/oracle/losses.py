"""Golden numbers of the losses, penalties and softmax."""
import numpy as np
import torch
import torch.nn.functional as F

from common import case, draw, positive, write


def hinge(scores, labels, margin, power):
    right = scores.gather(1, labels.long().unsqueeze(1))
    violations = (scores - right + margin).clamp(min=0) ** power
    others = torch.ones_like(scores).scatter(1, labels.long().unsqueeze(1), 0)
    return ((violations * others).sum(1).mean()).reshape(1)


def scalar(f):
    return lambda *a: f(*a).reshape(1)


def cross_entropy(smoothing):
    def f(x, labels, weight=None):
        loss = F.cross_entropy(x, labels.long(), weight=weight, label_smoothing=smoothing).reshape(1)
        return loss, torch.softmax(x, 1)
    return f


def run():
    rng = np.random.default_rng(2)
    scores, labels = draw(rng, 5, 4, scale=2), rng.integers(0, 4, 5)
    x, t = draw(rng, 4, 3, scale=2), draw(rng, 4, 3)
    chance, logits = np.round(rng.uniform(0, 1, (4, 3)), 4), np.array([[-40, -8, -1], [-0.1, 0, 1e-4], [0.3, 2, 9], [20, 45, 300.0]])
    ones = rng.integers(0, 2, 6)
    cases = [
        case("half-squared-error", scalar(lambda x, t: 0.5 * ((x - t) ** 2).sum(1).mean()), [x, t], fixed=(1,)),
        case("mean-squared-error", scalar(F.mse_loss), [x, t], fixed=(1,)),
        case("mean-absolute-error", scalar(F.l1_loss), [x, t], fixed=(1,)),
        case("huber 1", scalar(F.huber_loss), [x, t], fixed=(1,)),
        case("huber 0.4", scalar(lambda x, t: F.huber_loss(x, t, delta=0.4)), [x, t], fixed=(1,)),
        case("huber 0.4 as smooth l1", scalar(lambda x, t: 0.4 * F.smooth_l1_loss(x, t, beta=0.4)), [x, t], fixed=(1,)),
        case("binary-cross-entropy", scalar(F.binary_cross_entropy_with_logits), [logits, chance], fixed=(1,)),
        case("binary-cross-entropy weighted", scalar(lambda x, t: F.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(2.5))),
             [logits, chance], fixed=(1,)),
        case("binary-cross-entropy of weighted labels", scalar(lambda x, t, w: F.binary_cross_entropy_with_logits(x, t, pos_weight=w)),
             [logits, chance, np.array([0.5, 2.5, 4])], fixed=(1, 2)),
        case("binary-cross-entropy labels", scalar(lambda x, t: F.binary_cross_entropy_with_logits(x, t.double().reshape(6, 1))),
             [draw(rng, 6, 1, scale=3), ones]),
        case("hinge", lambda s, y: hinge(s, y, 1, 1), [scores, labels]),
        case("hinge 0.3", lambda s, y: hinge(s, y, 0.3, 1), [scores, labels]),
        case("hinge squared", lambda s, y: hinge(s, y, 1, 2), [scores, labels]),
        case("hinge as multi margin", lambda s, y: (4 * F.multi_margin_loss(s, y.long())).reshape(1), [scores, labels]),
        case("l1", scalar(lambda w: 0.3 * w.abs().sum()), [x]),
        case("l2", scalar(lambda w: 0.3 * (w ** 2).sum()), [x]),
        case("cross-entropy", cross_entropy(0), [scores, labels]),
        case("cross-entropy smoothing", cross_entropy(0.1), [scores, labels]),
        case("cross-entropy weighted", cross_entropy(0.2), [scores, labels, positive(rng, 4)], fixed=(2,)),
        case("softmax", lambda x: torch.softmax(x, -1), [draw(rng, 2, 3, 5, scale=4)]),
        case("log-softmax", lambda x: torch.log_softmax(x, -1), [draw(rng, 3, 5, scale=4)]),
    ]
    write("losses", cases)
