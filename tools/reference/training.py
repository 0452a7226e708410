"""Training steps as the original's script takes them, which its distribution leaves out."""

from __future__ import annotations

import torch
from mit_semseg.models import SegmentationModule
from torch.optim import SGD

from networks import Pair, image, labels

STEPS = 3
LEARNING_RATE = 0.02
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4


def optimizers(network: SegmentationModule) -> list[SGD]:
    """One for the encoder and one for the decoder; weights of convolutions decay, all else does not."""

    def groups(part: torch.nn.Module) -> list[dict]:
        decaying = [parameter for parameter in part.parameters() if parameter.ndim == 4]
        others = [parameter for parameter in part.parameters() if parameter.ndim != 4]
        return [{"params": decaying}, {"params": others, "weight_decay": 0.0}]

    return [
        SGD(groups(part), lr=LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
        for part in (network.encoder, network.decoder)
    ]


def step(network: SegmentationModule, pair: Pair, steppers: list[SGD]) -> tuple[float, float]:
    """One step; gives the loss and pixel accuracy before it, and leaves the gradients in the parameters."""
    network.zero_grad()
    dtype = next(network.parameters()).dtype
    loss, accuracy = network({"img_data": image(dtype), "seg_label": labels(pair)})
    loss.backward()
    for stepper in steppers:
        stepper.step()
    return loss.item(), accuracy.item()
