"""The nets of bench/configs in PyTorch: the same layers, the same names of parameters, the same optimizer."""
import torch
from torch import nn


class Residual(nn.Sequential):
    """x + f(x), with layers on the other path where shapes differ."""

    def __init__(self, *layers, shortcut=None):
        super().__init__(*layers)
        if shortcut is not None:
            self.shortcut = shortcut

    def forward(self, x):
        y = x
        for name, layer in self._modules.items():
            if name != "shortcut":
                y = layer(y)
        return y + (self.shortcut(x) if "shortcut" in self._modules else x)


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def conv(c, k, size=3, stride=1, groups=1, bias=False, padding=None):
    return nn.Conv2d(c, k, size, stride, size // 2 if padding is None else padding, groups=groups, bias=bias)


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def lenet():
    return nn.Sequential(
        conv(1, 6, 5, bias=True), nn.ReLU(), nn.MaxPool2d(2), conv(6, 16, 5, bias=True, padding=0), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def vgg():
    layers, channels = [], 1
    for width in (32, 64):
        for _ in range(2):
            layers += [conv(channels, width, bias=True), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))


def resnet18():
    layers, channels = [conv(3, 64), nn.BatchNorm2d(64), nn.ReLU()], 64
    for width in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if block == 0 and width > 64 else 1
            shortcut = nn.Sequential(conv(channels, width, 1, stride), nn.BatchNorm2d(width)) if stride == 2 else None
            layers += [
                Residual(
                    conv(channels, width, stride=stride), nn.BatchNorm2d(width), nn.ReLU(), conv(width, width), nn.BatchNorm2d(width),
                    shortcut=shortcut),
                nn.ReLU()]
            channels = width
    return nn.Sequential(*layers, Mean(), nn.Linear(512, 10))


def mobilenet():
    layers = [conv(3, 32), nn.BatchNorm2d(32), nn.ReLU()]
    for c, k, stride in [(32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]:
        layers += [conv(c, c, stride=stride, groups=c), nn.BatchNorm2d(c), nn.ReLU(), conv(c, k, 1), nn.BatchNorm2d(k), nn.ReLU()]
    return nn.Sequential(*layers, Mean(), nn.Linear(512, 10))


class Last(nn.LSTM):
    def forward(self, x):
        return super().forward(x)[0][:, -1]


class Positions(nn.Module):
    def __init__(self, steps, width):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(steps, width))

    def forward(self, x):
        return x + self.weight


class Causal(nn.TransformerEncoderLayer):
    def __init__(self, width, heads, steps):
        super().__init__(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.register_buffer("mask", torch.full((steps, steps), float("-inf")).triu(1), persistent=False)

    def forward(self, x):
        return super().forward(x, self.mask)


def lstm():
    return nn.Sequential(Last(64, 256, 2, batch_first=True), nn.Linear(256, 10))


def gpt():
    return nn.Sequential(nn.Embedding(65, 128), Positions(64, 128), *(Causal(128, 4, 64) for _ in range(4)), nn.LayerNorm(128), nn.Linear(128, 65))


# name: how to make it, batch, shape of a sample, Nesterov's momentum
NETS = {
    "mlp": (mlp, 128, (1, 28, 28), True),
    "lenet": (lenet, 128, (1, 28, 28), True),
    "vgg": (vgg, 128, (1, 28, 28), True),
    "resnet18": (resnet18, 64, (3, 32, 32), False),
    "mobilenet": (mobilenet, 64, (3, 32, 32), False),
    "mlp-batch1": (mlp, 1, (1, 28, 28), True),
    "lstm": (lstm, 64, (64, 64), False),
    "gpt": (gpt, 12, (64,), False),
}
# Nets that read whole numbers, and have an answer for each of them: how many there are.
IDS = {"gpt": 65}


class Step:
    """A training step on one batch in memory: zero the gradients, forward, cross-entropy, backward, SGD with momentum."""

    def __init__(self, name, rate=0.0, channels_last=False, device="cpu"):
        make, batch, shape, nesterov = NETS[name]
        torch.manual_seed(1)
        self.net = make()
        if name in IDS:
            self.x, self.y = torch.randint(0, IDS[name], (batch, *shape)), torch.randint(0, IDS[name], (batch, *shape))
        else:
            self.x, self.y = torch.randn(batch, *shape), torch.randint(0, 10, (batch,))
        # Made on the CPU and moved: the same numbers on every device.
        self.net, self.x, self.y = self.net.to(device), self.x.to(device), self.y.to(device)
        if channels_last:
            self.net, self.x = self.net.to(memory_format=torch.channels_last), self.x.to(memory_format=torch.channels_last)
        self.loss = lambda scores, labels: nn.functional.cross_entropy(scores.flatten(0, -2), labels.flatten())
        self.optimizer = torch.optim.SGD(self.net.parameters(), rate, 0.9, weight_decay=5e-4, nesterov=nesterov)

    def __call__(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.net(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss
