#!/usr/bin/python3
"""Models as PyTorch's exporter writes them, for import: `onnx_models.py FOLDER`. NAME.onnx and NAME.npz with a batch, x, and its output, y."""
import pathlib
import sys

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

from finetuned import ResNet18


class MobileBlock(nn.Module):
    def __init__(self, c, expanded):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(c, expanded, 1, bias=False), nn.BatchNorm2d(expanded), nn.ReLU6(),
            nn.Conv2d(expanded, expanded, 3, padding=1, groups=expanded, bias=False), nn.BatchNorm2d(expanded), nn.ReLU6(),
            nn.Conv2d(expanded, c, 1, bias=False), nn.BatchNorm2d(c))

    def forward(self, x):
        return x + self.body(x)


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Conv2d(3, 6, 3, padding=1)
        self.down = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.deep = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.up2 = nn.ConvTranspose2d(12, 8, 2, stride=2)
        self.up1 = nn.ConvTranspose2d(16, 6, 3, stride=2, padding=1, output_padding=1)
        self.out = nn.Conv2d(12, 2, 1)

    def forward(self, x):
        a = F.relu(self.head(x))
        b = F.relu(self.down(a))
        c = F.relu(self.up2(F.relu(self.deep(b))))
        d = F.relu(self.up1(torch.cat([b, c], 1)))
        return self.out(torch.cat([a, d], 1))


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 4, 1)
        self.b = nn.Sequential(nn.Conv2d(3, 4, 1), nn.SiLU(), nn.Conv2d(4, 5, 5, padding=2))
        self.c = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), nn.Conv2d(3, 3, 1))
        self.fc = nn.Linear(12, 4)

    def forward(self, x):
        y = torch.cat([self.a(x), self.b(x), self.c(x)], 1)
        return self.fc(F.hardswish(y).mean(dim=(2, 3)))


class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(20, 6)
        self.conv = nn.Conv1d(6, 8, 3, padding=1)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        y = F.gelu(self.conv(self.table(x).permute(0, 2, 1)))
        return F.log_softmax(self.fc(F.adaptive_max_pool1d(y, 1).squeeze(2)), dim=1)


class View(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.fc = nn.Linear(3 * 6 * 6, 5)

    def forward(self, x):
        y = F.leaky_relu(self.conv(x), 0.2)
        return self.fc(y.view(y.size(0), -1))


class Mixer(nn.Module):
    """Layer norms and gelus over [steps, features]."""
    def __init__(self):
        super().__init__()
        self.norm, self.a, self.b = nn.LayerNorm(8), nn.Linear(8, 16), nn.Linear(16, 8)
        self.over = nn.Linear(5, 5)
        self.out = nn.Linear(40, 1)

    def forward(self, x):
        x = x + self.b(F.gelu(self.a(self.norm(x))))
        x = x + self.over(x.transpose(1, 2)).transpose(1, 2)
        return self.out(torch.tanh(x).flatten(1))


def sequence():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.Mish(), nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        nn.Conv2d(4, 4, 3, dilation=2), nn.InstanceNorm2d(4, affine=True), nn.ELU(0.7), nn.Upsample(scale_factor=2), nn.Hardtanh(), nn.MaxPool2d(3, 2, ceil_mode=True), nn.Dropout(0.3),
        nn.Flatten(), nn.LazyLinear(9), nn.BatchNorm1d(9), nn.Softplus(), nn.Linear(9, 7), nn.SELU(), nn.Linear(7, 4), nn.Sigmoid(), nn.Hardsigmoid())


torch.manual_seed(5)
models = {
    "resnet18": (ResNet18(), torch.randn(2, 3, 40, 40)),
    "mobile": (nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, padding=1), MobileBlock(6, 12), MobileBlock(6, 18), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(6, 10)), torch.randn(3, 3, 16, 16)),
    "unet": (Unet(), torch.randn(2, 3, 16, 24)),
    "inception": (Inception(), torch.randn(3, 3, 9, 9)),
    "text": (Text(), torch.randint(0, 20, (4, 11))),
    "view": (View(), torch.randn(3, 2, 8, 8)),
    "mixer": (Mixer(), torch.randn(3, 5, 8)),
    "sequence": (sequence(), torch.randn(3, 1, 11, 11)),
}
folder = pathlib.Path(sys.argv[1])
for name, (model, x) in models.items():
    model.train()
    with torch.no_grad():
        model(x)  # running statistics that are not the first ones
        model.eval()
        y = model(x)
    np.savez(folder / f"{name}.npz", x=x.numpy(), y=y.numpy())
    for opset in (11, 13, 17) if name != "resnet18" else (13,):
        open_batch = {} if opset == 11 else {"dynamic_axes": {"x": {0: "batch"}, "y": {0: "batch"}}}
        torch.onnx.export(model, x, folder / f"{name}-{opset}.onnx", opset_version=opset, input_names=["x"], output_names=["y"], **open_batch)
