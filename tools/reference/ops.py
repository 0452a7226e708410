"""`ops.json`: PyTorch's operations as the original's networks use them, in float64."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from formulas import Json, made_up, sampled

SAMPLES = 24

Case = tuple[Json, list[list[int]]]


def conv(
    image: list[int], weight: list[int], *, stride: int = 1, padding: int = 1, dilation: int = 1, groups: int = 1
) -> Case:
    """A convolution of an NCHW `image` with an OIHW `weight`."""
    meta = {"op": "conv2d", "stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return meta, [image, weight]


def resize(image: list[int], size: list[int]) -> Case:
    """A bilinear resize to `size`, height and width."""
    return {"op": "bilinear", "size": size, "align_corners": False}, [image]


def adaptive(image: list[int], bins: int) -> Case:
    """Adaptive average pooling to `bins` × `bins` cells."""
    return {"op": "adaptive_avg_pool2d", "bins": bins}, [image]


def max_pool(image: list[int]) -> Case:
    """The max pooling of ResNet's stem."""
    return {"op": "max_pool2d", "kernel": 3, "stride": 2, "padding": 1}, [image]


CASES: dict[str, Case] = {
    "conv": conv([2, 6, 13, 17], [8, 6, 3, 3]),
    "conv_s2": conv([2, 6, 13, 17], [8, 6, 3, 3], stride=2),
    "conv_s2_even": conv([1, 6, 12, 16], [8, 6, 3, 3], stride=2),
    "conv_d2": conv([2, 6, 13, 17], [8, 6, 3, 3], padding=2, dilation=2),
    "conv_d4": conv([1, 4, 19, 11], [4, 4, 3, 3], padding=4, dilation=4),
    "conv_1x1_s2": conv([2, 6, 13, 16], [8, 6, 1, 1], stride=2, padding=0),
    "conv_g2": conv([2, 8, 9, 10], [12, 4, 3, 3], groups=2),
    "conv_g4_s2": conv([2, 8, 9, 10], [8, 2, 3, 3], stride=2, groups=4),
    "dw": conv([2, 6, 9, 11], [6, 1, 3, 3], groups=6),
    "dw_s2": conv([2, 6, 9, 11], [6, 1, 3, 3], stride=2, groups=6),
    "dw_d2": conv([2, 6, 12, 11], [6, 1, 3, 3], padding=2, dilation=2, groups=6),
    "dw_d4": conv([1, 6, 15, 14], [6, 1, 3, 3], padding=4, dilation=4, groups=6),
    "resize_up2": resize([2, 5, 6, 7], [12, 14]),
    "resize_up_odd": resize([1, 4, 5, 9], [13, 21]),
    "resize_down": resize([2, 3, 16, 20], [7, 9]),
    "resize_same": resize([1, 3, 6, 6], [6, 6]),
    "resize_from1": resize([2, 4, 1, 1], [9, 11]),
    "adaptive_1": adaptive([2, 5, 12, 16], 1),
    "adaptive_2": adaptive([2, 5, 13, 17], 2),
    "adaptive_3": adaptive([2, 5, 13, 17], 3),
    "adaptive_6": adaptive([2, 5, 13, 17], 6),
    "adaptive_6_small": adaptive([1, 3, 4, 5], 6),
    "maxpool_even": max_pool([2, 4, 12, 16]),
    "maxpool_odd": max_pool([2, 4, 13, 17]),
}

OPERATIONS: dict[str, Callable[..., torch.Tensor]] = {
    "conv2d": lambda x, w, stride, padding, dilation, groups: F.conv2d(x, w, None, stride, padding, dilation, groups),
    "bilinear": lambda x, size, align_corners: F.interpolate(x, size, mode="bilinear", align_corners=align_corners),
    "adaptive_avg_pool2d": lambda x, bins: F.adaptive_avg_pool2d(x, bins),
    "max_pool2d": lambda x, kernel, stride, padding: F.max_pool2d(x, kernel, stride, padding),
}


def compute() -> Json:
    """The file's values: each operation's output, and the gradients of its inputs."""
    entries = {}
    for name, (meta, shapes) in CASES.items():
        image, *weight = shapes
        inputs = [made_up(f"op.{name}.x", image, lambda u: 4 * (u - 0.5))]
        inputs += [made_up(f"op.{name}.w", shape, lambda u: u - 0.5) for shape in weight]
        for tensor in inputs:
            tensor.requires_grad_()
        options = {key: value for key, value in meta.items() if key != "op"}
        output = OPERATIONS[meta["op"]](*inputs, **options)
        output.backward(made_up(f"op.{name}.g", output.shape, lambda u: 2 * (u - 0.5)))
        entries[name] = {
            "meta": meta,
            "inputs": shapes,
            "output": sampled(output, SAMPLES),
            "grads": [sampled(x.grad, SAMPLES) for x in inputs],
        }
    return entries
