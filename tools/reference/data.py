"""`data.json`: the original's validation transform of photos, and its metrics of generated label maps."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from mit_semseg.dataset import ValDataset
from mit_semseg.utils import accuracy, intersectionAndUnion

from formulas import Json, sampled, uniform

SAMPLES = 32
SCALES = [300, 375, 450, 525, 600]
METRICS = [("small", 7, 9, 5), ("ade", 61, 83, 150), ("absent", 20, 20, 150)]


def compute(photos: Path | None) -> Json:
    """
    The file's values.

    Args:
        photos: the folder `ade20k-sample`; without it `val` is left out.
    """
    values = {"val": validation(photos)} if photos else {}
    return {**values, "metrics": [metric(*case) for case in METRICS]}


def validation(photos: Path) -> list[Json]:
    """What the original's data set of validation gives for each photo that `sample.odgt` lists."""

    def dataset(sizes: list[int], padding: int) -> ValDataset:
        options = SimpleNamespace(imgSizes=sizes, imgMaxSize=1000, padding_constant=padding)
        with contextlib.redirect_stdout(io.StringIO()):  # It prints how many samples it has.
            return ValDataset(str(photos), str(photos / "sample.odgt"), options)

    entries = []
    for at_scales, at_one in zip(dataset(SCALES, 8), dataset([450], 32)):
        rgb = at_scales["img_ori"]
        labels, counts = np.unique(at_scales["seg_label"].numpy(), return_counts=True)
        entries.append(
            {
                "image": at_scales["info"],
                "rgb": {"shape": list(rgb.shape), "mean": rgb.mean((0, 1)).tolist()},
                "img_data": [sampled(image, SAMPLES) for image in at_scales["img_data"]],
                "img_data_pad32": sampled(at_one["img_data"][0], SAMPLES),
                "label_histogram": {str(label): int(count) for label, count in zip(labels, counts)},
            }
        )
    return entries


def metric(name: str, height: int, width: int, num_class: int) -> Json:
    """The original's scores of a generated prediction of `height` × `width` pixels."""
    predicted, labelled = (10, 8) if name == "absent" else (num_class, num_class + 1)
    shape = (height, width)
    prediction = np.floor(predicted * uniform(f"metric.{name}.pred", shape)).astype(np.int64)
    label = np.floor(labelled * uniform(f"metric.{name}.label", shape)).astype(np.int64) - 1
    if name == "ade":
        agree = (uniform("metric.ade.agree", shape) < 0.6) & (label >= 0)
        prediction = np.where(agree, label, prediction)
    pixel_accuracy, valid = accuracy(prediction, label)
    intersection, union = intersectionAndUnion(prediction, label, num_class)
    # As the original's evaluation scripts do, which its distribution leaves out.
    iou = intersection / (union + 1e-10)
    return {
        "name": name,
        "height": height,
        "width": width,
        "num_class": num_class,
        "pixel_accuracy": float(pixel_accuracy),
        "valid": int(valid),
        "intersection": intersection.tolist(),
        "union": union.tolist(),
        "mean_iou_all_classes": float(iou.mean()),
        "mean_iou_present": float(iou[union > 0].mean()),
    }
