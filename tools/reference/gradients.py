"""`gradients-eval.json` and `gradients.json`: every parameter's gradient, in float64 and as far as float32 is off."""

from __future__ import annotations

from collections.abc import Callable

import torch
from mit_semseg.models import SegmentationModule

from formulas import Json, positions, rounded
from networks import INPUT, PAIRS, Pair, build, image, labels, parameters
from training import STEPS, optimizers, step

Gradients = dict[str, torch.Tensor]


def compute_still() -> Json:
    """The values of `gradients-eval.json`: batch norm in evaluation mode."""
    return {pair.name: still(pair) for pair in PAIRS}


def compute_trained() -> Json:
    """The values of `gradients.json`: the pairs that are trained, in training mode."""
    return {pair.name: trained(pair) for pair in PAIRS if pair.trained}


def still(pair: Pair) -> Json:
    """Loss and gradients of one pair in evaluation mode, the image's gradient among them."""

    def run(dtype: torch.dtype) -> tuple[float, Gradients]:
        network = build(pair, dtype).eval()
        x = image(dtype).requires_grad_()
        loss, _ = network({"img_data": x, "seg_label": labels(pair)})
        loss.backward()
        return loss.item(), {**gradients_of(network), "image": x.grad.double()}

    loss, exact = run(torch.float64)
    loss_float32, rough = run(torch.float32)
    return {
        "input": INPUT,
        "loss": loss,
        "loss_float32": loss_float32,
        "gradients": kept(exact, rough, lambda size: sorted(set(positions(size, 6))), digits=8, error_digits=2),
    }


def trained(pair: Pair) -> Json:
    """Gradients of one pair's first step in training mode, and the losses of all steps."""

    def run(dtype: torch.dtype) -> tuple[list[float], Gradients]:
        network = build(pair, dtype).train()
        steppers = optimizers(network)
        losses = [step(network, pair, steppers)[0]]
        gradients = gradients_of(network)
        losses += [step(network, pair, steppers)[0] for _ in range(STEPS - 1)]
        return losses, gradients

    losses, exact = run(torch.float64)
    losses_float32, rough = run(torch.float32)
    return {
        "input": INPUT,
        "loss_float64": losses,
        "loss_float32": losses_float32,
        "largest_norm": max(gradient.norm().item() for gradient in exact.values()),
        "gradients": kept(exact, rough, lambda size: positions(size, 8), digits=9, error_digits=3),
    }


def gradients_of(network: SegmentationModule) -> Gradients:
    """Copies of the gradients that a network's parameters have, in float64."""
    return {name: parameter.grad.double().clone() for name, parameter in parameters(network)}


def kept(
    exact: Gradients, rough: Gradients, positions_of: Callable[[int], list[int]], *, digits: int, error_digits: int
) -> Json:
    """What a file keeps of gradients, to so many significant digits; `rough` are float32's."""

    def entry(gradient: torch.Tensor, error: torch.Tensor) -> Json:
        norm = gradient.norm().item()
        index = positions_of(gradient.numel())
        return {
            "shape": list(gradient.shape),
            "norm": rounded(norm, digits),
            "float32_error": rounded(error.norm().item() / norm, error_digits),
            "index": index,
            "value": [rounded(value, digits) for value in gradient.flatten()[index].tolist()],
        }

    return {name: entry(gradient, rough[name] - gradient) for name, gradient in exact.items()}
