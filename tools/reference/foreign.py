"""Makes `foreign.json`: encoders of torchvision and timm, whose weights the pipeline takes under their own names: python foreign.py FOLDER

Beside what generate.py wants: pip install torchvision timm.
"""

from __future__ import annotations

import hashlib
import json
import sys
from math import prod, sqrt
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision
from torch import nn

from formulas import Json, made_up, sampled, uniform

INPUT = [1, 3, 64, 96]
SAMPLES = 32
# Blocks of MobileNetV2 after which MIT takes a feature, and from which on it dilates by 2 and by 4.
FEATURES = [2, 4, 7, 14, 17]
DILATED = {7: 2, 14: 4}


def fill(network: nn.Module) -> Json:
    """Gives each tensor made-up values by its name, and returns the names with their shapes."""
    shapes: Json = {}
    for name, tensor in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        shape = list(tensor.shape)
        if len(shape) == 4:
            scale = 1.2 * sqrt(3 / prod(shape[1:]))
            values = made_up(name, shape, lambda u: (2 * u - 1) * scale)
        elif name.endswith(".weight"):
            values = made_up(name, shape, lambda u: 0.5 + 0.5 * u)
        elif name.endswith("running_var"):
            values = made_up(name, shape, lambda u: 0.5 + u)
        else:
            values = made_up(name, shape, lambda u: (u - 0.5) * 0.2)
        tensor.copy_(values)
        shapes[name] = shape
    return shapes


def dilate(block: nn.Module, dilation: int) -> None:
    """As MIT does: strides become dilations, half as large where the stride was."""
    for module in block.modules():
        if not isinstance(module, nn.Conv2d):
            continue
        strided = module.stride == (2, 2)
        module.stride = (1, 1)
        if module.kernel_size == (3, 3):
            rate = dilation // 2 if strided else dilation
            module.dilation = module.padding = (rate, rate)


def mobilenet(stem: nn.Module, blocks: list[nn.Module], x: torch.Tensor) -> list[torch.Tensor]:
    """The features of a dilated MobileNetV2."""
    for index, block in enumerate(blocks, 1):
        for first, dilation in DILATED.items():
            if index >= first and not (first == 7 and index >= 14):
                dilate(block, dilation)
    x = stem(x)
    features = []
    for index, block in enumerate(blocks, 1):
        x = block(x)
        if index in FEATURES:
            features.append(x)
    return features


def main(folder: Path) -> None:
    """Writes the file."""
    image = torch.from_numpy((4 * (uniform("image", INPUT) - 0.5)).astype(np.float32))
    entries: Json = {}

    def add(name: str, encoder: str, network: nn.Module, features) -> None:
        network.eval()
        with torch.no_grad():
            shapes = fill(network)
            maps = features(network, image)
        entries[name] = {"encoder": encoder, "tensors": shapes, "features": [sampled(x, SAMPLES) for x in maps]}

    add(
        "torchvision mobilenet_v2",
        "mobilenetv2dilated",
        torchvision.models.mobilenet_v2(),
        lambda net, x: mobilenet(net.features[0], list(net.features[1:18]), x),
    )
    add(
        "timm mobilenetv2_100",
        "mobilenetv2dilated",
        timm.create_model("mobilenetv2_100"),
        lambda net, x: mobilenet(
            nn.Sequential(net.conv_stem, net.bn1), [block for stage in net.blocks for block in stage], x
        ),
    )

    def residual(net: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
        x = net.maxpool(net.act1(net.bn1(net.conv1(x))))
        maps = []
        for layer in (net.layer1, net.layer2, net.layer3, net.layer4):
            x = layer(x)
            maps.append(x)
        return maps

    add("timm resnet50s", "resnet50", timm.create_model("resnet50s"), residual)
    # Under MIT's names already, and large: a digest of the names and shapes of the part that is an encoder.
    classifier = ("incre_modules", "downsamp_modules", "final_layer", "classifier")
    lines = sorted(
        f"{name} {json.dumps(list(tensor.shape))}"
        for name, tensor in timm.create_model("hrnet_w48").state_dict().items()
        if not name.startswith(classifier) and not name.endswith("num_batches_tracked")
    )
    hrnet = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    value = {"input": INPUT, "networks": entries, "names": {"hrnetv2": hrnet}}
    (folder / "foreign.json").write_text(json.dumps(value) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
