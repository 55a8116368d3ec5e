"""Training steps in PyTorch for a GpuGrad config: losses, penalties, optimizers, schedules, and the names of `gpugrad step`."""
import fnmatch

import numpy as np
import torch
import torch.nn.functional as F

import sequences
import sequential

PLAIN = torch.nn.Parameter(torch.zeros(1))


def choice(value, default):
    """Name and settings of a loss, optimizer or schedule."""
    value = default if value is None else value
    name, settings = (value, {}) if isinstance(value, str) else next(iter(value.items()))
    return name, {} if settings is None else settings


# ── losses ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

def margins(scores, labels, margin):
    """s_j - s_y + margin for every wrong class j."""
    wrong = torch.ones_like(scores, dtype=torch.bool).scatter(1, labels[:, None], False)
    return (scores - scores.gather(1, labels[:, None]) + margin)[wrong]


def as_numbers(output, y):
    return F.one_hot(y, output.shape[1]).to(output) if y.dtype == torch.int64 and output.shape[1] > 1 else y.to(output).reshape(output.shape)


def class_scores(output):
    """Of one score x for two classes those of both: 0 and x."""
    return torch.cat([torch.zeros_like(output), output], 1) if output.shape[1] == 1 else output


def focal(output, y, gamma, weights, ignored):
    known = y != ignored
    logp = torch.log_softmax(class_scores(output), 1).gather(1, y.where(known, torch.zeros_like(y)).unsqueeze(1)).squeeze(1)[known]
    own = torch.ones_like(logp) if weights is None else weights[y[known]]
    return (-own * (1 - logp.exp()) ** gamma * logp).sum() / own.sum()


def dice(output, y, smooth, background, weights, ignored):
    """1 - (2Σpt + s) / (Σp + Σt + s) of each class of each sample."""
    known = (y != ignored).unsqueeze(1)
    p = torch.softmax(class_scores(output), 1) * known
    t = F.one_hot(y.where(y != ignored, torch.zeros_like(y)), p.shape[1]).movedim(-1, 1) * known
    places = tuple(range(2, p.dim()))
    loss = 1 - (2 * (p * t).sum(places) + smooth) / (p.sum(places) + t.sum(places) + smooth)
    w = torch.ones(p.shape[1], dtype=p.dtype) if weights is None else weights.clone()
    w[0] = w[0] if background else 0
    return (loss @ w).mean() / w.sum()


def loss_of(config, output, y):
    if y.dtype == torch.int64 and len(config["data"].get("target-shape", [])) == 1:
        known = (y >= 0) & (y != given_ignored(config["loss"]))
        output, y = output[known], y[known]
    return one_loss(config.get("loss"), output, y)


def given_ignored(loss):
    settings = choice(loss, None)[1]
    return settings.get("ignore-index", -1) if isinstance(settings, dict) else -1


def one_loss(loss, output, y):
    name, settings = choice(loss, "softmax-cross-entropy")
    shorthand = {"huber": "delta", "quantile": "level", "focal": "gamma", "dice": "smooth", "combined": "losses"}
    given = settings if isinstance(settings, dict) else {shorthand.get(name, "margin"): settings}
    if name == "combined":
        factors = given.get("weights", [1] * len(given["losses"]))
        return sum(f * one_loss(part, output, y) for f, part in zip(factors, given["losses"]))
    weights, ignored = given.get("class-weights"), given.get("ignore-index", -100)
    weights = None if weights is None else torch.tensor(weights, dtype=output.dtype)
    if name == "softmax-cross-entropy":
        return F.cross_entropy(output, y, weights, ignore_index=ignored, label_smoothing=given.get("label-smoothing", 0))
    if name == "focal":
        return focal(output, y, given.get("gamma", 2), weights, ignored)
    if name == "dice":
        return dice(output, y, given.get("smooth", 1), given.get("background", True), weights, ignored)
    if name in ("hinge", "squared-hinge"):
        violations = margins(output, y, given.get("margin", 1)).clamp(min=0)
        return (violations ** (2 if name == "squared-hinge" else 1)).sum() / len(y)
    if name == "bce-with-logits" and y.dtype == torch.int64 and y.dim() > 1:
        known = y != ignored
        output, y = output[:, 0][known].unsqueeze(1), y[known]
    t = as_numbers(output, y)
    return {
        "bce-with-logits": lambda: F.binary_cross_entropy_with_logits(output, t, pos_weight=torch.tensor(given.get("positive-weight", 1.0), dtype=output.dtype)),
        "squared-error": lambda: 0.5 * ((output - t) ** 2).sum() / len(t),
        "mse": lambda: F.mse_loss(output, t),
        "mae": lambda: F.l1_loss(output, t),
        "huber": lambda: F.huber_loss(output, t, delta=given.get("delta", 1.0)),
        "kl-divergence": lambda: F.kl_div(torch.log_softmax(output, 1), t, reduction="batchmean") / int(np.prod(output.shape[2:])),
        "quantile": lambda: torch.maximum(given.get("level", 0.5) * (t - output), (given.get("level", 0.5) - 1) * (t - output)).mean(),
        "poisson": lambda: F.poisson_nll_loss(output, t),
    }[name]()


def penalty_of(config, model):
    """Over what multiplies an input: not biases, not the factors of normalisations."""
    penalty = config.get("train", {}).get("penalty") or {}
    normalisations = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.LayerNorm, torch.nn.GroupNorm)
    others = (*normalisations, sequences.RMSNorm, sequences.Positions, torch.nn.PReLU)
    weights = [m.weight for m in model.modules() if isinstance(getattr(m, "weight", None), torch.Tensor) and not isinstance(m, others)]
    weights += [p for n, p in model.named_parameters() if n.endswith("in_proj_weight") or n.rpartition(".")[2].startswith("weight_")]
    return sum(penalty.get("l1", 0) * w.abs().sum() + penalty.get("l2", 0) * (w ** 2).sum() for w in weights)


# ── optimizers and schedules ────────────────────────────────────────────────────────────────────────────────────────────

class Lion(torch.optim.Optimizer):
    """Chen et al., 2023, algorithm 2."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            first, second = group["betas"]
            for p in group["params"]:
                p -= group["lr"] * (torch.sign(self.direction(p, first)) + group["weight_decay"] * p)
                self.state[p]["m"].mul_(second).add_(p.grad, alpha=1 - second)

    def direction(self, p, beta):
        return beta * self.state[p].setdefault("m", torch.zeros_like(p)) + (1 - beta) * p.grad


def group_of(groups, name):
    """The first group with a pattern that is the layer, what the layer stands in, or matches the parameter's name."""
    layer = name.rpartition(".")[0]
    for i, group in enumerate(groups):
        if any(p == layer or name.startswith(p + ".") or fnmatch.fnmatchcase(name, p) for p in group["layers"]):
            return i + 1
    return 0


def exempt_of(model):
    """What decays not where only weights do."""
    weights = {id(m.weight) for m in model.modules() if isinstance(getattr(m, "weight", None), torch.Tensor) and "Norm" not in type(m).__name__
               and not isinstance(m, (sequences.Positions, torch.nn.Embedding, torch.nn.PReLU))}
    return {id(p) for n, p in model.named_parameters() if id(p) not in weights and not n.rpartition(".")[2].startswith(("in_proj_weight", "weight_"))}


def optimizer_of(config, model):
    train = config.get("train", {})
    name, given = choice(train.get("optimizer"), "sgd")
    given = given if isinstance(given, dict) else {"lr": given}
    groups = train.get("groups", [])
    lr = given.get("lr", {"adam": 1e-3, "adamw": 1e-3, "lion": 1e-4}.get(name, 0.01))
    decay = given.get("weight-decay", 1e-2 if name == "adamw" else 0)
    params = [{"params": [], "lr": lr * g.get("lr-factor", 1), "weight_decay": g.get("weight-decay", decay)} for g in [{}] + groups]
    exempt = exempt_of(model) if train.get("weight-decay-of") == "weights" else set()
    params += [p | {"params": [], "weight_decay": g.get("weight-decay", 0)} for p, g in zip(params, [{}] + groups)]
    for parameter_name, parameter in model.named_parameters():
        half = len(groups) + 1 if id(parameter) in exempt else 0
        params[half + group_of(groups, parameter_name)]["params"].append(parameter)
    params = [p for p in params if p["params"]]
    betas, o = (given.get("beta1", 0.9), given.get("beta2", 0.99 if name == "lion" else 0.999)), torch.optim
    momentum = given.get("momentum", 0.9 if name in ("momentum", "nesterov") else 0)
    eps = given.get("epsilon", 1e-10 if name == "adagrad" else 1e-8)
    nesterov = given.get("nesterov", name == "nesterov") and momentum > 0
    return {
        "sgd": lambda: o.SGD(params, lr, momentum, nesterov=nesterov),
        "adagrad": lambda: o.Adagrad(params, lr, eps=eps),
        "rmsprop": lambda: o.RMSprop(params, lr, given.get("alpha", 0.99), eps, momentum=momentum, centered=given.get("centered", False)),
        "adam": lambda: o.Adam(params, lr, betas, eps),
        "adamw": lambda: o.AdamW(params, lr, betas, eps),
        "lion": lambda: Lion(params, dict(lr=lr, betas=betas)),
    }[{"momentum": "sgd", "nesterov": "sgd"}.get(name, name)]()


def torch_factors(name, given, steps):
    """The learning rates of PyTorch's scheduler for a rate of 1, an epoch of one step."""
    s, plain = torch.optim.lr_scheduler, torch.optim.SGD([PLAIN], 1.0)
    end = given.get("end", 0)
    scheduler = {
        "step": lambda: s.StepLR(plain, given["every"], given.get("by", 0.1)),
        "multi-step": lambda: s.MultiStepLR(plain, given["epochs"], given.get("by", 0.1)),
        "exponential": lambda: s.ExponentialLR(plain, given["by"]),
        "polynomial": lambda: s.PolynomialLR(plain, steps, given.get("power", 1)),
        "cosine": lambda: s.CosineAnnealingLR(plain, steps, eta_min=end),
        "one-cycle": lambda: s.OneCycleLR(plain, 1.0, steps, pct_start=given.get("rise", 0.3), div_factor=given.get("start-divisor", 25),
                                          final_div_factor=given.get("end-divisor", 1e4), cycle_momentum=False),
    }.get(name, lambda: s.LambdaLR(plain, lambda _: 1))()
    factors = []
    for i in range(steps):
        factors.append(plain.param_groups[0]["lr"])
        plain.step()
        if i + 1 < steps:
            scheduler.step()
    return [end + (1 - end) * f for f in factors] if name == "polynomial" else factors


def factors_of(config):
    """The factor on the learning rate of each step; `gpugrad step` counts a step as an epoch."""
    train = config.get("train", {})
    name, given = choice(train.get("schedule"), "constant")
    shorthand = {"step": "every", "multi-step": "epochs", "exponential": "by", "polynomial": "power", "plateau": "by"}
    given = given if isinstance(given, dict) else {shorthand[name]: given}
    warmup, steps = given.get("warmup", 0), train.get("epochs", 10)
    after = torch_factors(name, given, max(1, steps - warmup))
    return [after[0] * (i + 1) / (warmup + 1) for i in range(warmup)] + after


# ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

def layers_of(model):
    return {name: module for name, module in model.named_modules() if getattr(module, "is_layer", False)}


class Observer:
    """Is shown a training as it goes on."""

    def built(self, model):
        pass

    def computed(self, output):
        pass

    def differentiated(self, optimizer):
        """With the gradients as the optimizer takes them."""


def run(config, shape, weights, x, y, dtype, steps=3, observer=Observer(), lengths=None):
    """Arrays by name, each under the number of its step: 1/loss, 1/output, 1/activation/0, 1/grad/0.weight, 1/param/0.weight."""
    train = config.get("train", {})
    model, _, clock = sequential.build(config["model"], shape, config.get("seed", 1))
    model.load_state_dict({n: torch.from_numpy(v) for n, v in weights.items()} | counters(model))
    model = model.to(dtype).train()
    clock.lengths = None if lengths is None else torch.from_numpy(lengths)
    observer.built(model)
    optimizer, factors, clip, ema = optimizer_of(config, model), factors_of(config), train.get("clip", {}), train.get("ema")
    rates = [group["lr"] for group in optimizer.param_groups]
    averages = {n: p.detach().clone() for n, p in model.named_parameters()}
    x, y = torch.from_numpy(x).to(dtype), torch.from_numpy(y)
    y = y if y.dtype == torch.int64 else y.to(dtype)
    results = {}
    for step in range(steps):
        clock.step = step
        activations = {}
        hooks = [m.register_forward_hook(lambda _, i, o, n=n: activations.update({n: o})) for n, m in layers_of(model).items()]
        output = model(x)
        for hook in hooks:
            hook.remove()
        observer.computed(output)
        loss = loss_of(config, output, y) + penalty_of(config, model)
        optimizer.zero_grad()
        loss.backward()
        found = {"loss": loss, "output": output} | {f"grad/{n}": p.grad for n, p in model.named_parameters()}
        if step == 0:
            found |= {f"activation/{n}": v for n, v in activations.items()}
        results |= {f"{step + 1}/{n}": np.array(v.detach(), np.float64).reshape(v.shape or (1,)) for n, v in found.items()}
        if clip.get("norm"):
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip["norm"])
        if clip.get("value"):
            torch.nn.utils.clip_grad_value_(model.parameters(), clip["value"])
        for group, rate in zip(optimizer.param_groups, rates):
            group["lr"] = rate * factors[min(step, len(factors) - 1)]
        observer.differentiated(optimizer)
        optimizer.step()
        state = {n: v for n, v in model.state_dict().items() if not n.endswith("num_batches_tracked")}
        results |= {f"{step + 1}/param/{n}": v.numpy().astype(np.float64) for n, v in state.items()}
        if ema is not None:
            decay = min(ema, (1 + step) / (10 + step))
            for n, p in model.named_parameters():
                averages[n] = decay * averages[n] + (1 - decay) * p.detach()
                results[f"{step + 1}/average/{n}"] = averages[n].numpy().astype(np.float64)
    return results


def counters(model):
    return {n: v for n, v in model.state_dict().items() if n.endswith("num_batches_tracked")}
