"""What the product ships or an operator fitted: models, and the thresholds that keep each floor of quality."""

import functools
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai.routing import prescore, verifier
from ai.routing.metrics import Threshold
from ai.routing.prescore import Features, Model

FILE = Path(__file__).with_name("weights.json")
FORMAT = 1

Thresholds = Mapping[str, Mapping[str, Threshold]]


class CalibrationError(ValueError):
    """A file of weights cannot be read; the message names it."""


@dataclass(frozen=True, eq=False)
class Family:
    """What was fitted on one form of prompt. `model` is None where it did not beat the prompt's length on held-out outcomes."""

    model: Model | None
    thresholds: Thresholds
    measured: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Calibration:
    """All that was fitted, by form of prompt; `length` scores what no model was fitted for, `verifier` answers of two cheap models.

    `thresholds` are those of the cascades. `facts` tell of the rows: how many, from which files, when.
    """

    families: Mapping[str, Family]
    length: tuple[tuple[float, ...], float]
    verifier: tuple[tuple[float, ...], float] | None
    thresholds: Thresholds
    facts: Mapping[str, Any]

    def score(self, prompt: str, features: Features | None = None) -> float:
        """Return the expected gain of asking the strong model, from the prompt alone."""
        family = self.families.get(prescore.family_of(prompt))
        if family is None or family.model is None:
            return verifier.line(*self.length)((prescore.length_of(prompt),))
        return family.model.score(features or prescore.features_of(prompt))

    def threshold(self, policy: str, floor: str, family: str) -> Threshold:
        """Return what a score is held against; where nothing was measured, the strong model is always asked."""
        if policy in self.thresholds:
            return self.thresholds[policy][floor]
        known = self.families.get(family)
        return known.thresholds[policy][floor] if known and policy in known.thresholds else Threshold()

    def verify(self, numbers: Sequence[float]) -> float:
        """Return the expected gain of asking the strong model after two cheap answers. Raises LookupError where that was not fitted."""
        if self.verifier is None:
            raise LookupError("no verifier was fitted")
        return verifier.line(*self.verifier)(numbers)

    def as_json(self) -> dict[str, Any]:
        """Return what `parse` takes."""
        families = {
            name: {
                "model": family.model and family.model.as_json(),
                "thresholds": _told(family.thresholds),
                "measured": dict(family.measured),
            }
            for name, family in self.families.items()
        }
        return {
            "format": FORMAT,
            "facts": dict(self.facts),
            "length": self.length,
            "verifier": self.verifier,
            "thresholds": _told(self.thresholds),
            "families": families,
        }


def parse(stored: Mapping[str, Any]) -> Calibration:
    """Return the calibration that `as_json` gave. Raises KeyError, TypeError or ValueError for anything else."""
    if stored["format"] != FORMAT:
        raise ValueError(f"format {stored['format']!r} is not {FORMAT}")
    families = {
        name: Family(one["model"] and Model.from_json(one["model"]), _read(one["thresholds"]), one["measured"])
        for name, one in stored["families"].items()
    }
    line = stored["verifier"]
    return Calibration(families, _line(stored["length"]), line and _line(line), _read(stored["thresholds"]), stored["facts"])


@functools.cache
def load(path: Path = FILE) -> Calibration:
    """Return what a file holds; without a path, what the product ships. Raises CalibrationError."""
    try:
        return parse(json.loads(path.read_bytes()))
    except OSError as error:
        raise CalibrationError(f"{path}: {error.strerror}") from error
    except (KeyError, TypeError, ValueError, AttributeError, zlib.error, struct.error) as error:
        raise CalibrationError(f"{path}: these are no weights of this version: {error}") from error


def _line(stored: Sequence[Any]) -> tuple[tuple[float, ...], float]:
    weights, bias = stored
    return tuple(map(float, weights)), float(bias)


def _told(thresholds: Thresholds) -> dict[str, dict[str, list[float | None]]]:
    return {policy: {floor: [one.score, one.share] for floor, one in floors.items()} for policy, floors in thresholds.items()}


def _read(stored: Mapping[str, Mapping[str, Sequence[Any]]]) -> Thresholds:
    return {policy: {floor: Threshold(*one) for floor, one in floors.items()} for policy, floors in stored.items()}
