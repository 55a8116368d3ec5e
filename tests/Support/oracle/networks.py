#!/usr/bin/python3
"""
Draws networks at random, trains them for three steps in PyTorch and writes what `gpugrad step` must find.

    networks.py DIR [--count 256] [--seed 1]     for each network NAME.yaml, NAME.safetensors and NAME.npz
    networks.py DIR --fixtures                   only the smallest few in which everything occurs: those in the repository
    networks.py DIR --focus attention --count 3  networks over sequences with that layer (or several: lstm,gru), NAME-0, NAME-1, …: those in the repository too
    networks.py DIR --focus sequences            the same with each layer over sequences in turn

The npz holds the batch (x, y) and what PyTorch computes of it in double: 1/loss, 1/output, 1/activation/LAYER, 1/grad/PARAMETER
and 1/param/PARAMETER (after the update) of the first step, and 2/…, 3/… of the next two. `single/forward` and `single/grad` are
the largest relative errors of PyTorch's own float32 against those. A draw that is ill-conditioned (PyTorch itself is not right
to a quarter of what is asked for) or lies within 1e-4 of a kink (of relu, a maximum, |x|) is thrown away, and another made.
"""
import argparse
import json
import os
import zipfile

for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # else PyTorch computes with another processor's kernels
    os.environ.pop(variable, None)

import numpy as np
import torch

import safetensors
import sequences
import sequential
import training
from drawing import LAYERS, LOSSES, OPTIMIZERS, SCHEDULES, SEQUENCES, Draw, Refused

KINKS = {torch.nn.ReLU: [0], torch.nn.LeakyReLU: [0], torch.nn.ELU: [0], torch.nn.SELU: [0], sequential.PReLU: [0], sequential.HardSigmoid: [-3, 3],
         torch.nn.Hardswish: [-3, 3], torch.nn.Hardtanh: [-1, 1]}
NEAREST = 1e-4
SMALLEST = 5e-4  # share of the root mean square below which an element of a gradient is mostly rounding to what divides by its size
FORWARD, GRADIENT = 1e-5 / 4, 1e-4 / 4  # what is asked for is 1e-5 and 1e-4
LARGEST = 1e3
NOTHING = 1e-9  # share of all gradients below which one is 0 but for rounding


def require_away(values, kinks):
    for kink in kinks:
        if values.numel() and (values - kink).abs().min() < NEAREST:
            raise Refused("kink")


def require_no_near_ties(windows):
    """The largest two of each window are the same number or well apart."""
    if windows.shape[-1] > 1:
        first, second = windows.topk(2, -1)[0].unbind(-1)
        gap = (first - second)[first != second]
        if gap.numel() and gap.min() < NEAREST:
            raise Refused("tie")


class Watch(training.Observer):
    """Refuses a draw when a number comes near a place where a derivative jumps, or where a sign decides."""

    def __init__(self, config, y):
        self.config, self.y = config, torch.from_numpy(y)

    def built(self, model):
        self.attentions = [m for m in model.modules() if isinstance(m, sequences.Attention)]
        for module in model.modules():
            kinks = KINKS.get(type(module))
            if kinks:
                module.register_forward_pre_hook(lambda _, x, kinks=kinks: require_away(x[0], kinks))
            if getattr(module, "largest", False):
                module.register_forward_pre_hook(lambda m, x: require_no_near_ties(m.windows(x[0], -np.inf)))

    def computed(self, output):
        if not torch.isfinite(output).all() or output.abs().max() > LARGEST:
            raise Refused("large")
        self.require_no_kink(self.config["loss"], output)

    def require_no_kink(self, loss, output):
        name, settings = training.choice(loss, None)
        given = settings if isinstance(settings, dict) else {"losses" if name == "combined" else "margin": settings}
        for part in given["losses"] if name == "combined" else []:
            self.require_no_kink(part, output)
        if name == "hinge":
            require_away(training.margins(output, self.y, given.get("margin", 1)), [0])
        if name in ("mae", "quantile"):
            require_away(output - training.as_numbers(output, self.y), [0])

    def differentiated(self, optimizer):
        """What divides by the gradient's own size, or takes its sign, makes noise of a gradient that is only rounding."""
        if isinstance(optimizer, torch.optim.SGD):
            return
        moved = [(p, group) for group in optimizer.param_groups for p in group["params"]]
        sizes = [optimizer.direction(p, group["betas"][0]) if isinstance(optimizer, training.Lion) else p.grad for p, group in moved]
        if not all(v.any() for v in sizes):  # 0 by cancelling, in whatever order: another order leaves rounding
            raise Refused("sign")
        # A bias of keys changes no softmax, queries and keys of a single step neither: 0 but for rounding.
        projections = torch.cat([p.grad.flatten() for m in self.attentions for p in (m.in_proj_weight, m.in_proj_bias) if p is not None] or [torch.ones(1)]).abs()
        if (projections < SMALLEST * projections.square().mean().sqrt()).any():
            raise Refused("sign")
        values = torch.cat([v.detach().flatten() for v in sizes]).abs()
        if (values[values != 0] < SMALLEST * values.square().mean().sqrt()).any():
            raise Refused("sign")


def weight_kinks(config, results):
    """The l1 penalty has a kink where a weight is 0."""
    if (config["train"].get("penalty") or {}).get("l1"):
        for name, value in results.items():
            if ".weight" in name and "/param/" in name:
                require_away(torch.from_numpy(value), [0])


def sizes_of(results):
    """The root mean square of all gradients of each step."""
    steps = {}
    for name, value in results.items():
        if "/grad/" in name:
            steps.setdefault(name[0], []).append(value.ravel())
    return {step: np.sqrt(np.mean(np.concatenate(values) ** 2)) for step, values in steps.items()}


def errors(exact, single):
    """The largest relative error of the float32 run: (forward and parameters, gradients)."""
    worst, sizes = [0.0, 0.0], sizes_of(exact)
    for name, value in exact.items():
        is_gradient = "/grad/" in name
        norm, gap = np.linalg.norm(value), np.linalg.norm(value - single[name])
        if is_gradient and norm <= NOTHING * sizes[name[0]] * np.sqrt(value.size):
            norm = sizes[name[0]] * np.sqrt(value.size)
        error = 0 if gap == 0 else gap / norm if norm else np.inf
        worst[is_gradient] = max(worst[is_gradient], error)
    return worst


def attempt(draw, focus, loss, optimizer, schedule):
    """(config, weights, arrays) of one network, or Refused."""
    config, x, y, lengths = draw.sequence_config(focus, optimizer, schedule) if focus in SEQUENCES else (*draw.config(focus, loss, optimizer, schedule), None)
    shape = tuple(config["data"]["shape"])
    model = sequential.build(config["model"], shape)[0]
    weights = draw.weights(model)

    try:
        exact = training.run(config, shape, weights, x, y, torch.float64, observer=Watch(config, y), lengths=lengths)
    except (ValueError, RuntimeError) as e:  # e.g. batch norm over a single value
        raise Refused(str(e))
    weight_kinks(config, exact)
    single = training.run(config, shape, weights, x, y, torch.float32, lengths=lengths)
    forward, gradient = errors(exact, single)
    if not (forward <= FORWARD and gradient <= GRADIENT):
        raise Refused("ill-conditioned")
    arrays = {"x": x, "y": y} | ({} if lengths is None else {"lengths": lengths}) | exact | {"single/forward": np.array([forward]), "single/grad": np.array([gradient])}
    return config, weights, arrays


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

def flow(value):
    """YAML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, str) and value.startswith("*") else str(value)


def yaml(config):
    lines = []
    for key, value in config.items():
        if key == "model":
            lines += ["model:"] + ["  - " + (flow(v)[1:-1] if isinstance(v, dict) else flow(v)) for v in value]
        elif key == "train":
            lines += ["train:"] + [f"  {k}: {flow(v)}" for k, v in value.items()]
        else:
            lines.append(f"{key}: {flow(value)}")
    return "\n".join(lines) + "\n"


def save_npz(path, arrays):
    """As np.savez_compressed, but the same arrays give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in arrays.items():
            entry = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, np.ascontiguousarray(value))


def occurring(config):
    """What a config is made of, for choosing and counting: layer conv, loss mse, optimizer sgd, schedule cosine, …"""
    def layers(items):
        for layer in items:
            name, settings = sequential.settings_of(layer)
            yield f"layer {name}"
            yield from (f"{name} {k}" + (f" {v}" if isinstance(v, (str, bool)) else "") for k, v in settings.items() if k != "layers")
            for inner in (settings.get("layers", []), settings.get("shortcut", []), *settings.get("paths", [])):
                yield from layers(inner if isinstance(inner, list) else [])
    train = config["train"]
    found = set(layers(config["model"]))
    for what, value in (("loss", config["loss"]), ("optimizer", train["optimizer"]), ("schedule", train["schedule"])):
        name, settings = training.choice(value, None)
        found |= {f"{what} {name}"} | {f"{name} {k}" for k in (settings if isinstance(settings, dict) else [])}
    return found | {k for k in ("clip", "penalty", "ema", "groups") if k in train}


def size_of(case):
    return sum(v.size for v in case[2].values())


def smallest_cover(cases, most=40):
    """Few and small cases in which everything occurs that occurs at all."""
    open_features, chosen = set().union(*(occurring(c[0]) for c in cases)), []
    while open_features and len(chosen) < most:
        best = max(cases, key=lambda c: len(occurring(c[0]) & open_features) / (150 + size_of(c)))
        open_features -= occurring(best[0])
        chosen.append(best)
    return sorted(chosen, key=lambda c: c[0]["name"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fixtures", action="store_true")
    parser.add_argument("--focus", default="")
    given = parser.parse_args()
    torch.set_num_threads(1)
    draw, cases, refused = Draw(given.seed), [], {}
    while len(cases) < given.count:
        i = len(cases)
        # Shifted against each other, so that after some rounds every layer has met every loss and every optimizer.
        focuses = SEQUENCES if given.focus == "sequences" else given.focus.split(",") if given.focus else [*LAYERS, *SEQUENCES]
        focus, loss = focuses[i % len(focuses)], LOSSES[(i + i // len(LOSSES)) % len(LOSSES)]
        optimizer, schedule = OPTIMIZERS[(i + i // len(LAYERS)) % len(OPTIMIZERS)], SCHEDULES[(i * 3 + i // 16) % len(SCHEDULES)]
        try:
            config, weights, arrays = attempt(draw, focus, loss, optimizer, schedule)
        except Refused as e:
            reason = str(e).split("\n")[0][:60]
            refused[reason] = refused.get(reason, 0) + 1
            continue
        cases.append(({"name": f"{focus}-{i}" if given.focus else f"{i:03}-{focus}"} | config, weights, arrays))
    os.makedirs(given.folder, exist_ok=True)
    for config, weights, arrays in smallest_cover(cases) if given.fixtures else cases:
        path = os.path.join(given.folder, config["name"])
        with open(path + ".yaml", "w") as file:
            file.write(yaml(config))
        safetensors.save(path + ".safetensors", weights)
        save_npz(path + ".npz", arrays)
    print(f"{len(cases)} networks; refused: {refused}")


if __name__ == "__main__":
    main()
