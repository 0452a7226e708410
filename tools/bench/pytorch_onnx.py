"""Writes a network of pytorch_networks.py as ONNX by PyTorch's own exporter: `python3 pytorch_onnx.py NAME FILE HEIGHT WIDTH`."""

import sys

import torch

from pytorch_networks import build


class Scores(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        return self.network(image)[0]


name, file, height, width = sys.argv[1:]
image = torch.zeros(1, 3, int(height), int(width))
torch.onnx.export(Scores(build(name)).eval(), (image,), file, dynamo=False, opset_version=17)
