"""`losses.json`: losses by PyTorch, or by their papers' formulas, with the gradients that PyTorch derives, in float64."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from formulas import Json, made_up, sampled, uniform

SAMPLES = 96
IGNORED = -1

# Scores and labels in rows, one a labelled pixel; and the classes' weights.
Loss = Callable[..., torch.Tensor]


def cross_entropy(scores: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor | None) -> torch.Tensor:
    """PyTorch's own."""
    return F.nll_loss(F.log_softmax(scores, 1), labels, weight, ignore_index=IGNORED)


def ohem(
    scores: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor | None, threshold: float, min_kept: int
) -> torch.Tensor:
    """Cross entropy over hard pixels, chosen as HRNet and mmsegmentation choose them; the mean as PyTorch takes it."""
    own = scores.softmax(1).gather(1, labels[:, None])[:, 0].detach()
    least = own.sort().values[min(min_kept, len(own) - 1)]
    hard = own < max(least.item(), threshold)
    return F.cross_entropy(scores[hard], labels[hard], weight)


def focal(scores: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor | None, gamma: float) -> torch.Tensor:
    """Lin et al. 2017, equation 5, for a softmax; the mean as PyTorch's weighted one."""
    own = scores.softmax(1).gather(1, labels[:, None])[:, 0]
    alpha = torch.ones_like(own) if weight is None else weight[labels]
    return (-alpha * (1 - own) ** gamma * own.log()).sum() / alpha.sum()


def dice(scores: torch.Tensor, labels: torch.Tensor, weight: None) -> torch.Tensor:
    """One minus the soft Dice coefficient, the mean over the classes that occur."""
    p = scores.softmax(1)
    losses = []
    for c in labels.unique():
        truth = (labels == c).double()
        losses.append(1 - 2 * (p[:, c] * truth).sum() / (p[:, c].sum() + truth.sum()))
    return torch.stack(losses).mean()


def lovasz(scores: torch.Tensor, labels: torch.Tensor, weight: None) -> torch.Tensor:
    """Berman et al. 2018, equations 8 and 9: the extension's definition, set by set."""
    p = scores.softmax(1)
    losses = []
    for c in labels.unique():
        truth = labels == c
        errors = torch.where(truth, 1 - p[:, c], p[:, c])
        order = errors.detach().argsort(descending=True)
        wrong = torch.zeros_like(truth)
        before, loss = 0.0, 0.0
        for pixel in order:
            wrong[pixel] = True
            # Prediction and truth of the class, where exactly the pixels so far are wrong.
            predicted = truth ^ wrong
            jaccard = 1 - (truth & predicted).sum().double() / (truth | predicted).sum()
            loss = loss + errors[pixel] * (jaccard - before)
            before = jaccard
        losses.append(loss)
    return torch.stack(losses).mean()


LOSSES: dict[str, Loss] = {"ce": cross_entropy, "ohem": ohem, "focal": focal, "dice": dice, "lovasz": lovasz}

SHAPE = [2, 5, 4, 6]


def case(loss: str, shape: list[int] = SHAPE, *, occurring: int | None = None, weighted: bool = False, **options) -> Json:
    """A loss of scores of NCHW `shape`, of whose classes the first `occurring` occur."""
    return {"loss": loss, "shape": shape, "occurring": occurring or shape[1], "weighted": weighted, "options": options}


CASES: dict[str, Json] = {
    "ce": case("ce"),
    "ce_weighted": case("ce", weighted=True),
    "ohem_threshold": case("ohem", threshold=0.7, min_kept=3),
    "ohem_min_kept": case("ohem", threshold=0.05, min_kept=17),
    "ohem_all": case("ohem", threshold=0.1, min_kept=1000),
    "ohem_weighted": case("ohem", threshold=0.3, min_kept=3, weighted=True),
    "focal": case("focal", gamma=2),
    "focal_half": case("focal", gamma=0.5),
    "focal_weighted": case("focal", gamma=2, weighted=True),
    "dice": case("dice"),
    "dice_absent": case("dice", [1, 9, 5, 7], occurring=4),
    "lovasz": case("lovasz"),
    "lovasz_absent": case("lovasz", [1, 9, 5, 7], occurring=4),
    "lovasz_large": case("lovasz", [2, 3, 20, 24]),
}


def compute() -> Json:
    """The file's values: each loss, and its gradient by the scores."""
    entries = {}
    for name, meta in CASES.items():
        shape = meta["shape"]
        count, classes, height, width = shape
        scores = made_up(f"loss.{name}.scores", shape, lambda u: 8 * (u - 0.5)).requires_grad_()
        occurring = meta["occurring"] + 1
        labels = torch.from_numpy(uniform(f"loss.{name}.labels", [count, height, width]) * occurring).long() - 1
        weight = made_up(f"loss.{name}.weights", [classes], lambda u: 0.1 + 2 * u) if meta["weighted"] else None
        rows = scores.permute(0, 2, 3, 1).reshape(-1, classes)
        labelled = labels.flatten() != IGNORED
        loss = LOSSES[meta["loss"]](rows[labelled], labels.flatten()[labelled], weight, **meta["options"])
        loss.backward()
        entries[name] = {"meta": meta, "value": loss.item(), "grad": sampled(scores.grad, SAMPLES)}
    return entries
