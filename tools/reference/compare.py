"""Compares values with a file's, number by number, by a rule that says how far each may be off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, isnan
from typing import Any

from formulas import Json


@dataclass(frozen=True)
class Entry:
    """One float of a file beside the computed one."""

    path: tuple[str, ...]
    actual: Any
    expected: Any
    tensor: Json
    """What the file holds of the sampled tensor that the number belongs to; empty outside of tensors."""

    @property
    def key(self) -> str:
        """The innermost name of the path."""
        return next(part for part in reversed(self.path) if not part.isdigit())


@dataclass(frozen=True)
class Verdict:
    """How far an entry is off, and by how much it may be."""

    kind: str
    difference: float
    allowed: float

    @property
    def share(self) -> float:
        """The difference as a share of what is allowed: beyond 1 it is outside, as NaN always is."""
        if self.difference == 0:
            return 0.0
        share = self.difference / self.allowed if self.allowed else inf
        return inf if isnan(share) else share


@dataclass
class Row:
    """All entries of one kind in one file; `worst` comes closest to its bound."""

    worst: Verdict
    where: str
    entries: int = 0

    @property
    def agrees(self) -> bool:
        """Whether no entry is outside its bound."""
        return self.worst.share <= 1


Rule = Callable[[Entry], Verdict]


@dataclass
class Comparison:
    """The comparison of one file."""

    rows: dict[str, Row] = field(default_factory=dict)

    def add(self, verdict: Verdict, path: tuple[str, ...]) -> None:
        """Counts an entry."""
        row = self.rows.setdefault(verdict.kind, Row(verdict, "/".join(path)))
        row.entries += 1
        if verdict.share > row.worst.share:
            row.worst, row.where = verdict, "/".join(path)

    def walk(
        self, actual: Any, expected: Any, rule: Rule, path: tuple[str, ...] = (), tensor: Json | None = None
    ) -> None:
        """Judges every number: floats by `rule`; integers, texts and the structure are to be the same."""
        if isinstance(actual, dict) and isinstance(expected, dict):
            if "value" in expected:
                tensor = expected
            for key in {**expected, **actual}:
                if key in actual and key in expected:
                    self.walk(actual[key], expected[key], rule, (*path, key), tensor)
                else:
                    self.add(Verdict("structure", inf, 0), (*path, key))
        elif isinstance(actual, list) and isinstance(expected, list):
            if len(actual) != len(expected):
                self.add(Verdict("structure", inf, 0), path)
            for i, (one, other) in enumerate(zip(actual, expected)):
                self.walk(one, other, rule, (*path, str(i)), tensor)
        elif isinstance(actual, float) and isinstance(expected, float):
            self.add(rule(Entry(path, actual, expected, tensor or {})), path)
        else:
            self.add(Verdict("counts, shapes, names", 0 if actual == expected else inf, 0), path)
