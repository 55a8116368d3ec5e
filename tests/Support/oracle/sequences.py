"""Layers over sequences [N, T, F] that PyTorch 1.13 lacks or has in another form, written out; `sequential.module_of` looks here."""
import math

import torch
import torch.nn.functional as F
from torch import nn

import sequential

SHORTHAND = {"positions": "kind", "attention": "heads", "transformer": "heads", "rnn": "units", "lstm": "units", "gru": "units", "time-pool": "pooling"}


class RMSNorm(nn.Module):
    def __init__(self, width, eps=1e-5, affine=True):
        super().__init__()
        self.eps, self.weight = eps, nn.Parameter(torch.ones(width)) if affine else None

    def forward(self, x):
        y = x * (x.square().mean(-1, keepdim=True) + self.eps).rsqrt()
        return y if self.weight is None else y * self.weight


class Positions(nn.Module):
    def __init__(self, shape, kind="learned"):
        super().__init__()
        steps, width = shape
        self.learned = kind == "learned"
        if self.learned:
            self.weight = nn.Parameter(torch.zeros(steps, width))
            return
        i = torch.arange(width, dtype=torch.float64)
        angle = torch.arange(steps, dtype=torch.float64)[:, None] * 10000.0 ** (-(i // 2 * 2) / width)
        self.waves = torch.where(i % 2 == 0, angle.sin(), angle.cos())

    def forward(self, x):
        return x + (self.weight if self.learned else self.waves.to(x))


def rotated(x, base):
    """Pairs (i, i + D/2) of [N, H, T, D] turned by t·base^(-2i/D)."""
    steps, width = x.shape[2:]
    angle = torch.arange(steps, dtype=torch.float64)[:, None] * base ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    cos, sin, (u, v) = angle.cos().to(x), angle.sin().to(x), x.chunk(2, -1)
    return torch.cat([u * cos - v * sin, v * cos + u * sin], -1)


def slopes_of(heads):
    """ALiBi's, as Press et al. published them."""
    def of_power(n):
        return [2.0 ** (-8.0 * (i + 1) / n) for i in range(n)]
    below = 2 ** math.floor(math.log2(heads))
    return of_power(below) + of_power(2 * below)[0::2][:heads - below]


def real_steps(clock, x):
    """[N, T]: which steps are no padding."""
    lengths = getattr(clock, "lengths", None)
    there = torch.full(x.shape[:1], x.shape[1]) if lengths is None or len(lengths) != len(x) else lengths
    return torch.arange(x.shape[1])[None] < there[:, None]


class Attention(nn.Module):
    def __init__(self, clock, width, heads, kv_heads=None, causal=False, rotary=False, rotary_base=10000.0, alibi=False, dropout=0.0, bias=True):
        super().__init__()
        self.clock, self.heads, self.groups, self.causal, self.rotary, self.base, self.alibi = clock, heads, kv_heads or heads, causal, rotary, rotary_base, alibi
        self.width = width // heads
        rows = (heads + 2 * self.groups) * self.width
        self.in_proj_weight = nn.Parameter(torch.zeros(rows, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(rows)) if bias else None
        self.out_proj = nn.Linear(width, width, bias)
        self.drop = sequential.Dropout(clock, dropout) if dropout > 0 else nn.Identity()

    def forward(self, x):
        n, t, _ = x.shape
        parts = F.linear(x, self.in_proj_weight, self.in_proj_bias).reshape(n, t, -1, self.width).transpose(1, 2)
        q, k, v = parts.split([self.heads, self.groups, self.groups], 1)
        if self.rotary:
            q, k = rotated(q, self.base), rotated(k, self.base)
        k, v = (p.repeat_interleave(self.heads // self.groups, 1) for p in (k, v))
        real = real_steps(self.clock, x)
        seen = real[:, None, None].expand(n, 1, t, t)
        if self.causal:
            seen = seen & torch.ones(t, t, dtype=torch.bool).tril()
        scores = q @ k.transpose(-1, -2) / math.sqrt(self.width)
        if self.alibi:
            place = torch.arange(t)
            scores = scores - torch.tensor(slopes_of(self.heads), dtype=x.dtype)[:, None, None] * (place[:, None] - place).abs().to(x)
        scores = scores.masked_fill(~seen, -math.inf)
        y = (self.drop(scores.softmax(-1)) @ v).transpose(1, 2).reshape(n, t, -1)
        return self.out_proj(y * real[..., None])


class Transformer(nn.Module):
    def __init__(self, clock, width, heads, kv_heads=None, feed_forward=None, activation="gelu", causal=False, rotary=False, alibi=False, norm="layernorm", norm_first=True, dropout=0.0, attention_dropout=0.0, bias=True):
        super().__init__()
        gated = activation == "swiglu"
        units = feed_forward or ((8 * width + 23) // 24 * 8 if gated else 4 * width)
        self.norm_first, self.gated, self.rate = norm_first, gated, dropout
        kind = RMSNorm if norm == "rmsnorm" else nn.LayerNorm
        self.norm1, self.norm2 = kind(width, 1e-5), kind(width, 1e-5)
        self.self_attn = Attention(clock, width, heads, kv_heads, causal, rotary, alibi=alibi, dropout=attention_dropout, bias=bias)
        self.linear1, self.linear2 = nn.Linear(width, units, bias), nn.Linear(units, width, bias)
        self.activation = sequential.ACTIVATIONS["silu" if gated else activation]()
        if gated:
            self.linear3 = nn.Linear(width, units, bias)
        for name in ("dropout1", "dropout", "dropout2") if dropout > 0 else ():
            setattr(self, name, sequential.Dropout(clock, dropout))
        for module in self.children():
            module.is_layer = True

    def dropped(self, name, x):
        return getattr(self, name)(x) if self.rate > 0 else x

    def forward(self, x):
        first = self.norm_first
        x = x + self.dropped("dropout1", self.self_attn(self.norm1(x) if first else x))
        x = x if first else self.norm1(x)
        y = self.norm2(x) if first else x
        h = self.activation(self.linear1(y))
        h = h * self.linear3(y) if self.gated else h
        x = x + self.dropped("dropout2", self.linear2(self.dropped("dropout", h)))
        return x if first else self.norm2(x)


class TiedLinear(nn.Module):
    """A linear layer whose weight is an embedding's table."""

    def __init__(self, table, bias=True):
        super().__init__()
        self.table, self.bias = [table], nn.Parameter(torch.zeros(table.weight.shape[0])) if bias else None

    def forward(self, x):
        return F.linear(x, self.table[0].weight, self.bias)


class Recurrent:
    """
    Direction by direction and level by level, for padding and for the dropout between the levels, whose masks are GpuGrad's; parameters have
    the names of the nn.RNNBase that it is mixed into.
    """

    def prepare(self, clock, dropout, last):
        self.clock, self.last = clock, last
        self.between = nn.ModuleList(sequential.Dropout(clock, dropout) for _ in range(self.num_layers - 1 if dropout > 0 else 0))
        return self

    def direction(self, x, level, reverse):
        directions = 2 if self.bidirectional else 1
        weights, state = [getattr(self, n) for n in self._all_weights[level * directions + reverse]], x.new_zeros(1, len(x), self.hidden_size)
        call = {"LSTM": torch._VF.lstm, "GRU": torch._VF.gru, "RNN_TANH": torch._VF.rnn_tanh, "RNN_RELU": torch._VF.rnn_relu}[self.mode]
        x = self.turned(x) if reverse else x
        y = call(x, (state, state) if self.mode == "LSTM" else state, weights, self.bias, 1, 0.0, self.training, False, True)[0]
        return self.turned(y) if reverse else y

    def turned(self, x):
        """The real steps from the last to the first."""
        real, steps = real_steps(self.clock, x), torch.arange(x.shape[1])[None]
        places = torch.where(real, real.sum(1, keepdim=True) - 1 - steps, steps)
        return x.gather(1, places[..., None].expand_as(x))

    def forward(self, x):
        real = real_steps(self.clock, x)
        for level in range(self.num_layers):
            states = [self.direction(x, level, d) for d in range(2 if self.bidirectional else 1)]
            x = torch.cat(states, 2)
            if level < len(self.between):
                x = self.between[level](x)
        if not self.last:
            return x * real[..., None]
        return torch.cat([states[0][torch.arange(len(x)), real.sum(1) - 1], *(h[:, 0] for h in states[1:])], 1)


class Rnn(Recurrent, nn.RNN):
    pass


class Lstm(Recurrent, nn.LSTM):
    pass


class Gru(Recurrent, nn.GRU):
    pass


def recurrent(kind, clock, shape, units, layers=1, bidirectional=False, dropout=0, bias=True, activation=None, **settings):
    extra = {} if activation is None else {"nonlinearity": activation}
    module = kind(shape[1], units, layers, bias=bias, batch_first=True, bidirectional=bidirectional, **extra)
    return module.prepare(clock, dropout, settings.get("return", "all") == "last")


class Conv1d(nn.Conv1d):
    def __init__(self, clock, features, filters, kernel, stride=1, padding="same", dilation=1, groups=1, bias=True):
        super().__init__(features, filters, kernel, stride=stride, dilation=dilation, groups=groups, bias=bias)
        self.clock, self.around = clock, padding

    def forward(self, x):
        steps, reach = x.shape[1], (self.kernel_size[0] - 1) * self.dilation[0]
        more = {"valid": 0, "causal": reach, "same": max(0, (-(-steps // self.stride[0]) - 1) * self.stride[0] + reach + 1 - steps)}[self.around]
        ahead = more if self.around == "causal" else more // 2
        x = F.pad((x * real_steps(self.clock, x)[..., None]).transpose(1, 2), (ahead, more - ahead))
        return super().forward(x).transpose(1, 2)


class TimePool(nn.Module):
    """Of the real steps of each sequence."""

    def __init__(self, clock, pooling="mean"):
        super().__init__()
        self.clock, self.pooling = clock, pooling

    def forward(self, x):
        real = real_steps(self.clock, x)
        if self.pooling == "last":
            return x[torch.arange(len(x)), real.sum(1) - 1]
        if self.pooling == "max":
            return x.masked_fill(~real[..., None], -math.inf).amax(1)
        return (x * real[..., None]).sum(1) / real.sum(1, keepdim=True)


MODULES = {
    "rnn": lambda clock, shape, **s: recurrent(Rnn, clock, shape, **s),
    "lstm": lambda clock, shape, **s: recurrent(Lstm, clock, shape, **s),
    "gru": lambda clock, shape, **s: recurrent(Gru, clock, shape, **s),
    "conv1d": lambda clock, shape, **s: Conv1d(clock, shape[1], **s),
    "time-pool": lambda clock, shape, **s: TimePool(clock, **s),
    "rmsnorm": lambda clock, shape, epsilon=1e-5, affine=True: RMSNorm(shape[-1], epsilon, affine),
    "positions": lambda clock, shape, **s: Positions(shape, **s),
    "attention": lambda clock, shape, **s: Attention(clock, shape[-1], **s),
    "transformer": lambda clock, shape, **s: Transformer(clock, shape[-1], **s),
}
