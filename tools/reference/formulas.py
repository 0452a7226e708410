"""Inputs, weights and samples of the reference values, by the formulas of their README."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import torch

Json = dict[str, Any]


def uniform(key: str, shape: Sequence[int]) -> np.ndarray:
    """Numbers u in [0, 1) that depend on `key` and their flat position alone, float64, of shape `shape`."""
    start = 0x811C9DC5
    for byte in key.encode():
        start = ((start ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = np.arange(prod(shape), dtype=np.uint32) * np.uint32(2654435761) + np.uint32(start)
    x = (x ^ (x >> 16)) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * np.uint32(0xC2B2AE35)
    x = x ^ (x >> 16)
    return (x / 2.0**32).reshape(shape)


def made_up(key: str, shape: Sequence[int], of: Callable[[np.ndarray], np.ndarray]) -> torch.Tensor:
    """`of(u)` for the numbers u of `key`, rounded to float32 and kept in float64."""
    return torch.from_numpy(of(uniform(key, shape)).astype(np.float32)).double()


def positions(size: int, count: int) -> list[int]:
    """`count` flat positions spread over `size` elements: a quadratic walk over primes; small tensors repeat some."""
    return [(k * 7919 * 104729 + 31 * k * k + 17) % size for k in range(count)]


def sampled(tensor: torch.Tensor, count: int) -> Json:
    """What a file keeps of a large tensor: its shape, mean, spread and largest size, and `count` of its values."""
    flat = tensor.detach().double().flatten()
    index = positions(flat.numel(), count)
    return {
        "shape": list(tensor.shape),
        "mean": flat.mean().item(),
        "std": flat.std(correction=0).item(),
        "absmax": flat.abs().max().item(),
        "index": index,
        "value": flat[index].tolist(),
    }


def rounded(value: float, digits: int) -> float:
    """`value` to `digits` significant digits, as the files of gradients keep it."""
    return float(f"{value:.{digits}g}")
