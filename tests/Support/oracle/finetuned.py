#!/usr/bin/python3
"""
A ResNet-18 with torchvision's names and random numbers, its outputs, and what fine-tuning makes of it.

finetuned.py FOLDER    writes into it
    resnet18.safetensors   the state_dict of a model of 1000 classes behind DataParallel: every name begins with 'module.'
    x.npz                  x [N, 3, H, W] and y [N]
    expected.npz           outputs/features: what comes before 'fc', in evaluation; param/NAME: after STEPS steps with a new head,
                           everything up to layer3 frozen and its batch norms in evaluation
    head.safetensors       the new head that these steps began with
"""
import sys

import numpy as np
import safetensors
import torch
from torch import nn

SAMPLES, SIDE, STEPS, CLASSES = 8, 40, 3, 5


class Block(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        if stride != 1 or channels != filters:
            self.downsample = nn.Sequential(nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet18(nn.Module):
    """As torchvision.models.resnet18."""

    def __init__(self, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(Block(64, 64, 1), Block(64, 64, 1))
        self.layer2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))
        self.layer3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))
        self.layer4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))
        self.fc = nn.Linear(512, classes)

    def features(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3))

    def forward(self, x):
        return self.fc(self.features(x))


def main(folder):
    torch.manual_seed(3)
    torch.set_default_dtype(torch.float64)
    model = ResNet18()
    for name, value in model.named_buffers():
        if name.endswith("running_mean"):
            value.normal_(0, 0.1)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    state = {name: value.clone().numpy() for name, value in model.state_dict().items()}
    safetensors.save(f"{folder}/resnet18.safetensors", {f"module.{name}": np.asarray(value, "<f4") for name, value in state.items()})
    model.load_state_dict({name: torch.tensor(np.asarray(value, "<f4").astype("f8")) for name, value in state.items()})
    x = torch.randn(SAMPLES, 3, SIDE, SIDE, dtype=torch.float32).double()
    y = torch.arange(SAMPLES) % CLASSES
    np.savez(f"{folder}/x.npz", x=x.numpy().astype("<f4"), y=y.numpy())
    model.eval()
    with torch.no_grad():
        expected = {"outputs/features": model.features(x).numpy()}

    model.fc = nn.Linear(512, CLASSES)
    head = {f"fc.{name}": np.asarray(value.detach().numpy(), "<f4") for name, value in model.fc.named_parameters()}
    safetensors.save(f"{folder}/head.safetensors", head)
    with torch.no_grad():
        for name, value in model.fc.named_parameters():
            value.copy_(torch.tensor(head[f"fc.{name}"].astype("f8")))
    frozen = [model.conv1, model.bn1, model.layer1, model.layer2, model.layer3]
    model.train()
    for module in frozen:
        module.eval()
        for parameter in module.parameters():
            parameter.requires_grad_(False)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01, momentum=0.9, weight_decay=1e-3)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    expected["loss"] = loss.detach().numpy()
    expected |= {f"param/{name}": value.detach().numpy() for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    np.savez(f"{folder}/expected.npz", **expected)


if __name__ == "__main__":
    main(sys.argv[1])
