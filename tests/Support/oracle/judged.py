"""What scikit-learn makes of outputs and answers: a JSON list of cases on standard input's file, a JSON list of figures out."""

import json
import sys
import warnings

import numpy as np
from sklearn import metrics as m

warnings.filterwarnings("ignore")


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def ranks(truth, scores):
    """Means over the columns that hold both positives and negatives."""
    judged = [c for c in range(truth.shape[1]) if 0 < truth[:, c].sum() < len(truth)]
    if not judged:
        return {}
    return {
        "roc_auc": float(np.mean([m.roc_auc_score(truth[:, c], scores[:, c]) for c in judged])),
        "pr_auc": float(np.mean([m.average_precision_score(truth[:, c], scores[:, c]) for c in judged])),
    }


def per_class(truth, guess, k):
    """Precision, recall, F1 and samples of each class; IoU too."""
    figures = m.precision_recall_fscore_support(truth, guess, labels=range(k), zero_division=0)
    iou = m.jaccard_score(truth, guess, labels=range(k), average=None, zero_division=0)
    return [[float(v) for v in row] for row in zip(*figures, iou)]


def classes(case):
    x, y, k = np.array(case["outputs"]), np.array(case["labels"]), case["classes"]
    if x.shape[1] == 1:
        x = np.concatenate([np.zeros_like(x), x], axis=1)
    p, guess = softmax(x), x.argmax(axis=1)
    out = {
        "accuracy": m.accuracy_score(y, guess),
        "balanced_accuracy": m.balanced_accuracy_score(y, guess),
        "macro_precision": m.precision_score(y, guess, average="macro", zero_division=0),
        "macro_recall": m.recall_score(y, guess, average="macro", zero_division=0),
        "macro_f1": m.f1_score(y, guess, average="macro", zero_division=0),
        "weighted_f1": m.f1_score(y, guess, average="weighted", zero_division=0),
        "matthews": m.matthews_corrcoef(y, guess),
    }
    kappa = m.cohen_kappa_score(y, guess)
    out["kappa"] = 0.0 if np.isnan(kappa) else kappa
    if case["logits"]:
        out["log_loss"] = float(-np.log(p[np.arange(len(y)), y]).mean())
        out["brier"] = m.brier_score_loss(y, p[:, 1], pos_label=1) if k == 2 else float(((p - np.eye(k)[y]) ** 2).sum(axis=1).mean())
        confidence, right = p[np.arange(len(y)), guess], guess == y
        edges = np.linspace(0, 1, 16)
        place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, 14)
        out["calibration_error"] = sum(abs(confidence[place == b].sum() - right[place == b].sum()) for b in range(15)) / len(y)
    if k == 2:
        out["precision"] = m.precision_score(y, guess, labels=[0, 1], pos_label=1, zero_division=0)
        out["recall"] = m.recall_score(y, guess, labels=[0, 1], pos_label=1, zero_division=0)
        out["f1"] = m.f1_score(y, guess, labels=[0, 1], pos_label=1, zero_division=0)
        out["specificity"] = m.recall_score(y, guess, labels=[0, 1], pos_label=0, zero_division=0)
        out.update(ranks(y[:, None] == 1, (x[:, 1] - x[:, 0])[:, None]))
    else:
        out.update(ranks(np.eye(k, dtype=int)[y], p if case["logits"] else x))
    out["per_class"] = per_class(y, guess, k)
    out["confusion"] = m.confusion_matrix(y, guess, labels=range(k)).tolist()
    if k > 5:
        out["top_5_accuracy"] = float(np.mean([(row > row[c]).sum() + (row[:c] == row[c]).sum() < 5 for row, c in zip(x, y)]))
    return out


def labels(case):
    x, y = np.array(case["outputs"]), np.array(case["labels"])
    guess = (x > 0).astype(int)
    p = 1 / (1 + np.exp(-x))
    out = {"subset_accuracy": m.accuracy_score(y, guess), "hamming_loss": m.hamming_loss(y, guess), "log_loss": float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())}
    for average in ["micro", "macro"]:
        out[f"{average}_precision"] = m.precision_score(y, guess, average=average, zero_division=0)
        out[f"{average}_recall"] = m.recall_score(y, guess, average=average, zero_division=0)
        out[f"{average}_f1"] = m.f1_score(y, guess, average=average, zero_division=0)
    out["per_class"] = [per_class(y[:, c], guess[:, c], 2)[1] for c in range(y.shape[1])]
    out["samples_f1"] = m.f1_score(y, guess, average="samples", zero_division=0)
    out.update(ranks(y, x))
    return out


def numbers(case):
    x, y = np.array(case["outputs"]), np.array(case["targets"])
    mse = m.mean_squared_error(y, x)
    return {"mae": m.mean_absolute_error(y, x), "mse": mse, "rmse": mse**0.5, "r2": m.r2_score(y, x), "mape": m.mean_absolute_percentage_error(y, x), "max_error": float(np.abs(x - y).max())}


def masks(case):
    x, y = np.array(case["outputs"]), np.array(case["labels"])
    n, pixels = y.shape
    x = x.reshape(n, -1, pixels)
    if x.shape[1] == 1:
        x = np.concatenate([np.zeros_like(x), x], axis=1)
    y, guess = y.ravel(), x.argmax(axis=1).ravel()
    y, guess = y[y >= 0], guess[y >= 0]
    out = {
        "accuracy": m.accuracy_score(y, guess),
        "balanced_accuracy": m.balanced_accuracy_score(y, guess),
        "mean_iou": m.jaccard_score(y, guess, average="macro", zero_division=0),
        "mean_dice": m.f1_score(y, guess, average="macro", zero_division=0),
    }
    out["per_class"] = per_class(y, guess, case["classes"])
    out["confusion"] = m.confusion_matrix(y, guess, labels=range(case["classes"])).tolist()
    if case["classes"] == 2:
        one = {"labels": [0, 1], "pos_label": 1, "zero_division": 0}
        out |= {"iou": m.jaccard_score(y, guess, **one), "dice": m.f1_score(y, guess, **one), "precision": m.precision_score(y, guess, **one), "recall": m.recall_score(y, guess, **one)}
    return out


def maps(case):
    x, y = np.array(case["outputs"]), np.array(case["targets"])
    mse = m.mean_squared_error(y, x)
    out = {"mae": m.mean_absolute_error(y, x), "mse": mse, "rmse": mse**0.5, "max_error": m.max_error(y, x)}
    raw = (((x - y) / np.tile(case["scale"], len(y) // len(case["scale"]))) ** 2).mean()  # in the samples' own unit
    if raw > 0 and case["range"] > 0:
        out["psnr"] = 10 * np.log10(case["range"] ** 2 / raw)
    return out


kinds = {"classes": classes, "labels": labels, "numbers": numbers, "masks": masks, "maps": maps}
with open(sys.argv[1], encoding="utf-8") as file:
    json.dump([kinds[case["kind"]](case) for case in json.load(file)], sys.stdout)
