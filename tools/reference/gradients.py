"""`gradients-eval.json` and `gradients.json`: every parameter's gradient, in float64 and as far as float32 is off."""

from __future__ import annotations

import torch
from mit_semseg.models import SegmentationModule

from formulas import Json, positions, rounded
from networks import INPUT, PAIRS, Pair, build, image, labels, parameters
from training import STEPS, optimizers, step

Gradients = dict[str, torch.Tensor]

NO_ERROR = 1e-300
"""Stands for a norm of zero where something is divided by it."""


def compute_still() -> Json:
    """The values of `gradients-eval.json`: batch norm in evaluation mode."""
    return {pair.name: still_entry(pair) for pair in PAIRS}


def compute_training() -> Json:
    """The values of `gradients.json`: training mode, the pairs that are trained."""
    return {pair.name: training_entry(pair) for pair in PAIRS if pair.trained}


def still_entry(pair: Pair) -> Json:
    """Loss and gradients of one pair in evaluation mode, the image's gradient among them."""

    def run(dtype: torch.dtype) -> tuple[float, Gradients]:
        network = build(pair, dtype).eval()
        x = image(dtype).requires_grad_()
        loss, _ = network({"img_data": x, "seg_label": labels(pair)})
        loss.backward()
        return loss.item(), {**gradients_of(network), "image": x.grad.double()}

    loss, gradients = run(torch.float64)
    loss_float32, gradients_float32 = run(torch.float32)
    return {
        "input": INPUT,
        "loss": loss,
        "loss_float32": loss_float32,
        "gradients": {
            name: {
                "shape": list(gradient.shape),
                "norm": rounded(gradient.norm().item(), 8),
                "float32_error": rounded(error(gradients_float32[name], gradient), 2),
                **samples(gradient, sorted(set(positions(gradient.numel(), 6))), 8),
            }
            for name, gradient in gradients.items()
        },
    }


def training_entry(pair: Pair) -> Json:
    """Gradients of one pair's first step, and the losses of all."""

    def run(dtype: torch.dtype) -> tuple[list[float], Gradients]:
        network = build(pair, dtype).train()
        steppers = optimizers(network)
        losses = [step(network, pair, steppers)[0]]
        gradients = gradients_of(network)
        losses += [step(network, pair, steppers)[0] for _ in range(STEPS - 1)]
        return losses, gradients

    losses, gradients = run(torch.float64)
    losses_float32, gradients_float32 = run(torch.float32)
    return {
        "input": INPUT,
        "loss_float64": losses,
        "loss_float32": losses_float32,
        "largest_norm": max(gradient.norm().item() for gradient in gradients.values()),
        "gradients": {
            name: {
                "shape": list(gradient.shape),
                "norm": rounded(gradient.norm().item(), 9),
                "float32_error": rounded(error(gradients_float32[name], gradient), 3),
                **samples(gradient, positions(gradient.numel(), 8), 9),
            }
            for name, gradient in gradients.items()
        },
    }


def gradients_of(network: SegmentationModule) -> Gradients:
    """Copies of the gradients that a network's parameters have, in float64."""
    return {name: parameter.grad.double().clone() for name, parameter in parameters(network)}


def error(gradient: torch.Tensor, exact: torch.Tensor) -> float:
    """The norm of the difference over the norm."""
    return (gradient - exact).norm().item() / max(exact.norm().item(), NO_ERROR)


def samples(tensor: torch.Tensor, index: list[int], digits: int) -> Json:
    """The values at flat positions."""
    return {"index": index, "value": [rounded(value, digits) for value in tensor.flatten()[index].tolist()]}
