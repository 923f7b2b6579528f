"""Trains net-a on MNIST for two epochs with PyTorch: a program that knows nothing of the meter around it.

python3 mnist.py FOLDER, where FOLDER holds MNIST's four original files, gzipped.
"""
import gzip
import sys

import torch
from torch import nn


def idx(name, header):
    with gzip.open(f"{sys.argv[1]}/{name}.gz") as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def images(part):
    return idx(f"{part}-images-idx3-ubyte", 16).view(-1, 1, 28, 28).float() / 255 - 0.13


def labels(part):
    return idx(f"{part}-labels-idx1-ubyte", 8).long()


torch.manual_seed(1)
net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(1568, 128), nn.ReLU(), nn.Linear(128, 10),
)
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
x, y = images("train"), labels("train")
for epoch in range(2):
    for batch in torch.randperm(len(x)).split(128):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1}: loss {loss.item():.3f}")
with torch.no_grad():
    wrong = (net(images("t10k")).argmax(1) != labels("t10k")).sum().item()
print(f"{wrong} of 10000 wrong")
