"""
`sync-bn.json`: batch norm over the batches of all replicas, in float64.

The original's own takes one CUDA device a replica. Here PyTorch computes the same from the replicas' batches side by
side.
"""

from __future__ import annotations

import torch

from formulas import Json, made_up, sampled, uniform

SAMPLES = 24


def case(name: str, channels: int, replicas: list[tuple[int, int, int]], **options: object) -> Json:
    """A batch norm over `replicas`, each a batch size, height and width."""
    return {
        "name": name,
        "channels": channels,
        "replica_shapes_nchw": [[n, channels, h, w] for n, h, w in replicas],
        "x_scale": [1.0] * len(replicas),
        "x_offset": [0.5 * i for i in range(len(replicas))],
        "momentum": 0.1,
        "eps": 1e-5,
        "eps_mode": "max",
        **options,
    }


CASES = [
    case("one", 6, [(2, 5, 7)]),
    case("two-equal", 8, [(2, 6, 6), (2, 6, 6)]),
    case("two-unequal", 8, [(1, 4, 9), (3, 8, 5)]),
    case("four-unequal", 5, [(2, 7, 5), (1, 3, 3), (2, 10, 12), (1, 1, 1)], eps_mode="add"),
    case("scaled", 4, [(2, 5, 5), (1, 9, 4)], x_scale=[1.0, 50.0], momentum=0.001),
    case("tiny-variance", 3, [(2, 4, 4), (2, 3, 6)], x_scale=[1e-4, 1e-4], x_offset=[0.0, 0.0]),
]


def compute() -> list[Json]:
    """The file's values."""
    return [entry(given) for given in CASES]


def entry(given: Json) -> Json:
    """Outputs, statistics and gradients of one case."""
    name, channels, shapes, momentum = given["name"], given["channels"], given["replica_shapes_nchw"], given["momentum"]
    inputs = [
        (made_up(f"sbn.{name}.x{i}", shape, lambda u: 4 * (u - 0.5)).float() * scale + offset).double().requires_grad_()
        for i, (shape, scale, offset) in enumerate(zip(shapes, given["x_scale"], given["x_offset"]))
    ]
    weight = torch.tensor(0.5 + uniform(f"sbn.{name}.weight", [channels]), requires_grad=True)
    bias = torch.tensor(uniform(f"sbn.{name}.bias", [channels]) - 0.5, requires_grad=True)

    pixels = torch.cat([x.transpose(0, 1).flatten(1) for x in inputs], dim=1)
    count = pixels.shape[1]
    mean = pixels.mean(1)
    biased = pixels.var(1, correction=0)
    # The original raises small variances to eps; PyTorch, and the original on one replica, adds eps to all.
    deviation = (biased.clamp(given["eps"]) if given["eps_mode"] == "max" else biased + given["eps"]).sqrt()
    per_channel = (-1, 1, 1)
    outputs = [
        (x - mean.view(per_channel)) / deviation.view(per_channel) * weight.view(per_channel) + bias.view(per_channel)
        for x in inputs
    ]
    gradients = [made_up(f"sbn.{name}.g{i}", shape, lambda u: 2 * (u - 0.5)) for i, shape in enumerate(shapes)]
    torch.autograd.backward(outputs, gradients)

    unbiased = biased * count / (count - 1)
    return {
        **given,
        "count": count,
        "mean": mean.tolist(),
        "biased_var": biased.tolist(),
        "unbiased_var": unbiased.tolist(),
        "running_mean": (momentum * mean).tolist(),
        "running_var": (1 - momentum + momentum * unbiased).tolist(),
        "grad_weight": weight.grad.tolist(),
        "grad_bias": bias.grad.tolist(),
        "output": [sampled(output, SAMPLES) for output in outputs],
        "grad_input": [sampled(x.grad, SAMPLES) for x in inputs],
    }
