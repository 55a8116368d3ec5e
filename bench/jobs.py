#!/usr/bin/python3
"""Jobs as a new user has them: `gpugrad init` and `gpugrad train` on public tables, beside scikit-learn on the same rows.

    bench/jobs.py FOLDER [JOB ...] [--splits 3]
    bench/jobs.py FOLDER JOB --choose --alone --edit silu=relu      a recipe is chosen by this, never by the test rows

FOLDER holds the tables (titanic.csv, penguins.csv, mpg.csv and taxis.csv of seaborn's data; adult-train.csv, adult-test.csv and horse-colic.csv of UCI; mammography.csv
of OpenML), or the series (airline-passengers.csv, daily-min-temperatures.csv, pollution.csv). Each split puts a fifth of the rows, drawn at random (classes in proportion), into x-test.csv and the others into x-train.csv, which `init` takes for one data set.
scikit-learn gets the columns that `init` chose: numbers with their gaps filled by the mean, scaled; categories one-hot; dates as year, month, day, weekday, hour and minute.
PyTorch gets the same columns and the recipe that `init` wrote: layers, dropout, AdamW, one-cycle, mean of the weights, the epoch that is best on held-back rows.
With --choose the test rows are put aside and a fifth of the others takes their place; --edit changes the config's text.
Needs Debian's python3-sklearn, python3-torch and python3-yaml; prints Markdown: means over the splits ± their standard errors."""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import torch
import yaml
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, average_precision_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

warnings.filterwarnings("ignore")
ROOT = Path(__file__).resolve().parent.parent
GAPS = {"", "?", "NA", "N/A", "nan", "NaN", "null"}

# name: (file, target, has a header, figure)
JOBS = {
    "titanic": ("titanic.csv", "survived", True, "accuracy"),
    "penguins": ("penguins.csv", "species", True, "accuracy"),
    "adult": ("adult-train.csv", "14", False, "accuracy"),
    "horse-colic": ("horse-colic.csv", "23", False, "accuracy"),
    "mammography": ("mammography.csv", "6", False, "pr_auc"),
    "mpg": ("mpg.csv", "mpg", True, "r2"),
    "taxis": ("taxis.csv", "tip", True, "r2"),
    "wine": ("winequality-red.csv", "11", False, "accuracy"),
}


# name: (file, target, rows of a window)
SERIES = {
    "airline-passengers": ("airline-passengers.csv", "Passengers", 12),
    "daily-min-temperatures": ("daily-min-temperatures.csv", "Temp", 28),
    "pollution": ("pollution.csv", "pm2.5", 24),
}
PROGRAM = [ROOT / "gpugrad"]
EDITS = []
ALONE = []


def gpugrad(*arguments):
    done = subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"gpugrad {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def read(path, header):
    with open(path, newline="", encoding="utf-8") as file:
        rows = [[c.strip() for c in row] for row in csv.reader(file) if row]
    return (rows[0], rows[1:]) if header else (None, rows)


def write(path, head, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(([head] if head else []) + rows)


def numbers(cells):
    return np.array([np.nan if c in GAPS else float(c) for c in cells])


def moments(cells):
    parts = []
    for cell in cells:
        if cell in GAPS:
            parts.append([np.nan] * 6)
            continue
        at = datetime.fromisoformat(cell)
        parts.append([at.year, at.month, at.day, at.weekday(), at.hour, at.minute])
    return np.array(parts, dtype=float).T


def encode(train, test, types):
    """Dense matrices of both parts; what is learned is learned from the first."""
    columns = []
    for i, kind in enumerate(types):
        a, b = [r[i] for r in train], [r[i] for r in test]
        if kind == "number":
            columns.append((numbers(a), numbers(b)))
        elif kind == "date":
            columns.extend(zip(moments(a), moments(b)))
        elif kind in ("category", "boolean"):
            columns.extend((np.array([x == v for x in a], float), np.array([x == v for x in b], float)) for v in sorted(set(a)))
    made = []
    for a, b in columns:
        if np.isnan(a).any() or np.isnan(b).any():
            made.append((np.isnan(a).astype(float), np.isnan(b).astype(float)))
            mean = np.nanmean(a)
            a, b = np.where(np.isnan(a), mean, a), np.where(np.isnan(b), mean, b)
        deviation = a.std() or 1
        made.append(((a - a.mean()) / deviation, (b - a.mean()) / deviation))
    return np.stack([a for a, _ in made], 1), np.stack([b for _, b in made], 1)


def peers(x, y, test_x, test_y, figure):
    """The figure of each of scikit-learn's models, with its own defaults."""
    if figure == "r2":
        models = {"ridge": Ridge(), "mlp": MLPRegressor(max_iter=400, early_stopping=True, random_state=0), "trees": HistGradientBoostingRegressor(random_state=0)}
        return {name: r2_score(test_y, m.fit(x, y).predict(test_x)) for name, m in models.items()}
    models = {
        "logistic": LogisticRegression(max_iter=2000),
        "mlp": MLPClassifier(max_iter=400, early_stopping=True, random_state=0),
        "trees": HistGradientBoostingClassifier(random_state=0),
    }
    out = {}
    for name, m in models.items():
        m.fit(x, y)
        out[name] = accuracy_score(test_y, m.predict(test_x)) if figure == "accuracy" else average_precision_score(test_y == m.classes_[1], m.predict_proba(test_x)[:, 1])
    return out


def init(data, config, *options):
    found = gpugrad("init", data, *options, "--out", config, "--force", "--json")
    text = config.read_text(encoding="utf-8")
    for old, new in EDITS:
        if old not in text:
            sys.exit(f"{config.name} has no {old}")
        text = text.replace(old, new.replace("\\n", "\n"))
    config.write_text(text, encoding="utf-8")
    return found, yaml.safe_load(text)


def network(layers, inputs):
    made, width = [], inputs
    for layer in layers:
        name, value = next(iter(layer.items())) if isinstance(layer, dict) else (layer, None)
        if name == "dense":
            made.append(torch.nn.Linear(width, value))
            width = value
        elif name in ("relu", "silu"):
            made.append(torch.nn.ReLU() if name == "relu" else torch.nn.SiLU())
        elif name == "dropout":
            made.append(torch.nn.Dropout(value))
        elif name != "flatten":
            sys.exit(f"no {name} here")
    return torch.nn.Sequential(*made)


def pytorch(x, y, test_x, test_y, figure, config, seed):
    """PyTorch's network of the recipe in a config, with PyTorch's own initial weights; targets of a regression come scaled."""
    torch.manual_seed(seed)
    train, classes = config["train"], None if figure == "r2" else sorted(set(y))
    answers = torch.tensor(y, dtype=torch.float32)[:, None] if classes is None else torch.tensor(np.searchsorted(classes, y))
    samples, order = torch.tensor(x, dtype=torch.float32), torch.randperm(len(x))
    if "window" in config["data"]["dataset"]["csv"]:
        order = torch.arange(len(x)).flip(0)
    held = round(config["data"]["validation"] * len(x))
    validation, rest = order[:held], order[held:]
    net = network(config["model"], x.shape[1])
    adamw, batch, ema = train["optimizer"]["adamw"], config["data"]["batch"], train.get("ema", 0)
    optimizer = torch.optim.AdamW(net.parameters(), lr=adamw["lr"], weight_decay=adamw["weight-decay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, adamw["lr"], total_steps=train["epochs"] * -(-len(rest) // batch), cycle_momentum=False)
    loss = torch.nn.MSELoss() if classes is None else torch.nn.CrossEntropyLoss()
    mean = network(config["model"], x.shape[1])
    mean.load_state_dict(net.state_dict())
    mean.eval()
    best, answer, waited, steps = -np.inf, None, 0, 0
    for _ in range(train["epochs"]):
        net.train()
        for part in rest[torch.randperm(len(rest))].split(batch):
            optimizer.zero_grad()
            loss(net(samples[part]), answers[part]).backward()
            optimizer.step()
            schedule.step()
            for a, b in zip(mean.parameters(), net.parameters()):
                a.data.lerp_(b.data, 1 - min(ema, (1 + steps) / (10 + steps)))
            steps += 1
        with torch.no_grad():
            out = mean(samples[validation])
            score = average_precision_score(answers[validation] == 1, out.softmax(1)[:, 1]) if train.get("monitor") == "pr-auc" else -loss(out, answers[validation]).item()
            waited = 0 if score > best else waited + 1
            if score > best:
                best, answer = score, mean(torch.tensor(test_x, dtype=torch.float32)).numpy()
        if waited >= train["early-stopping"]:
            break
    if classes is None:
        return r2_score(test_y, answer[:, 0])
    return accuracy_score(test_y, np.array(classes)[answer.argmax(1)]) if figure == "accuracy" else average_precision_score(test_y == classes[1], answer[:, 1] - answer[:, 0])


def split_off(rows, at, figure, split):
    return train_test_split(rows, test_size=0.2, random_state=split, stratify=None if figure == "r2" else [r[at] for r in rows])


def once(folder, source, name, split, settings, choose):
    file, target, header, figure = JOBS[name]
    head, rows = read(source / file, header)
    at = head.index(target) if head else int(target)
    rows = [r for r in rows if r[at] not in GAPS]
    own = source / file.replace("train", "test")
    train, test = (rows, read(own, header)[1]) if own.name != file else split_off(rows, at, figure, split)
    if choose:
        train, test = split_off(train, at, figure, split + 100)
    write(folder / f"{name}-train.csv", head, train)
    write(folder / f"{name}-test.csv", head, test)
    found, config = init(folder / f"{name}-train.csv", folder / f"{name}.yaml", "--target", target)
    summary = gpugrad("train", folder / f"{name}.yaml", "--out", folder / f"run-{name}-{split}", "--device", "cpu", "--json", "--set", f"seed={split + 1}", *settings)
    ours = summary["metrics"]["test"][figure]
    if ALONE:
        return {"ours": ours, "seconds": summary["wall_seconds"], "epochs": summary["epochs"]}
    types = [c["type"] for c in found["columns"]]
    x, test_x = encode(train, test, types)
    convert = (lambda r: float(r[at])) if figure == "r2" else (lambda r: r[at].rstrip("."))
    y, test_y = np.array([convert(r) for r in train]), np.array([convert(r) for r in test])
    (shift, scale) = (y.mean(), y.std()) if figure == "r2" else (0, 1)
    torch_y, torch_test = ((y - shift) / scale, (test_y - shift) / scale) if figure == "r2" else (y, test_y)
    return {"ours": ours, "torch": pytorch(x, torch_y, test_x, torch_test, figure, config, split), **peers(x, y, test_x, test_y, figure), "seconds": summary["wall_seconds"], "epochs": summary["epochs"]}


def series(folder, source, name, choose):
    """From the last rows to the next: the last fifth of the rows is the test."""
    file, target, past = SERIES[name]
    head, rows = read(source / file, True)
    if choose:
        rows = rows[: len(rows) - round(0.2 * len(rows))]
    write(folder / file, head, rows)
    found, config = init(folder / file, folder / f"{name}.yaml", "--target", target)
    summary = gpugrad("train", folder / f"{name}.yaml", "--out", folder / f"run-{name}", "--device", "cpu", "--json")
    if ALONE:
        return {"ours": summary["metrics"]["test"]["r2"], "seconds": summary["wall_seconds"], "epochs": summary["epochs"]}
    first = len(rows) - round(0.2 * len(rows))
    # The past of what is predicted is known, too.
    types = ["number" if c["type"] == "target" else c["type"] for c in found["columns"]]
    _, x = encode(rows[:first], rows, types)
    y = numbers([r[head.index(target)] for r in rows])
    at = np.array([t for t in range(past, len(rows)) if not np.isnan(y[t])])
    windows = np.stack([x[t - past : t].T.ravel() for t in at])
    train, test = at < first, at >= first
    mean, deviation = y[at][train].mean(), y[at][train].std()
    given = windows[train], (y[at][train] - mean) / deviation, windows[test], (y[at][test] - mean) / deviation
    return {
        "ours": summary["metrics"]["test"]["r2"],
        "torch": pytorch(*given, "r2", config, 0),
        **peers(*given, "r2"),
        "seconds": summary["wall_seconds"],
        "epochs": summary["epochs"],
    }


def mean_and_error(values):
    """Mean over the splits and its standard error."""
    if values is None:
        return ""
    return f"{values.mean():.4f}" + (f" ± {values.std(ddof=1) / len(values) ** 0.5:.4f}" if len(values) > 1 else "")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("jobs", nargs="*")
    options.add_argument("--splits", type=int, default=3)
    options.add_argument("--set", action="append", default=[])
    options.add_argument("--choose", action="store_true", help="judge by rows out of the training part")
    options.add_argument("--edit", action="append", default=[], metavar="OLD=NEW", help="text of the config to replace")
    options.add_argument("--alone", action="store_true", help="without the others, to compare recipes")
    options.add_argument("--program", help="the program to run, instead of ./gpugrad", nargs="+")
    given = options.parse_args()
    PROGRAM[:] = given.program or PROGRAM
    ALONE[:] = [True] if given.alone else []
    EDITS[:] = [edit.split("=", 1) for edit in given.edit]
    settings = [word for value in given.set for word in ("--set", value)]
    print("| data | figure | ours | PyTorch | ours - PyTorch | linear | perceptron | boosted trees | seconds | epochs |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name in given.jobs or [*JOBS, *(n for n in SERIES if (given.folder / SERIES[n][0]).exists())]:
        splits = 1 if name == "adult" else given.splits
        with tempfile.TemporaryDirectory() as folder:
            results = [series(Path(folder), given.folder, name, given.choose)] if name in SERIES else [once(Path(folder), given.folder, name, s, settings, given.choose) for s in range(splits)]
        found = {k: np.array([r[k] for r in results]) for k in results[0]}
        found["linear"] = found.get("ridge", found.get("logistic"))
        if "torch" in found:
            found["difference"] = found["ours"] - found["torch"]
        figures = " | ".join(mean_and_error(found.get(k)) for k in ("ours", "torch", "difference", "linear", "mlp", "trees"))
        print(f"| {name} | {'r2' if name in SERIES else JOBS[name][3]} | {figures} | {found['seconds'].mean():.1f} | {found['epochs'].mean():.0f} |", flush=True)


if __name__ == "__main__":
    main()
