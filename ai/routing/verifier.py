"""Judge a cheap answer beside a second cheap model's: what asking the strong model after both is expected to gain."""

import math
import re
from collections.abc import Callable, Sequence

from ai.routing.fitting import fit_numbers
from ai.routing.outcomes import Row
from ai.routing.prescore import FORMULA

PROGRAM = re.compile(r"\bdef \w+\(|\bfunction \w+\(")


def agree(one: str | None, other: str | None) -> bool:
    """Return whether two answers say the same: as numbers, else as words without case, quotes and the last full stop."""
    return one is not None and other is not None and _plain(one) == _plain(other)


def numbers_of(row: Row) -> tuple[float, ...]:
    """Return what the two cheap answers show: whether they agree, how long each thought, and what kind of answer it is."""
    first, second = row.weak, row.second
    if second is None:
        raise ValueError("the verifier needs the answers of two cheap models")
    agreed = float(agree(first.text, second.text))
    wrote, other = math.log1p(first.tokens_out), math.log1p(second.tokens_out)
    answer = _plain(first.text or "")
    number, size = float(isinstance(answer, float)), math.log1p(len(first.text or ""))
    formula, program = float(bool(FORMULA.search(row.prompt))), float(bool(PROGRAM.search(row.prompt)))
    return (
        agreed,
        wrote,
        other,
        wrote - other,
        agreed * wrote,
        agreed * other,
        (1 - agreed) * wrote * wrote,
        number,
        agreed * number,
        math.log1p(len(row.prompt)),
        size,
        agreed * size,
        formula,
        program,
        agreed * formula,
        agreed * program,
    )


def fit(numbers: Sequence[Sequence[float]], gains: Sequence[float]) -> Callable[[Sequence[float]], float]:
    """Return the function from `numbers_of` a row to its expected gain."""
    return line(*fit_numbers(numbers, gains))


def line(weights: Sequence[float], bias: float) -> Callable[[Sequence[float]], float]:
    """Return the function of the weighted sum."""
    return lambda numbers: bias + sum(weight * number for weight, number in zip(weights, numbers, strict=True))


def _plain(answer: str) -> str | float:
    text = answer.strip().lower().strip("'\"$ ").rstrip(".")
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text
