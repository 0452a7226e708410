"""How far each number of the reference values may be off: the agreement that their README states."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import floor, log10
from statistics import median
from typing import Any

from compare import Entry, Rule, Verdict
from formulas import Json
from training import LEARNING_RATE, MOMENTUM

FLOAT64 = 1e-9
STEPPED = 1e-6
"""Float64's losses after steps, which multiply what another order of summation makes of the last digit."""
ZERO = 1e-6
"""A gradient below this share of the network's largest is zero but for rounding."""
STILL = (20, 0.02)
TRAINED = (8, 0.02)
"""A float32 gradient's relative error stays below the first times `float32_error` plus the second."""

LOSSES = ("loss_float64", "loss_float32")

Read = Callable[[str], Any]
"""Gives the values of the repository's file of a name."""


def rule_of(name: str, read: Read) -> Rule:
    """The rule of the file `name`."""
    if name == "data":
        return photos_and_metrics
    if name == "models":
        return networks(read("models"), read("gradients"))
    if name == "gradients-eval":
        return still_gradients(read(name))
    if name == "gradients":
        return trained_gradients(read("models"), read("gradients"))
    return operations


def distance(kind: str, entry: Entry, allowed: float, scale: float = 1) -> Verdict:
    """An entry's difference measured by `scale`."""
    return Verdict(kind, abs(entry.actual - entry.expected) / (scale or 1), allowed)


def operations(entry: Entry) -> Verdict:
    """`ops.json`, `losses.json` and `sync-bn.json`: float64, measured by the tensor's largest value."""
    return distance("float64", entry, FLOAT64, entry.tensor.get("absmax", abs(entry.expected)))


def photos_and_metrics(entry: Entry) -> Verdict:
    """`data.json`: metrics exactly; photos in 1/255 of a value before its normalization."""
    if "metrics" in entry.path:
        return distance("metrics", entry, 0)
    per_normalized = 0.229 * 255
    scale = 1 if "rgb" in entry.path else 1 / per_normalized
    return distance("photos, in 1/255", entry, 1.5 if entry.key == "value" else 0.3, scale)


def float32(pair: str) -> float:
    """What float32 loses in the network of that name: the deepest lose more."""
    return 1e-3 if re.search("101|hrnet", pair) else 1e-4


def losses_of(models: list[Json], trained: Json) -> dict[str, list[tuple[float, float]]]:
    """
    The float64 loss of each trained pair and step, and how far off a float32 one may be.

    Two float32 runs are in the files; of their distances from float64 the larger counts.
    """
    return {
        model["name"]: [
            (exact, 3 * max(abs(rough - exact), abs(step["loss"] - exact)) + 0.001)
            for step, exact, rough in zip(model["train"]["steps"], *map(trained[model["name"]].get, LOSSES))
        ]
        for model in models
        if "train" in model
    }


def still_gradients(pairs: Json) -> Rule:
    """`gradients-eval.json`."""

    def rule(entry: Entry) -> Verdict:
        name = entry.path[0]
        if entry.tensor:
            return gradient(entry, pairs[name], STILL, digits=8)
        if entry.key == "loss_float32":
            return distance("losses in float32", entry, float32(name), entry.expected)
        return distance("losses in float64", entry, FLOAT64, entry.expected)

    return rule


def trained_gradients(models: list[Json], pairs: Json) -> Rule:
    """`gradients.json`."""
    losses = losses_of(models, pairs)

    def rule(entry: Entry) -> Verdict:
        name = entry.path[0]
        if entry.tensor:
            return gradient(entry, pairs[name], TRAINED, digits=9)
        if entry.key == "loss_float32":
            exact, allowed = losses[name][int(entry.path[-1])]
            return Verdict("losses in float32", abs(entry.actual - exact), allowed)
        if entry.key == "largest_norm":
            return distance("gradients in float64", entry, FLOAT64, entry.expected)
        if entry.path[-1] != "0":
            return distance("losses after steps", entry, STEPPED, entry.expected)
        return distance("losses in float64", entry, FLOAT64, entry.expected)

    return rule


def gradient(entry: Entry, pair: Json, bound: tuple[float, float], digits: int) -> Verdict:
    """A number of one gradient, measured by the gradient's norm."""
    norm = entry.tensor["norm"]
    largest = largest_norm(pair)
    is_error = entry.key == "float32_error"
    if norm < ZERO * largest:
        off = entry.actual * norm if is_error else abs(entry.actual - entry.expected)
        return Verdict("gradients of zero", off / largest, ZERO)
    if is_error:
        return Verdict("gradients in float32", entry.actual, bound[0] * entry.expected + bound[1])
    # The files keep a few digits, of which the last may differ.
    last = 10 ** (floor(log10(abs(entry.expected))) + 1 - digits) if entry.expected else 0
    return distance("gradients in float64", entry, FLOAT64 + 1.01 * last / norm, norm)


def largest_norm(pair: Json) -> float:
    """Of a network's gradients."""
    return max(gradient["norm"] for gradient in pair["gradients"].values())


def networks(models: list[Json], trained: Json) -> Rule:
    """`models.json`; what training in float32 makes is judged by the float64 values of `gradients.json`, `trained`."""
    losses = losses_of(models, trained)

    def rule(entry: Entry) -> Verdict:
        name = models[int(entry.path[0])]["name"]
        if entry.tensor:
            return distance("features and scores", entry, float32(name), entry.tensor["absmax"])
        if "steps" not in entry.path and "norms_after_3_steps" not in entry.path:
            return distance("counts, shapes, names", entry, 0)
        if entry.key == "loss":
            exact, allowed = losses[name][int(entry.path[-2])]
            return Verdict("losses", abs(entry.actual - exact), allowed)
        if entry.key == "acc":
            return distance("accuracies", entry, 0.002 if entry.path[-2] == "0" else 0.05)
        return trained_norm(entry, trained[name])

    return rule


def trained_norm(entry: Entry, pair: Json) -> Verdict:
    """The norm of a gradient of the first step, or of a parameter or statistic after the last."""
    gradient = pair["gradients"].get(entry.key)
    if gradient is None:
        # Statistics are exact but for the weights of the second and third step.
        usual = median(gradient["float32_error"] for gradient in pair["gradients"].values())
        return distance("statistics after 3 steps", entry, 3 * usual + 0.005, entry.expected)
    off = TRAINED[0] * gradient["float32_error"] + TRAINED[1]
    if "grad_norm" in entry.path:
        if gradient["norm"] < ZERO * largest_norm(pair):
            return distance("gradients of zero", entry, ZERO, largest_norm(pair))
        return distance("gradients' norms", entry, off, gradient["norm"])
    # A parameter is off by what its steps are, with their momentum; of them only the first is known.
    moved = LEARNING_RATE * (3 + 2 * MOMENTUM + MOMENTUM**2) * gradient["norm"]
    return distance("parameters after 3 steps", entry, 2 * off * moved / entry.expected + 1e-5, entry.expected)
