"""Draws GpuGrad configs at random: networks out of every layer, with a loss, an optimizer, a schedule and what goes with them."""
import numpy as np

import sequential

SAME_SHAPE = ["batchnorm", "layernorm", "groupnorm", "dropout", "softmax", "log-softmax", "prelu", *sequential.ACTIVATIONS]
LAYERS = ["dense", "conv", "conv-transpose", "maxpool", "avgpool", "global-avgpool", "global-maxpool", "embedding", "permute", "flatten",
          "reshape", "residual", "branch", "repeat", "upsample", *SAME_SHAPE]
SEQUENCES = ["rmsnorm", "positions", "attention", "transformer", "rnn", "lstm", "gru", "conv1d", "time-pool"]  # layers over sequences [T, F]
LOSSES = ["softmax-cross-entropy", "bce-with-logits", "hinge", "squared-hinge", "squared-error", "mse", "mae", "huber", "focal", "dice", "kl-divergence",
          "quantile", "poisson", "combined"]
CLASS_LOSSES = {"softmax-cross-entropy", "hinge", "squared-hinge", "focal", "dice", "combined"}  # never of numbers
NUMBER_LOSSES = {"quantile", "poisson"}  # never of classes
MASK_LOSSES = {"softmax-cross-entropy", "bce-with-logits", "focal", "dice", "combined"}  # of a class for each pixel too
MAP_LOSSES = {"squared-error", "mse", "mae", "huber", "quantile", "poisson", "kl-divergence", "bce-with-logits"}  # of target images too
IGNORED = 255
OPTIMIZERS = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lion"]
SCHEDULES = ["constant", "step", "multi-step", "exponential", "polynomial", "cosine", "one-cycle", "plateau"]
SPATIAL = {"conv", "conv-transpose", "maxpool", "avgpool", "global-avgpool", "global-maxpool", "upsample"}
# Not in the middle of a network: they leave a signal nearly constant, and rounding would be all that remains.
ENDING = {"softmax", "log-softmax", "global-avgpool", "global-maxpool", "flatten"}
LARGEST = 260  # numbers of a sample between two layers


class Refused(Exception):
    """A draw that does not fit; another is made."""


class Draw:
    def __init__(self, seed):
        self.r = np.random.default_rng(seed)

    def chance(self, p):
        return self.r.random() < p

    def pick(self, items):
        return items[int(self.r.integers(len(items)))]

    def whole(self, low, high):
        return int(self.r.integers(low, high + 1))

    def real(self, low, high):
        """Three digits, as a person would write it."""
        return float(f"{self.r.uniform(low, high):.3g}")

    # ── layers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def size(self, high):
        """A number for both axes, or one for each."""
        return [self.whole(1, high), self.whole(1, high)] if self.chance(0.35) else self.whole(1, high)

    def padding(self, kernel, settings):
        """In one of the five forms, or none; below the kernel on each side."""
        rows, columns = kernel if isinstance(kernel, list) else (kernel, kernel)
        form = self.pick(["none", "valid", "same", "number", "pair", "four", "four"])
        if form in ("valid", "same"):
            settings["padding"] = form
        elif form == "number":
            settings["padding"] = self.whole(0, min(rows, columns) - 1)
        elif form == "pair":
            settings["padding"] = [self.whole(0, rows - 1), self.whole(0, columns - 1)]
        elif form == "four":
            settings["padding"] = [self.whole(0, rows - 1), self.whole(0, rows - 1), self.whole(0, columns - 1), self.whole(0, columns - 1)]

    def optional(self, settings, key, value, p=0.4):
        if self.chance(p):
            settings[key] = value()

    def groups_of(self, n):
        return self.pick([g for g in range(1, n + 1) if n % g == 0]) if self.chance(0.4) else 1

    def conv(self, name, shape):
        groups = self.groups_of(shape[0])
        kernel = self.size(4)
        s = {"filters": groups * self.whole(1, 3), "kernel": kernel}
        self.optional(s, "stride", lambda: self.size(3))
        self.optional(s, "dilation", lambda: self.size(2), 0.25)
        self.padding(kernel, s)
        if groups > 1:
            s["groups"] = groups
        self.optional(s, "bias", lambda: self.chance(0.3))
        if name == "conv-transpose" and "stride" in s:
            stride = s["stride"] if isinstance(s["stride"], list) else [s["stride"]] * 2
            self.optional(s, "output-padding", lambda: self.whole(0, min(stride if len(shape) == 3 else stride[1:]) - 1))
        return {name: s}

    def pool(self, name, shape):
        kernel = self.size(3)
        s = {"kernel": kernel}
        self.optional(s, "stride", lambda: self.size(3))
        self.padding(kernel, s)
        if name == "maxpool":
            self.optional(s, "ties", lambda: self.pick(["first", "split"]))
        else:
            self.optional(s, "count-padding", lambda: self.chance(0.3))
        return {name: s["kernel"] if set(s) == {"kernel"} and self.chance(0.5) else s}

    def upsample(self, shape):
        s = {"size": self.size(9)} if self.chance(0.4) else {"factor": self.size(3)} if self.chance(0.7) else {}
        self.optional(s, "mode", lambda: self.pick(["bilinear", "nearest"]), 0.7)
        return {"upsample": s["factor"] if set(s) == {"factor"} and self.chance(0.5) else s} if s else "upsample"

    def same_conv(self, shape, filters):
        return {"conv": {"filters": filters, "kernel": self.pick([1, 2, 3]), "padding": "same"}}

    def keeping(self, shape, count):
        """Layers that leave the shape as it is."""
        layers = []
        for _ in range(count):
            mixing = self.same_conv(shape, shape[0]) if len(shape) > 1 and self.chance(0.7) else {"dense": shape[-1]} if len(shape) < 3 else self.same_conv(shape, shape[0])
            layers.append(mixing if self.chance(0.5) else self.layer(self.pick([n for n in SAME_SHAPE if n not in ENDING]), shape))
        return layers

    def residual(self, shape):
        if len(shape) == 1 or self.chance(0.5):
            body = self.keeping(shape, self.whole(1, 3))
            return {"residual": body if self.chance(0.6) else {"layers": body}}
        filters, stride = self.whole(1, 4), self.whole(1, 2)
        body = [{"conv": {"filters": filters, "kernel": 3, "stride": stride, "padding": 1}}, *self.keeping((filters, 4, 4)[:len(shape)], self.whole(0, 1))]
        shortcut = [{"conv": {"filters": filters, "kernel": 1, "stride": stride, "bias": False}}] + (["batchnorm"] if self.chance(0.3) else [])
        return {"residual": {"layers": body, "shortcut": shortcut}}

    def branch(self, shape):
        join = self.pick(["concat", "add", "multiply"])
        count = self.whole(1, 3)
        if join == "concat" and len(shape) > 1:
            paths = [[self.same_conv(shape, self.whole(1, 3)), *self.keeping_none()] for _ in range(count)]
        elif join == "concat":
            paths = [[{"dense": self.whole(1, 5)}] for _ in range(count)]
        else:
            paths = [self.keeping(shape, self.whole(1, 2)) for _ in range(count)]
        paths += [[]] if self.chance(0.4) else []
        return {"branch": paths if join == "concat" and self.chance(0.6) else {"paths": paths, "join": join}}

    def keeping_none(self):
        return [self.pick(["relu", "tanh", "gelu"])] if self.chance(0.5) else []

    def reshape(self, shape):
        """To one, two or three sizes, one of them perhaps left to be computed."""
        n = int(np.prod(shape))
        target = [n]
        for _ in range(self.whole(0, 2)):
            first = self.pick([d for d in range(1, target[-1] + 1) if target[-1] % d == 0 and d <= 8])
            target[-1:] = [first, target[-1] // first]
        if self.chance(0.4):
            target[self.whole(0, len(target) - 1)] = -1
        return {"reshape": target}

    def norm(self, name, shape):
        s = {}
        if name == "groupnorm":
            s["groups"] = self.pick([g for g in range(1, shape[0] + 1) if shape[0] % g == 0])
        if name == "layernorm":
            self.optional(s, "axes", lambda: self.whole(1, len(shape)), 0.5)
        if name == "batchnorm":
            self.optional(s, "momentum", lambda: self.real(0, 1), 0.3)
        self.optional(s, "epsilon", lambda: self.pick([1e-5, 1e-3, 0.01]), 0.3)
        self.optional(s, "affine", lambda: self.chance(0.4), 0.3)
        return {name: s["groups"] if name == "groupnorm" and len(s) == 1 else s} if s else name

    def layer(self, name, shape):
        if name in ("conv", "conv-transpose"):
            return self.conv(name, shape)
        if name in ("maxpool", "avgpool"):
            return self.pool(name, shape)
        if name == "upsample":
            return self.upsample(shape)
        if name == "global-maxpool":
            return {name: {"ties": self.pick(["first", "split"])}} if self.chance(0.5) else name
        if name.endswith("norm"):
            return self.norm(name, shape)
        parameter = sequential.SHORTHAND.get(name)
        if name in sequential.ACTIVATIONS and parameter:
            value = self.real(0, 1.5) if name == "leaky-relu" else self.real(0.2, 3)
            return self.pick([name, {name: value}, {name: {parameter: value}}])
        return {
            "dense": lambda: {"dense": self.pick([self.whole(1, 9), {"units": self.whole(1, 9), "bias": False}, {"units": self.whole(1, 9)}])},
            "dropout": lambda: self.pick([{"dropout": 0}, "dropout", {"dropout": self.real(0.05, 0.8)}, *([{"dropout": {"rate": self.real(0.1, 0.6), "channels": True}}] * (len(shape) > 1))]),
            "prelu": lambda: self.pick(["prelu", {"prelu": self.real(-0.5, 1.2)}, *({"prelu": {"slope": self.real(0.05, 0.5), "slopes": of}} for of in ("one", "channel", "feature"))]),
            "permute": lambda: {"permute": [int(a) for a in self.r.permutation(len(shape))]},
            "reshape": lambda: self.reshape(shape),
            "residual": lambda: self.residual(shape),
            "branch": lambda: self.branch(shape),
            "repeat": lambda: {"repeat": {"times": self.whole(2, 3), "layers": self.keeping(shape, self.whole(1, 2))}},
        }.get(name, lambda: name)()

    # ── sequences ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def sequence_layer(self, name, shape):
        """A layer over [T, F] with settings at random."""
        s, width = {}, shape[1]
        heads = self.pick([h for h in range(1, width + 1) if width % h == 0])
        if name == "rmsnorm":
            return self.norm(name, shape)
        if name == "time-pool":
            return self.pick([name, *({name: pooling} for pooling in ("mean", "max", "last"))])
        if name in ("rnn", "lstm", "gru"):
            return self.recurrent(name)
        if name == "conv1d":
            groups = self.pick([g for g in range(1, width + 1) if width % g == 0]) if self.chance(0.3) else 1
            s = {"filters": groups * self.whole(1, 3), "kernel": self.whole(1, 4)}
            self.optional(s, "padding", lambda: self.pick(["same", "causal"]), 0.7)
            self.optional(s, "dilation", lambda: self.whole(1, 3), 0.4)
            self.optional(s, "bias", lambda: False, 0.3)
            return {name: s if groups == 1 else s | {"groups": groups}}
        if name == "positions":
            return self.pick([name, {name: "sinusoidal"}, {name: "learned"}])
        if name in ("attention", "transformer"):
            s["heads"] = heads
            self.optional(s, "kv-heads", lambda: self.pick([g for g in range(1, heads + 1) if heads % g == 0]))
            self.optional(s, "causal", lambda: self.chance(0.8), 0.5)
            if width // heads % 2 == 0:
                self.optional(s, "rotary", lambda: True, 0.5)
            if "rotary" not in s:
                self.optional(s, "alibi", lambda: True, 0.5)
            self.optional(s, "bias", lambda: False, 0.2)
        if name == "attention" and "rotary" in s:
            self.optional(s, "rotary-base", lambda: self.real(10, 1000), 0.3)
        self.optional(s, "dropout" if name == "attention" else "attention-dropout", lambda: self.real(0.05, 0.6), 0.3)
        if name == "transformer":
            self.optional(s, "feed-forward", lambda: self.whole(1, 9))
            self.optional(s, "activation", lambda: self.pick(["gelu", "gelu-tanh", "silu", "swiglu"]), 0.7)
            self.optional(s, "norm", lambda: self.pick(["layernorm", "rmsnorm"]), 0.5)
            self.optional(s, "norm-first", lambda: self.chance(0.3), 0.5)
            self.optional(s, "dropout", lambda: self.real(0.05, 0.4), 0.2)
        return {name: s["heads"] if set(s) == {"heads"} and self.chance(0.5) else s}

    def recurrent(self, name):
        s = {"units": self.whole(1, 5)}
        self.optional(s, "layers", lambda: self.whole(1, 3), 0.5)
        self.optional(s, "bidirectional", lambda: self.chance(0.7), 0.5)
        self.optional(s, "return", lambda: self.pick(["all", "last"]), 0.7)
        self.optional(s, "bias", lambda: self.chance(0.3), 0.3)
        if s.get("layers", 1) > 1:
            self.optional(s, "dropout", lambda: self.real(0.1, 0.6), 0.5)
        if name == "rnn":
            self.optional(s, "activation", lambda: self.pick(["tanh", "relu"]), 0.7)
        return {name: s["units"] if len(s) == 1 and self.chance(0.5) else s}

    def sequence_network(self, focus, outputs, places):
        """As `network`: over tokens or a series, ending in a class for each position, or in one row of outputs."""
        steps, width, layers = self.whole(2, 7), self.pick([2, 4, 6, 8]), []
        given = (steps,) if self.chance(0.6) else (steps, width)
        rows = outputs if self.chance(0.3) else self.whole(2, 7)
        if len(given) == 1:
            layers.append({"embedding": {"name": "tokens", "rows": max(2, rows), "width": width}})
        shape = (steps, width)
        for name in [*([self.pick([n for n in SEQUENCES if n != "time-pool"])] if self.chance(0.3) else []), focus]:
            layers.append(self.sequence_layer(name, shape))
            shape = sequential.build(layers, given)[1]
            if len(shape) < 2:
                break
        if places and len(shape) == 2:
            tied = len(given) == 1 and rows == outputs and shape == (steps, width)
            layers.append({"dense": {"units": outputs, "tied": "tokens"}} if tied else {"dense": outputs})
        else:
            layers += (["flatten"] if len(shape) > 1 else []) + [{"dense": outputs}]
        return given, layers, sequential.build(layers, given)[1]

    def sequence_config(self, focus, optimizer, schedule):
        """(config as a tree, x, y, lengths or None) of a network over sequences."""
        loss, classes, batch, places = self.pick(["softmax-cross-entropy", "focal"]), self.whole(2, 5), self.whole(1, 6), self.chance(0.6)
        shape, layers, output = self.sequence_network(focus, classes, places)
        parameters = [n for n, _ in sequential.build(layers, shape)[0].named_parameters()]
        data = {"shape": list(shape), "classes": classes, "batch": batch}
        lengths = self.r.integers(1, shape[0] + 1, batch) if self.chance(0.4) else None
        y = self.r.integers(0, classes, batch)
        if len(output) == 2:
            data["target-shape"] = [shape[0]]
            y = self.r.integers(0, classes, (batch, shape[0]))
            if lengths is not None:
                y[np.arange(shape[0])[None] >= lengths[:, None]] = -1
        config = {"seed": self.whole(0, 2**31), "data": data, "model": layers, "loss": self.loss(loss, classes), "train": self.train(optimizer, schedule, parameters)}
        return config, self.samples(shape, layers, batch), y, lengths

    def named(self, layer, names):
        """Sometimes a name instead of the number."""
        name, settings = sequential.settings_of(layer)
        if name == "repeat" or not self.chance(0.12):
            return layer
        own = self.pick(["first", "block", "fc", "my_layer", "Layer-2", "out"])
        if own in names:
            return layer
        names.add(own)
        return {name: settings | {"name": own}}

    # ── networks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def fits(self, name, shape):
        if name in SPATIAL:
            return len(shape) in (2, 3)
        return name != "embedding" and (name != "dense" or len(shape) <= 2)

    def input_for(self, focus):
        """Shape of a sample, and the embedding that a network over tokens begins with."""
        kind = "tokens" if focus == "embedding" else self.pick(["image", "image", "signal"] + ([] if focus in SPATIAL else ["vector", "tokens"]))
        if kind == "tokens":
            return (self.whole(1, 5),), [{"embedding": {"rows": self.whole(1, 7), "width": self.whole(1, 6)}}]
        if kind == "vector":
            return (self.pick([1, 3, 7, 12]),), []
        size = lambda: self.pick([1, 3, 5, 6, 7, 8]) if focus not in SPATIAL else self.pick([3, 5, 6, 7, 8, 9])
        return ((self.whole(1, 4), size(), size()) if kind == "image" else (self.whole(1, 5), self.pick([1, 4, 9, 13]))), []

    def network(self, focus, outputs, places=False):
        """(shape of a sample, layers, shape of the outputs); the last layer gives `outputs` numbers, or so many of each pixel."""
        shape, layers = self.input_for(focus)
        given, names = shape, set()
        shape = sequential.build(layers, given)[1]
        def add(layer):
            nonlocal shape
            layers.append(self.named(layer, names))
            try:
                shape = sequential.build(layers, given)[1]
            except (RuntimeError, ValueError, ZeroDivisionError) as e:
                raise Refused(str(e))
            if not 1 <= np.prod(shape) <= LARGEST:
                raise Refused("size")
        before = ["conv", "conv-transpose", "maxpool", "avgpool", "batchnorm", "relu", "tanh", "residual"] if focus in SPATIAL else [n for n in LAYERS if n not in ENDING]
        for _ in range(self.whole(0, 2)):
            add(self.layer(self.pick([n for n in before if self.fits(n, shape)]), shape))
        if focus != "embedding":
            if not self.fits(focus, shape):
                raise Refused("focus")
            add(self.layer(focus, shape))
        for _ in range(self.whole(0, 2)):
            add(self.layer(self.pick([n for n in LAYERS if n not in ENDING and self.fits(n, shape)]), shape))
        if places:
            if len(shape) != 3:
                n = int(np.prod(shape))
                rows = self.pick([d for d in range(1, n + 1) if n % d == 0])
                add({"reshape": [1, rows, n // rows]})
            add({"conv": {"filters": outputs, "kernel": 1}})
        elif len(shape) > 1 and self.chance(0.2):
            add({"conv": {"filters": outputs, "kernel": 1}})
            add(self.pick(["global-avgpool", "global-maxpool"]))
        else:
            if len(shape) > 1:
                add("flatten")
            add({"dense": outputs})
        return given, layers, shape

    # ── everything else ─────────────────────────────────────────────────────────────────────────────────────────────────

    def loss(self, name, classes, masks=False):
        s = {}
        if name == "softmax-cross-entropy":
            self.optional(s, "label-smoothing", lambda: self.real(0.01, 0.3))
            self.optional(s, "class-weights", lambda: [self.real(0.2, 3) for _ in range(classes)], 0.3)
        elif "hinge" in name:
            s = self.pick([{}, self.real(0.1, 2), {"margin": self.real(0.1, 2)}])
        elif name == "bce-with-logits":
            self.optional(s, "positive-weight", lambda: self.real(0.3, 4))
        elif name == "huber":
            s = self.pick([{}, self.real(0.1, 2), {"delta": self.real(0.1, 2)}])
        elif name == "focal":
            self.optional(s, "gamma", lambda: self.real(0.5, 3))
            self.optional(s, "class-weights", lambda: [self.real(0.2, 3) for _ in range(classes)], 0.3)
        elif name == "dice":
            self.optional(s, "smooth", lambda: self.real(0.1, 2))
            self.optional(s, "background", lambda: False)
            self.optional(s, "class-weights", lambda: [self.real(0.2, 3) for _ in range(classes)], 0.3)
        elif name == "quantile":
            s = self.pick([{}, self.real(0.05, 0.95), {"level": self.real(0.05, 0.95)}])
        elif name == "combined":
            parts = [self.loss(n, classes, masks) for n in ("softmax-cross-entropy", "dice" if masks else "hinge", "focal")]
            s = self.pick([parts, {"losses": parts[:2], "weights": [self.real(0.2, 2), self.real(0.2, 2)]}])
        if masks and name in ("softmax-cross-entropy", "bce-with-logits", "focal", "dice"):
            s["ignore-index"] = IGNORED
        return {name: s} if s else name

    def optimizer(self, name):
        lr = self.real(0.001, 0.02) if name not in ("sgd", "momentum", "nesterov", "adagrad") else self.real(0.01, 0.1)
        s = {} if self.chance(0.1) else {"lr": lr}
        self.optional(s, "weight-decay", lambda: self.real(1e-4, 0.1), 0.5)
        if name in ("sgd", "rmsprop"):
            self.optional(s, "momentum", lambda: self.real(0.1, 0.95))
        if name == "sgd" and "momentum" in s:
            self.optional(s, "nesterov", lambda: True)
        if name == "rmsprop":
            self.optional(s, "alpha", lambda: self.real(0.5, 0.99))
            self.optional(s, "centered", lambda: True)
        if name in ("adam", "adamw", "lion"):
            self.optional(s, "beta1", lambda: self.real(0.5, 0.95), 0.3)
            self.optional(s, "beta2", lambda: self.real(0.8, 0.999), 0.3)
        if name in ("adam", "adamw", "adagrad", "rmsprop"):
            self.optional(s, "epsilon", lambda: self.pick([1e-8, 1e-6, 1e-3]), 0.3)
        return {name: s["lr"] if set(s) == {"lr"} and self.chance(0.3) else s} if s else name

    def schedule(self, name, epochs):
        s = {
            "step": lambda: {"every": self.whole(1, 2)},
            "multi-step": lambda: {"epochs": sorted({self.whole(1, 3), self.whole(1, 3)})},
            "exponential": lambda: {"by": self.real(0.3, 1)},
            "plateau": lambda: {"by": self.real(0.1, 0.9)},
        }.get(name, dict)()
        if name in ("step", "multi-step"):
            self.optional(s, "by", lambda: self.real(0.1, 0.9))
        if name == "polynomial":
            self.optional(s, "power", lambda: self.real(0.5, 3))
        if name in ("polynomial", "cosine"):
            self.optional(s, "end", lambda: self.real(0, 0.5))
        if name == "one-cycle":
            self.optional(s, "rise", lambda: self.real(0.05, 0.9))
            self.optional(s, "start-divisor", lambda: self.real(2, 30))
        self.optional(s, "warmup", lambda: self.whole(1, 3), 0.35)
        return {name: s} if s else name

    def group(self, parameters):
        layer = lambda: self.pick(parameters).rpartition(".")[0]
        pattern = self.pick([self.pick(parameters), layer(), layer().split(".")[0], "*." + self.pick(parameters).rpartition(".")[2]])
        group = {"layers": [pattern] if self.chance(0.7) else [pattern, layer()]}
        self.optional(group, "lr-factor", lambda: self.pick([0, 0.1, 0.5, 2]), 0.7)
        self.optional(group, "weight-decay", lambda: self.pick([0, 0.05]), 0.6)
        return group

    def train(self, optimizer, schedule, parameters):
        epochs = self.whole(4, 9)
        train = {"epochs": epochs, "optimizer": self.optimizer(optimizer), "schedule": self.schedule(schedule, epochs)}
        self.optional(train, "clip", lambda: self.pick([{"norm": self.real(0.05, 2)}, {"value": self.real(0.01, 0.5)}, {"norm": self.real(0.1, 2), "value": self.real(0.01, 0.5)}]), 0.3)
        self.optional(train, "penalty", lambda: self.pick([{"l1": self.real(1e-3, 0.05)}, {"l2": self.real(1e-3, 0.05)}, {"l1": self.real(1e-3, 0.02), "l2": self.real(1e-3, 0.02)}]), 0.3)
        if "weight-decay" in str(train["optimizer"]):
            self.optional(train, "weight-decay-of", lambda: "weights", 0.5)
        self.optional(train, "ema", lambda: self.real(0.5, 0.99), 0.25)
        if self.chance(0.3):
            train["groups"] = [self.group(parameters) for _ in range(self.whole(1, 2))]
        return train

    def config(self, focus, loss, optimizer, schedule):
        """(config as a tree, x, y)."""
        masks = loss == "dice" or loss in MASK_LOSSES and self.chance(0.25)
        maps = not masks and loss in MAP_LOSSES and self.chance(0.15)
        labelled = masks or not maps and (loss in CLASS_LOSSES or loss not in NUMBER_LOSSES and self.chance(0.4))
        classes = (2 if masks and loss == "bce-with-logits" else self.whole(2, 5)) if labelled else 0
        outputs = classes if labelled else self.whole(2 if loss == "kl-divergence" else 1, 4)
        one_for_two = loss not in ("softmax-cross-entropy", "hinge", "squared-hinge", "kl-divergence", "combined")
        if labelled and classes == 2 and one_for_two and (masks and loss == "bce-with-logits" or self.chance(0.5)):
            outputs = 1
        shape, layers, output = self.network(focus, outputs, masks or maps)
        parameters = [n for n, _ in sequential.build(layers, shape)[0].named_parameters()]
        batch = self.whole(1, 7)
        data = {"shape": list(shape)} | ({"classes": classes} if labelled else {} if maps else {"targets": outputs}) | {"batch": batch}
        if masks or maps:
            data["target-shape"] = list(output[1:] if masks else output)
        config = {
            "seed": self.pick([1, 7, self.whole(0, 2**31), int(self.r.integers(0, 2**64, dtype=np.uint64))]),
            "data": data, "model": layers, "loss": self.loss(loss, classes, masks), "train": self.train(optimizer, schedule, parameters),
        }
        answers = self.masks(batch, classes, output[1:]) if masks else self.answers(loss, batch, classes, output if maps else (outputs,))
        return config, self.samples(shape, layers, batch), answers

    def samples(self, shape, layers, batch):
        name, settings = sequential.settings_of(layers[0])
        if name == "embedding":
            return self.r.integers(0, settings["rows"], (batch, *shape))
        return self.r.normal(size=(batch, *shape)).astype(np.float32)

    def masks(self, batch, classes, size):
        """Some pixels have no class, never all of them."""
        y = self.r.integers(0, classes, (batch, *size))
        y[self.r.random(y.shape) < 0.1] = IGNORED
        y[(y == IGNORED).all(tuple(range(1, y.ndim)))] = 0
        return y

    def answers(self, loss, batch, classes, outputs):
        if classes > 0:
            return self.r.integers(0, classes, batch)
        size = (batch, *outputs)
        if loss == "kl-divergence":
            y = np.moveaxis(self.r.dirichlet(np.ones(outputs[0]), (batch, *outputs[1:])), -1, 1)
        elif loss == "poisson":
            y = self.r.integers(0, 6, size)
        else:
            y = self.r.uniform(0, 1, size) if loss == "bce-with-logits" else self.r.normal(size=size)
        return (y[:, 0] if outputs == (1,) and self.chance(0.5) else y).astype(np.float32)

    def weights(self, model):
        """Values that keep a signal's size, for every tensor of a state_dict."""
        values = {}
        for name, tensor in model.state_dict().items():
            shape, kind = tuple(tensor.shape), name.rpartition(".")[2]
            if kind == "num_batches_tracked":
                continue
            if kind == "running_var" or kind == "weight" and is_norm(model, name):
                value = self.r.uniform(0.5, 1.5, shape)
            elif kind.endswith("weight") or kind.startswith("weight_"):
                value = self.r.normal(size=shape) * 1.3 / np.sqrt(max(1, np.prod(shape[1:])))
            else:
                value = self.r.normal(size=shape) * 0.3
            values[name] = value.astype(np.float32)
        return values


def is_norm(model, name):
    return "Norm" in type(model.get_submodule(name.rpartition(".")[0])).__name__
