#!/usr/bin/python3
"""Jobs that are no tables: `gpugrad init` and `gpugrad train` on pictures, arrays, masks and lists of labels, beside PyTorch on the same samples.

    bench/sample_jobs.py FOLDER [JOB ...] [--seeds 1]
    bench/sample_jobs.py FOLDER cifar10 --edit "epochs: 25=epochs: 10"      the same change of the recipe for both

FOLDER holds cifar10/train/CLASS/*.jpg, cifar10/test/CLASS/*.jpg (200 and 100 pictures of each class are taken) and membrane/train/image and label (ISBI 2012), for the jobs of these names;
the others take scikit-learn's own data: 1,797 digits of 8 x 8 pixels, 569 patients (breast cancer).
PyTorch gets the same parts and the recipe that `init` wrote: layers with PyTorch's own initial weights, AdamW, one-cycle, the epoch that is best on held-back samples.
Needs Debian's python3-sklearn, python3-torch, python3-pil and python3-yaml; prints Markdown."""

import argparse
import copy
import csv
import shutil
import tempfile
import time
from pathlib import Path

import jobs
import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional


class Branch(nn.Module):
    """Paths from one input, their channels beside each other."""

    def __init__(self, paths):
        super().__init__()
        self.paths = nn.ModuleList(paths)

    def forward(self, x):
        return torch.cat([path(x) for path in self.paths], 1)


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def layer(name, value, shape):
    """A layer of a config and the shape behind it."""
    c = shape[0]
    if name == "dense":
        return nn.Linear(c, value), (value,)
    if name == "conv":
        k, size = value["filters"], value["kernel"]
        return nn.Conv2d(c, k, size, padding=size // 2, bias=value.get("bias", True)), (k, *shape[1:])
    if name == "maxpool":
        return nn.MaxPool2d(value), (c, shape[1] // value, shape[2] // value)
    if name == "upsample":
        return nn.Upsample(scale_factor=value["factor"], mode=value["mode"], align_corners=False), (c, shape[1] * value["factor"], shape[2] * value["factor"])
    if name == "branch":
        paths = [network(path, shape) for path in value]
        return Branch([p for p, _ in paths]), (sum(s[0] for _, s in paths), *paths[0][1][1:])
    if name == "reshape":
        return nn.Unflatten(1, tuple(value)), tuple(value)
    if name == "flatten":
        return nn.Flatten(), (int(np.prod(shape)),)
    if name == "global-avgpool":
        return Mean(), (c,)
    if name == "batchnorm":
        return nn.BatchNorm2d(c), shape
    if name == "dropout":
        return nn.Dropout(value), shape
    return {"relu": nn.ReLU, "silu": nn.SiLU}[name](), shape


def network(layers, shape):
    made = []
    for entry in layers:
        name, value = next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)
        part, shape = layer(name, value, shape)
        made.append(part)
    return nn.Sequential(*made), shape


def dice(scores, answers):
    """Of both classes, the background too, for each picture by itself."""
    p, t = (torch.cat([1 - a, a], 1).flatten(2) for a in (scores.sigmoid(), answers))
    return (1 - (2 * (p * t).sum(2) + 1) / (p.sum(2) + t.sum(2) + 1)).mean()


LOSSES = {
    "softmax-cross-entropy": functional.cross_entropy,
    "mse": functional.mse_loss,
    "bce-with-logits": functional.binary_cross_entropy_with_logits,
    "combined": lambda s, a: functional.binary_cross_entropy_with_logits(s, a) + dice(s, a),
}


def changed(x, y, changes):
    """Random changes of a batch of pictures as a config has them, masks alike."""
    for change in changes:
        (name, value), = change.items()
        for i in range(len(x)):
            if name == "flip" and torch.rand(()) < 0.5:
                x[i] = x[i].flip(-1)
                y = y if y.dim() < 4 else y.index_copy(0, torch.tensor([i]), y[i : i + 1].flip(-1))
            elif name in ("crop", "shift"):
                down, right = (int(torch.randint(0, 2 * value + 1, ())) for _ in range(2))
                wide = functional.pad(x[i : i + 1], [value] * 4, mode="reflect")
                x[i] = wide[0, :, down : down + x.shape[2], right : right + x.shape[3]]
            elif name == "rotate":
                angle = torch.empty(()).uniform_(-value["degrees"], value["degrees"]) * np.pi / 180
                turn = torch.tensor([[[angle.cos(), -angle.sin(), 0], [angle.sin(), angle.cos(), 0]]])
                grid = functional.affine_grid(turn, x[i : i + 1].shape, align_corners=False)
                x[i] = functional.grid_sample(x[i : i + 1], grid, padding_mode="reflection", align_corners=False)[0]
                y[i] = functional.grid_sample(y[i : i + 1], grid, mode="nearest", padding_mode="reflection", align_corners=False)[0]
    return x, y


def iou(scores, masks):
    """Mean of the classes' IoU, as scikit-learn's macro Jaccard."""
    found, true = scores > 0, masks > 0.5
    return float(np.mean([((found == v) & (true == v)).sum().item() / ((found == v) | (true == v)).sum().item() for v in (False, True)]))


def figure_of(name, scores, answers):
    if name == "accuracy":
        return (scores.argmax(1) == answers).float().mean().item()
    if name == "mean_iou":
        return iou(scores, answers)
    if name == "macro_f1":
        return f1_score(answers.numpy() > 0.5, scores.numpy() > 0, average="macro", zero_division=0)
    return functional.mse_loss(scores, answers).sqrt().item()


def answer(net, x):
    net.eval()
    with torch.no_grad():
        return torch.cat([net(part) for part in x.split(64)])


def pytorch(x, y, test_x, test_y, config, figure, seed):
    """The figure on the test samples of the config's network, trained by PyTorch."""
    torch.manual_seed(seed)
    data, train = config["data"], config["train"]
    held = round(data["validation"] * len(x))
    order = torch.randperm(len(x))
    validation, rest = order[:held], order[held:]
    net, _ = network(config["model"], tuple(x.shape[1:]))
    loss = LOSSES[config["loss"] if isinstance(config["loss"], str) else next(iter(config["loss"]))]
    adamw, decay = train["optimizer"]["adamw"], train.get("ema", 0)
    optimizer = torch.optim.AdamW(net.parameters(), lr=adamw["lr"], weight_decay=adamw["weight-decay"])
    batch = data["batch"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, adamw["lr"], total_steps=train["epochs"] * -(-len(rest) // batch), cycle_momentum=False)
    mean, best, given, waited, steps = copy.deepcopy(net), -np.inf, None, 0, 0
    for _ in range(train["epochs"]):
        net.train()
        for part in rest[torch.randperm(len(rest))].split(batch):
            px, py = changed(x[part].clone(), y[part].clone(), data.get("augment", []))
            optimizer.zero_grad()
            loss(net(px), py).backward()
            optimizer.step()
            schedule.step()
            now = min(decay, (1 + steps) / (10 + steps))
            with torch.no_grad():
                for a, b in zip(mean.state_dict().values(), net.state_dict().values()):
                    a.copy_(now * a + (1 - now) * b)
            steps += 1
        out = answer(mean, x[validation])
        score = figure_of(figure, out, y[validation]) if "monitor" in train else -loss(out, y[validation]).item()
        waited = 0 if score > best else waited + 1
        if score > best:
            best, given = score, answer(mean, test_x)
        if waited >= train["early-stopping"]:
            break
    return figure_of(figure, given, test_y)


def idx(path, array):
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.astype(np.uint8).tobytes())


def pixels(train, test):
    """Bytes scaled by channel with the training part's mean and deviation."""
    mean, deviation = train.mean((0, 2, 3), keepdims=True), train.std((0, 2, 3), keepdims=True) + 1e-9
    return [torch.tensor((a - mean) / deviation, dtype=torch.float32) for a in (train, test)]


def digits():
    x, y = load_digits(return_X_y=True)
    return train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)


def job_idx(folder, _):
    x, test_x, y, test_y = digits()
    for part, images, labels in (("train", x, y), ("t10k", test_x, test_y)):
        (folder / "digits").mkdir(exist_ok=True)
        idx(folder / "digits" / f"{part}-images-idx3-ubyte", images.reshape(-1, 8, 8) * 15)
        idx(folder / "digits" / f"{part}-labels-idx1-ubyte", labels)
    x, test_x = pixels(x.reshape(-1, 1, 8, 8), test_x.reshape(-1, 1, 8, 8))
    return "digits", [], "accuracy", lambda _: (x, torch.tensor(y), test_x, torch.tensor(test_y))


def job_npz(folder, _):
    x, y = load_breast_cancer(return_X_y=True)
    x, test_x, y, test_y = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
    np.savez(folder / "cancer.npz", x_train=x, y_train=y, x_test=test_x, y_test=test_y)
    mean, deviation = x.mean(0), x.std(0)
    given = [torch.tensor((a - mean) / deviation, dtype=torch.float32) for a in (x, test_x)]
    return "cancer.npz", [], "accuracy", lambda _: (given[0], torch.tensor(y), given[1], torch.tensor(test_y))


def job_autoencoder(folder, _):
    x, test_x, _, _ = digits()
    np.save(folder / "x_train.npy", x.astype(np.float32))
    np.save(folder / "x_test.npy", test_x.astype(np.float32))
    given = [torch.tensor(a, dtype=torch.float32) for a in (x, test_x)]
    mean, deviation = given[0].mean(0), given[0].std(0, unbiased=False)
    deviation[deviation == 0] = 1
    scaled = [(a - mean) / deviation for a in given]
    return "x_train.npy", ["--target", "input"], "rmse", lambda _: (scaled[0], scaled[0], scaled[1], scaled[1])


def job_labels(folder, _):
    x, test_x, y, test_y = digits()
    tags = {"even": lambda d: d % 2 == 0, "prime": lambda d: d in (2, 3, 5, 7), "round": lambda d: d in (0, 6, 8, 9), "large": lambda d: d > 4}
    answers = []
    for part, rows, labels in (("train", x, y), ("test", test_x, test_y)):
        with open(folder / f"digits-{part}.csv", "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow([*(f"p{i}" for i in range(64)), "tags"])
            table.writerows([*row.astype(int), ";".join(t for t, holds in tags.items() if holds(d))] for row, d in zip(rows, labels))
        answers.append(torch.tensor([[float(tags[t](d)) for t in sorted(tags)] for d in labels]))
    mean, deviation = x.mean(0), np.where(x.std(0) > 0, x.std(0), 1)
    given = [torch.tensor((a - mean) / deviation, dtype=torch.float32) for a in (x, test_x)]
    return "digits-train.csv", ["--target", "tags"], "macro_f1", lambda _: (given[0], answers[0], given[1], answers[1])


def job_cifar10(folder, source):
    parts = []
    for part, count in (("train", 200), ("test", 100)):
        images, labels = [], []
        for c, kind in enumerate(sorted(p for p in (source / "cifar10" / part).iterdir() if p.is_dir())):
            (folder / "cifar" / part / kind.name).mkdir(parents=True)
            for file in sorted(kind.iterdir())[:count]:
                shutil.copy(file, folder / "cifar" / part / kind.name)
                images.append(np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1))
                labels.append(c)
        parts.append((np.stack(images).astype(float), torch.tensor(labels)))
    x, test_x = pixels(parts[0][0], parts[1][0])
    return "cifar", [], "accuracy", lambda _: (x, parts[0][1], test_x, parts[1][1])


def job_membrane(folder, source):
    names = sorted(p.name for p in (source / "membrane" / "train" / "image").glob("*.png"))
    order = np.random.RandomState(0).permutation(len(names))
    parts = {"train": order[6:], "test": order[:6]}
    files = []
    for part, chosen in parts.items():
        for kind, theirs in (("images", "image"), ("masks", "label")):
            (folder / "cells" / part / kind).mkdir(parents=True)
            files.append([source / "membrane" / "train" / theirs / names[i] for i in chosen])
            for file in files[-1]:
                shutil.copy(file, folder / "cells" / part / kind)

    def samples(config):
        side = config["data"]["dataset"]["images"].get("resize", 512)
        ways = [Image.BILINEAR, Image.NEAREST] * 2
        arrays = [np.stack([np.asarray(Image.open(f).convert("L").resize((side, side), how)) for f in some])[:, None].astype(float) for some, how in zip(files, ways)]
        x, test_x = pixels(arrays[0], arrays[2])
        return x, torch.tensor(arrays[1] > 127).float(), test_x, torch.tensor(arrays[3] > 127).float()

    return "cells", [], "mean_iou", samples


JOBS = {"idx": job_idx, "npz": job_npz, "autoencoder": job_autoencoder, "labels": job_labels, "cifar10": job_cifar10, "membrane": job_membrane}


def once(name, source, seed):
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp)
        data, asked, figure, samples = JOBS[name](folder, source)
        config = folder / "c.yaml"
        _, recipe = jobs.init(folder / data, config, *asked)
        summary = jobs.gpugrad("train", config, "--out", folder / "run", "--device", "cpu", "--json", "--set", f"seed={seed}")
        began = time.time()
        theirs = pytorch(*samples(recipe), recipe, figure, seed)
        test = summary["metrics"]["test"]
        if figure not in test:
            raise SystemExit(f"{name}: no {figure} among {', '.join(test)}")
        return figure, test[figure], theirs, summary["wall_seconds"], time.time() - began, summary["epochs"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("jobs", nargs="*")
    options.add_argument("--seeds", type=int, default=1)
    options.add_argument("--edit", action="append", default=[], metavar="OLD=NEW", help="text of the config to replace")
    options.add_argument("--program", help="the program to run, instead of ./gpugrad", nargs="+")
    given = options.parse_args()
    jobs.PROGRAM[:] = given.program or jobs.PROGRAM
    jobs.EDITS[:] = [edit.split("=", 1) for edit in given.edit]
    print("| job | figure | ours | PyTorch | seconds | PyTorch's | epochs |\n|---|---|---:|---:|---:|---:|---:|")
    for name in given.jobs or JOBS:
        results = [once(name, given.folder, seed) for seed in range(1, given.seeds + 1)]
        ours, theirs, seconds, other, epochs = (np.mean([r[i] for r in results]) for i in range(1, 6))
        print(f"| {name} | {results[0][0]} | {ours:.4f} | {theirs:.4f} | {seconds:.1f} | {other:.1f} | {epochs:.0f} |", flush=True)


if __name__ == "__main__":
    main()
