"""The original's networks with the weights, image and labels of the reference values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod, sqrt

import numpy as np
import torch
from mit_semseg.models import SegmentationModule
from torch import nn

import shims
from formulas import made_up, uniform

NUM_CLASS = 150
INPUT = [2, 3, 96, 128]
DEEP_SUPERVISION = 0.4
MOMENTUM = 0.1
IGNORED = -1


@dataclass(frozen=True)
class Pair:
    """An encoder, and a decoder of features of `fc_dim` channels; `trained` if steps are taken with it."""

    encoder: str
    decoder: str
    fc_dim: int
    trained: bool = False

    @property
    def name(self) -> str:
        """As the files call it."""
        return f"{self.encoder}+{self.decoder}"

    @property
    def deep_supervision(self) -> float | None:
        """The weight of the second loss, in networks that have one."""
        return DEEP_SUPERVISION if self.decoder.endswith("deepsup") else None

    @property
    def label_stride(self) -> int:
        """How many pixels of the image one score stands for."""
        return 8 if "dilated" in self.encoder else 4


PAIRS = [
    Pair("mobilenetv2dilated", "c1_deepsup", 320, trained=True),
    Pair("mobilenetv2dilated", "ppm_deepsup", 320),
    Pair("resnet18dilated", "c1_deepsup", 512),
    Pair("resnet18dilated", "ppm_deepsup", 512, trained=True),
    Pair("resnet50dilated", "ppm_deepsup", 2048),
    Pair("resnet101dilated", "ppm_deepsup", 2048),
    Pair("resnet50", "upernet", 2048, trained=True),
    Pair("resnet101", "upernet", 2048),
    Pair("resnext101", "upernet", 2048, trained=True),
    Pair("hrnetv2", "c1", 720, trained=True),
    Pair("resnet18dilated", "ppm", 512),
    Pair("resnet50dilated", "c1", 2048),
]


def build(pair: Pair, dtype: torch.dtype) -> SegmentationModule:
    """The pair with its made-up weights, without dropout."""
    parts = {
        "encoder": shims.build_encoder(pair.encoder),
        "decoder": shims.build_decoder(pair.decoder, pair.fc_dim, NUM_CLASS),
    }
    loss = nn.NLLLoss(ignore_index=IGNORED)
    network = SegmentationModule(parts["encoder"], parts["decoder"], loss, pair.deep_supervision)
    for part, module in parts.items():
        fill(module, part)
    shims.set_momentum(network, MOMENTUM)
    shims.remove_dropout(network)
    return network.to(dtype)


def fill(module: nn.Module, part: str) -> None:
    """Gives an encoder or decoder its made-up weights and running statistics."""
    state = dict(module.named_parameters())
    state.update((name, buffer) for name, buffer in module.named_buffers() if is_statistic(name))
    with torch.no_grad():
        for name, tensor in state.items():
            tensor.copy_(weight(f"{part}.{name}", tensor.shape))


def weight(key: str, shape: torch.Size) -> torch.Tensor:
    """The made-up weight or statistic called `key`."""
    if len(shape) == 4:
        bound = sqrt(3 / prod(shape[1:]))
        # In this order: in another, some round to the neighbouring float32.
        return made_up(key, shape, lambda u: (2 * u - 1) * bound * 1.2)
    if key.endswith(".weight"):
        return made_up(key, shape, lambda u: 0.5 + 0.5 * u)
    if key.endswith(".running_var"):
        return made_up(key, shape, lambda u: 0.5 + u)
    return made_up(key, shape, lambda u: 0.2 * (u - 0.5))


def is_statistic(name: str) -> bool:
    """Whether a buffer is a running statistic; the original's batch norm has more buffers, which nothing here uses."""
    return name.endswith((".running_mean", ".running_var"))


def image(dtype: torch.dtype) -> torch.Tensor:
    """The made-up batch of images."""
    return made_up("image", INPUT, lambda u: 4 * (u - 0.5)).to(dtype)


def labels(pair: Pair) -> torch.Tensor:
    """The made-up labels: classes from 0, -1 for pixels without one."""
    batch, _, height, width = INPUT
    shape = [batch, height // pair.label_stride, width // pair.label_stride]
    return torch.from_numpy(np.floor((NUM_CLASS + 1) * uniform("label", shape)).astype(np.int64) - 1)


def parameters(network: SegmentationModule) -> Iterator[tuple[str, nn.Parameter]]:
    """The parameters under the names that the files have, the encoder's first."""
    for part in ("encoder", "decoder"):
        for name, parameter in getattr(network, part).named_parameters():
            yield f"{part}.{name}", parameter


def statistics(network: SegmentationModule) -> Iterator[tuple[str, torch.Tensor]]:
    """The running means and variances, the encoder's first."""
    for part in ("encoder", "decoder"):
        for name, buffer in getattr(network, part).named_buffers():
            if is_statistic(name):
                yield f"{part}.{name}", buffer
