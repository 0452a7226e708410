"""What the original's distribution (mit-semseg 1.0.0) needs to run here; all of it in this file."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

import torch
from mit_semseg.models import ModelBuilder
from torch import nn


def build_encoder(name: str) -> nn.Module:
    """
    The original's encoder `name`.

    Its builder downloads ImageNet weights unless it is given a file of weights. It gets an empty one: all weights are
    set afterwards.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        weights = Path(folder) / "empty.pth"
        torch.save({}, weights)
        return ModelBuilder.build_encoder(name, weights=str(weights))


def build_decoder(name: str, fc_dim: int, num_class: int) -> nn.Module:
    """The original's decoder `name`, which takes features of `fc_dim` channels."""
    return ModelBuilder.build_decoder(name, fc_dim=fc_dim, num_class=num_class)


def set_momentum(network: nn.Module, momentum: float) -> None:
    """Sets the momentum of every batch norm: the original's default is 0.001 in some and 0.1 in others."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = momentum


def remove_dropout(network: nn.Module) -> None:
    """Makes every dropout pass its input on, so that training is deterministic."""
    for module in network.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
