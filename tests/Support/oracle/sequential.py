"""
The torch.nn.Sequential that a GpuGrad model is equivalent to: a config's `model:` list, as parsed YAML or JSON, becomes
modules whose state_dict has GpuGrad's names and shapes. Where PyTorch has no such layer it is written out here.
"""
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SHORTHAND = {
    "dense": "units", "maxpool": "kernel", "avgpool": "kernel", "groupnorm": "groups", "dropout": "rate", "permute": "axes",
    "reshape": "shape", "residual": "layers", "upsample": "factor", "branch": "paths", "leaky-relu": "slope", "elu": "alpha", "softplus": "beta",
    "prelu": "slope",
}


class HardSigmoid(nn.Module):
    """By its formula: PyTorch 1.13 multiplies the gradient by 1/6 rounded to float, even in double."""

    def forward(self, x):
        return (x + 3).clamp(0, 6) / 6


class PReLU(nn.PReLU):
    """With a slope for each place of the last axis too."""

    def __init__(self, shape, slope=0.25, slopes="one"):
        super().__init__({"one": 1, "channel": shape[0], "feature": shape[-1]}[slopes], slope)
        self.last = slopes == "feature"

    def forward(self, x):
        return super().forward(x.movedim(-1, 1)).movedim(1, -1) if self.last else super().forward(x)


ACTIVATIONS = {
    "relu": nn.ReLU, "leaky-relu": lambda slope=0.01: nn.LeakyReLU(slope), "elu": lambda alpha=1.0: nn.ELU(alpha), "selu": nn.SELU,
    "gelu": nn.GELU, "gelu-tanh": lambda: nn.GELU(approximate="tanh"), "silu": nn.SiLU, "mish": nn.Mish,
    # Beyond its threshold torch's softplus gives x itself; 50 keeps that below the digits of a double.
    "softplus": lambda beta=1.0: nn.Softplus(beta, threshold=50), "sigmoid": nn.Sigmoid, "tanh": nn.Tanh,
    "hard-sigmoid": HardSigmoid, "hard-swish": nn.Hardswish, "relu6": nn.ReLU6, "hard-tanh": nn.Hardtanh,
}
MASK32 = 0xFFFFFFFF


def settings_of(layer):
    """The name and the settings of a layer, shorthand written out."""
    name, given = (layer, {}) if isinstance(layer, str) else next(iter(layer.items()))
    if isinstance(given, dict):
        return name, dict(given)
    return name, {} if given is None else {SHORTHAND.get(name) or sequences.SHORTHAND[name]: given}


def written_out(layers):
    """A list without repeats; a repeated name gets a number."""
    flat = []
    for layer in layers:
        name, settings = settings_of(layer)
        flat += written_out(settings["layers"]) * settings["times"] if name == "repeat" else [layer]
    return flat


def paths_of(layers):
    """(own name, layer) for each layer of a flat list."""
    seen, named = {}, []
    for i, layer in enumerate(layers):
        name = settings_of(layer)[1].get("name")
        if name is not None:
            seen[name] = seen.get(name, 0) + 1
            name = name if seen[name] == 1 else f"{name}-{seen[name]}"
        named.append((name or str(i), layer))
    return named


class Clock:
    """What random masks follow from: the seed, and the batches done before."""

    def __init__(self, seed):
        self.seed, self.step, self.streams = seed, 0, 0
        self.tables, self.lengths = {}, None  # embeddings by name, real steps of each sample


def philox(c0, c1, c2, c3, seed):
    """Philox 4x32-10 as published, over arrays of counters; four columns of words."""
    c = [np.broadcast_to(np.uint64(v), np.shape(c0)).copy() for v in (c0, c1, c2, c3)]
    k, low, word = [seed & MASK32, seed >> 32], np.uint64(MASK32), np.uint64(32)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> word) ^ c[1] ^ np.uint64(k[0]), p1 & low, (p0 >> word) ^ c[3] ^ np.uint64(k[1]), p0 & low]
        k = [(k[0] + 0x9E3779B9) & MASK32, (k[1] + 0xBB67AE85) & MASK32]
    return np.stack(c, -1)


class Dropout(nn.Module):
    """nn.Dropout with a mask of its own: element i is kept where the upper 24 bits of word i mod 4 of counter i / 4 reach the rate."""

    def __init__(self, clock, rate=0.5, channels=False):
        super().__init__()
        self.clock, self.rate, self.channels = clock, rate, channels
        if rate > 0:
            self.stream, clock.streams = clock.streams, clock.streams + 1

    def forward(self, x):
        if self.rate == 0 or not self.training:
            return x
        shape = x.shape[:2] + (1,) * (x.dim() - 2) if self.channels else x.shape
        count, step = int(np.prod(shape)), self.clock.step
        words = philox(np.arange((count + 3) // 4), self.stream, step & MASK32, ((step >> 32) << 8 | 3) & MASK32, self.clock.seed)
        kept = (words.ravel()[:count] >> np.uint64(8)) / 2.0**24 >= self.rate
        return x * torch.from_numpy(kept.reshape(shape)) / (1 - self.rate)


class Embedding(nn.Embedding):
    def forward(self, x):
        return super().forward(x.long())


class Permute(nn.Module):
    def __init__(self, axes):
        super().__init__()
        self.axes = axes

    def forward(self, x):
        return x.permute(0, *(a + 1 for a in self.axes))


class Reshape(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(x.shape[0], *self.shape)


class Residual(nn.Sequential):
    """Layers under their own numbers, those of the other path under `shortcut`."""

    def __init__(self, body, shortcut):
        super().__init__(OrderedDict(body))
        self.body = [m for _, m in body]
        if shortcut:
            self.shortcut = nn.Sequential(OrderedDict(shortcut))

    def forward(self, x):
        y = x
        for module in self.body:
            y = module(y)
        return y + (self.shortcut(x) if hasattr(self, "shortcut") else x)


class Branch(nn.Sequential):
    def __init__(self, paths, join):
        super().__init__(*paths)
        self.join = join

    def forward(self, x):
        results = [path(x) for path in self]
        if self.join == "concat":
            return torch.cat(results, 1)
        y = results[0]
        for other in results[1:]:
            y = y + other if self.join == "add" else y * other
        return y


def pair(value, signal):
    """A size for each axis that there is."""
    rows, columns = value if isinstance(value, list) else (value, value)
    return (columns,) if signal else (rows, columns)


def sides_of(padding, spatial, kernel, stride, dilation):
    """Per axis (before, after)."""
    if padding == "valid":
        return [(0, 0)] * len(spatial)
    if padding == "same":
        totals = [max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n) for n, k, s, d in zip(spatial, kernel, stride, dilation)]
        return [(t // 2, t - t // 2) for t in totals]
    four = padding if isinstance(padding, list) and len(padding) == 4 else [s for s in pair(padding, False) for _ in (0, 1)]
    return [(four[0], four[1]), (four[2], four[3])][-len(spatial):]


def for_pad(sides):
    """As F.pad wants it: the last axis first."""
    return [n for side in reversed(sides) for n in side]


def conv(shape, filters, kernel, stride=1, padding="valid", dilation=1, groups=1, bias=True):
    signal, spatial = len(shape) == 2, shape[1:]
    kernel, stride, dilation = pair(kernel, signal), pair(stride, signal), pair(dilation, signal)
    sides = sides_of(padding, spatial, kernel, stride, dilation)
    symmetric = all(a == b for a, b in sides)
    module = (nn.Conv1d if signal else nn.Conv2d)(
        shape[0], filters, kernel, stride, tuple(a for a, _ in sides) if symmetric else 0, dilation, groups, bias)
    if not symmetric:
        module.register_forward_pre_hook(lambda _, x: (F.pad(x[0], for_pad(sides)),))
    return module


class CutTranspose(nn.Module):
    """A transposed convolution whose sides are cut off by different amounts."""

    def __init__(self, whole, sides, extra):
        super().__init__()
        self.weight, self.bias = whole.weight, whole.bias
        self.call = [F.conv_transpose1d, F.conv_transpose2d][len(sides) - 1]
        self.settings, self.sides, self.extra = (whole.stride, whole.groups, whole.dilation), sides, extra

    def forward(self, x):
        stride, groups, dilation = self.settings
        y = F.pad(self.call(x, self.weight, None, stride, 0, 0, groups, dilation), for_pad([(0, self.extra)] * len(self.sides)))
        y = F.pad(y, for_pad([(-a, -b) for a, b in self.sides]))
        return y if self.bias is None else y + self.bias.reshape(-1, *[1] * len(self.sides))


def conv_transpose(shape, filters, kernel, stride=1, padding="valid", output_padding=0, dilation=1, groups=1, bias=True):
    signal, spatial = len(shape) == 2, shape[1:]
    kernel, stride, dilation = pair(kernel, signal), pair(stride, signal), pair(dilation, signal)
    sides = sides_of(padding, spatial, kernel, (1,) * len(spatial), dilation)
    symmetric = all(a == b for a, b in sides)
    module = (nn.ConvTranspose1d if signal else nn.ConvTranspose2d)(
        shape[0], filters, kernel, stride, tuple(a for a, _ in sides) if symmetric else 0, output_padding, groups, bias, dilation)
    return module if symmetric else CutTranspose(module, sides, output_padding)


class Pool(nn.Module):
    """Windows over the padded input; the largest, or the mean, of each."""

    def __init__(self, shape, largest, kernel, stride=None, padding="valid", ties="first", count_padding=True):
        super().__init__()
        signal = len(shape) == 2
        self.kernel = pair(kernel, signal)
        self.stride = self.kernel if stride is None else pair(stride, signal)
        self.sides = sides_of(padding, shape[1:], self.kernel, self.stride, (1, 1))
        self.largest, self.ties, self.count_padding = largest, ties, count_padding

    def windows(self, x, fill):
        x = F.pad(x, for_pad(self.sides), value=fill)
        for axis, (k, s) in enumerate(zip(self.kernel, self.stride)):
            x = x.unfold(2 + axis, k, s)
        return x.flatten(2 + len(self.kernel))

    def forward(self, x):
        if not self.largest:
            total = self.windows(x, 0).sum(-1)
            return total / (np.prod(self.kernel) if self.count_padding else self.windows(torch.ones_like(x), 0).sum(-1))
        if self.ties == "split":
            return self.windows(x, -np.inf).amax(-1)
        pool = [F.max_pool1d, F.max_pool2d][len(self.kernel) - 1]
        return pool(F.pad(x, for_pad(self.sides), value=-np.inf), self.kernel, self.stride)


class GlobalPool(nn.Module):
    def __init__(self, largest, ties="first"):
        super().__init__()
        self.largest, self.ties = largest, ties

    def windows(self, x, _):
        return x.flatten(2)

    def forward(self, x):
        if not self.largest:
            return self.windows(x, 0).mean(-1)
        return self.windows(x, 0).amax(-1) if self.ties == "split" else F.adaptive_max_pool1d(self.windows(x, 0), 1)[..., 0]


def upsample(shape, factor=None, size=None, mode="nearest"):
    signal = len(shape) == 2
    mode = "linear" if signal and mode == "bilinear" else mode
    return nn.Upsample(pair(size, signal) if size else None, None if size else pair(factor or 2, signal), mode, None if mode == "nearest" else False)


def norm(name, shape, settings):
    eps, affine = settings.get("epsilon", 1e-5), settings.get("affine", True)
    if name == "batchnorm":
        kind = [nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d][len(shape) - 1]
        return kind(shape[0], eps, settings.get("momentum", 0.1), affine)
    if name == "groupnorm":
        return nn.GroupNorm(settings["groups"], shape[0], eps, affine)
    axes = settings.get("axes", len(shape))
    return nn.LayerNorm(shape[len(shape) - axes:], eps, affine)


def module_of(layer, shape, clock):
    name, settings = settings_of(layer)
    settings = {k.replace("-", "_"): v for k, v in settings.items() if k not in ("name", "init", "bias-init")}
    if name in sequences.MODULES:
        return sequences.MODULES[name](clock, shape, **settings)
    if name == "prelu":
        return PReLU(shape, **settings)
    if name in ACTIVATIONS:
        return ACTIVATIONS[name](**settings)
    if name == "dense" and "tied" in settings:
        return sequences.TiedLinear(clock.tables[str(settings["tied"])], settings.get("bias", True))
    if name == "dense":
        return nn.Linear(shape[-1], settings["units"], settings.get("bias", True))
    if name in ("conv", "conv-transpose"):
        return (conv if name == "conv" else conv_transpose)(shape, **settings)
    if name in ("maxpool", "avgpool"):
        return Pool(shape, name == "maxpool", **settings)
    if name == "upsample":
        return upsample(shape, **settings)
    if name in ("global-maxpool", "global-avgpool"):
        return GlobalPool(name == "global-maxpool", **settings)
    if name.endswith("norm"):
        return norm(name, shape, settings)
    if name == "residual":
        return Residual(modules_of(settings["layers"], shape, clock)[0], modules_of(settings.get("shortcut", []), shape, clock)[0])
    if name == "branch":
        paths = [nn.Sequential(OrderedDict(modules_of(p, shape, clock)[0])) for p in settings["paths"]]
        return Branch(paths, settings.get("join", "concat"))
    return {
        "dropout": lambda: Dropout(clock, **settings),
        "embedding": lambda: Embedding(settings["rows"], settings["width"]),
        "softmax": lambda: nn.Softmax(-1),
        "log-softmax": lambda: nn.LogSoftmax(-1),
        "permute": lambda: Permute(settings["axes"]),
        "flatten": nn.Flatten,
        "reshape": lambda: Reshape(settings["shape"]),
    }[name]()


def modules_of(layers, shape, clock):
    """([(own name, module)], shape of a sample behind them)."""
    modules = []
    for name, layer in paths_of(written_out(layers)):
        module = module_of(layer, tuple(shape), clock)
        module.is_layer = True
        if isinstance(module, Embedding):
            clock.tables[name] = module
        with torch.no_grad():
            shape = module.eval()(torch.zeros(2, *shape)).shape[1:]
        modules.append((name, module.train()))
    return modules, tuple(shape)


import sequences  # noqa: E402 (it uses this module)


def build(layers, shape, seed=1):
    """(the Sequential, shape of its output for a sample, the clock of its random masks)."""
    clock = Clock(seed)
    modules, output = modules_of(layers, tuple(shape), clock)
    return nn.Sequential(OrderedDict(modules)), output, clock
