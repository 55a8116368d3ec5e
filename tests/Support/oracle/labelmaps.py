"""Golden numbers of losses over the classes of maps, and of losses over distributions."""
import numpy as np
import torch
import torch.nn.functional as F

from common import case, draw, positive, write


def scalar(f):
    return lambda *a: f(*a).reshape(1)


def picked(logp, labels):
    """Log-probability of each place's label, and whether it has one."""
    known = labels >= 0
    return logp.gather(1, labels.clamp(min=0).long().unsqueeze(1)).squeeze(1), known


def nll(weight_of):
    """Two outputs: the loss, and what it was divided by."""
    def f(logp, labels, weight=None):
        loss = F.nll_loss(logp, labels.long(), weight=weight, ignore_index=-1).reshape(1)
        return loss, weight_of(labels, weight).reshape(1)
    return f


def total(labels, weight):
    known = labels[labels >= 0].long()
    return torch.tensor(float(len(known))) if weight is None else weight[known].sum()


def smoothed(epsilon):
    def f(logp, labels, weight):
        own, known = picked(logp, labels)
        w = weight[labels.clamp(min=0).long()]
        every = -(logp * weight.reshape(1, -1, *[1] * (logp.dim() - 2))).sum(1) * epsilon / logp.shape[1]
        loss = ((-(1 - epsilon) * w * own + every) * known).sum() / w[known].sum()
        return loss.reshape(1), w[known].sum().reshape(1)
    return f


def focal(gamma):
    def f(logp, labels):
        own, known = picked(logp, labels)
        return (-(1 - own.exp()) ** gamma * own)[known].mean().reshape(1), known.sum().double().reshape(1)
    return f


def dice(smooth):
    def f(logp, labels, weight):
        known = (labels >= 0).unsqueeze(1)
        t = F.one_hot(labels.clamp(min=0).long(), logp.shape[1]).movedim(-1, 1) * known
        p = logp.exp() * known
        places = tuple(range(2, logp.dim()))
        both, every = (p * t).sum(places), (p + t).sum(places)
        loss = 1 - (2 * both + smooth) / (every + smooth)
        return (loss @ weight / weight.sum()).mean().reshape(1), torch.stack([both, every], -1)
    return f


def run():
    rng = np.random.default_rng(7)
    logp = np.round(-np.abs(rng.normal(size=(2, 3, 2, 4))) - 0.05, 4)
    labels, weights = rng.integers(-1, 3, (2, 2, 4)), positive(rng, 3)
    x, counts = draw(rng, 4, 3), rng.integers(0, 6, (4, 3)).astype(float)
    chances = np.round(rng.dirichlet([1, 1, 1], 4), 4)
    chances[1] = [0, 1, 0]
    maps = np.round(rng.dirichlet([1, 1], (2, 3)).transpose(0, 2, 1), 4)
    quantile = lambda x, t: torch.maximum(0.8 * (t - x), -0.2 * (t - x)).mean()
    write("label-maps", [
        case("class log-softmax", lambda x: torch.log_softmax(x, 1), [draw(rng, 2, 3, 2, 4, scale=3)]),
        case("class log-softmax of rows", lambda x: torch.log_softmax(x, 1), [draw(rng, 2, 3, scale=3)]),
        case("cross-entropy", nll(total), [logp, labels]),
        case("cross-entropy weighted", nll(total), [logp, labels, weights], fixed=(2,)),
        case("cross-entropy smoothing", smoothed(0.2), [logp, labels, weights], fixed=(2,)),
        case("focal 2", focal(2), [logp, labels]),
        case("focal 0.5", focal(0.5), [logp, labels]),
        case("dice", dice(1), [logp, labels, weights], fixed=(2,)),
        case("dice 0.1", dice(0.1), [logp, labels, np.array([0.0, 1, 1])], fixed=(2,)),
        case("kl", scalar(lambda x, t: F.kl_div(x, t, reduction="batchmean")), [np.log(np.round(rng.dirichlet([2, 2, 2], 4), 4) + 1e-4), chances], fixed=(1,)),
        case("kl of maps", scalar(lambda x, t: F.kl_div(x, t, reduction="sum") / 6), [draw(rng, 2, 2, 3), maps], fixed=(1,)),
        case("quantile 0.8", scalar(quantile), [x, draw(rng, 4, 3)], fixed=(1,)),
        case("poisson", scalar(lambda x, t: F.poisson_nll_loss(x, t)), [x, counts], fixed=(1,)),
    ])
