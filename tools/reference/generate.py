"""Makes the reference values from the original's own distribution: see README.md beside this file."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import agreement
import data
import gradients
import losses
import models
import ops
import sync_bn
from compare import Comparison

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = REPOSITORY / "tools/testing/reference"
PHOTOS = REPOSITORY.parent / "shared/data/ade20k-sample"

LINE = "{:<15} {:<26} {:>7} {:>8} {:>8}"

COMPUTE: dict[str, Callable[[], Any]] = {
    "ops": ops.compute,
    "losses": losses.compute,
    "sync-bn": sync_bn.compute,
    "data": partial(data.compute, PHOTOS if PHOTOS.is_dir() else None),
    "models": models.compute,
    "gradients-eval": gradients.compute_still,
    "gradients": gradients.compute_trained,
}


def read(name: str) -> Any:
    """The values of the repository's file `name`."""
    return json.loads((REFERENCE / f"{name}.json").read_text())


def parse(argv: list[str]) -> argparse.Namespace:
    """The command line's options; exits with the usage where they are wrong."""
    parser = argparse.ArgumentParser(description="Makes the reference values from the original's own distribution.")
    parser.add_argument("--check", action="store_true", help="compare with the repository's; exit 1 if any is off")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write the files there")
    parser.add_argument("--only", metavar="NAMES", default=",".join(COMPUTE), help="of: %(default)s")
    options = parser.parse_args(argv)
    options.only = options.only.split(",")
    unknown = [name for name in options.only if name not in COMPUTE]
    if unknown:
        parser.error(f"Expected --only of {', '.join(COMPUTE)} but received {', '.join(unknown)}: name some of these")
    if not options.check and not options.write:
        parser.error("Expected --check or --write FOLDER but received neither: give one or both")
    return options


def main(argv: list[str]) -> int:
    """Computes, writes and compares what `argv` asks for; gives the exit status."""
    options = parse(argv)
    if "data" in options.only and not PHOTOS.is_dir():
        print(f"data: skipped val, the photos' values: {PHOTOS} is absent", file=sys.stderr)
    agrees = True
    if options.check:
        print(LINE.format("file", "values", "entries", "off by", "allowed"))
    for name in options.only:
        started = time.monotonic()
        values = COMPUTE[name]()
        print(f"{name}: computed in {time.monotonic() - started:.0f} s", file=sys.stderr)
        if options.write:
            options.write.mkdir(parents=True, exist_ok=True)
            (options.write / f"{name}.json").write_text(json.dumps(values))
        if options.check:
            agrees &= check(name, values)
    return 0 if agrees else 1


def check(name: str, values: Any) -> bool:
    """Prints the comparison of `values` with the repository's file `name`; gives whether they agree."""
    expected = read(name)
    if name == "data" and "val" not in values:
        del expected["val"]
    comparison = Comparison()
    comparison.walk(values, expected, agreement.rule_of(name, read))
    for kind, row in comparison.rows.items():
        difference = f"{row.worst.difference:.1e}" if row.worst.difference else "0"
        allowed = f"{row.worst.allowed:.1e}" if row.worst.allowed else "exact"
        line = LINE.format(name, kind, row.entries, difference, allowed)
        print(line if row.agrees else f"{line}  OUTSIDE at {row.where}")
    return all(row.agrees for row in comparison.rows.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
