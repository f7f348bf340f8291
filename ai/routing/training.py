"""Fit what the product ships, or what an operator ships instead, on recorded outcomes."""

from collections.abc import Sequence
from datetime import date
from itertools import chain
from typing import Any

from ai.routing import fitting, metrics, prescore, verifier
from ai.routing.calibration import Calibration, Family, Thresholds
from ai.routing.evaluation import Progress, Scores, cross_fit, disagreements, lengths
from ai.routing.fitting import fit_numbers
from ai.routing.metrics import FLOORS
from ai.routing.outcomes import SEED, Outcomes, OutcomesError, Row

MIN_ROWS = 200


def train(files: Sequence[Outcomes], *, today: date, say: Progress) -> Calibration:
    """Return what all rows of `files` teach; thresholds and figures come from questions that were held out.

    Groups whose strong answers were evidently not read are left out. Raises OutcomesError where no form of prompt and no
    pair of cheap models has MIN_ROWS rows.
    """
    left_out = {file.name: file.faulty_groups() for file in files}
    kept = [file.without(left_out[file.name]) for file in files]
    rows = list(chain.from_iterable(file.rows for file in kept))
    length = fit_numbers([(one,) for one in lengths(rows)], [row.gain for row in rows])
    families = {}
    for name in sorted({prescore.family_of(row.prompt) for row in rows} - {""}):
        its = [row for row in rows if prescore.family_of(row.prompt) == name]
        if len(its) >= MIN_ROWS:
            families[name] = _family(name, its, length, say)
    pairs = [row for file in kept if file.comparable for row in file.rows if row.second]
    cascade = _cascade(pairs, say) if len(pairs) >= MIN_ROWS else (None, {}, {})
    if not families and not pairs:
        raise OutcomesError(f"no form of prompt has {MIN_ROWS} rows: there is nothing to fit")
    facts = {
        "rows": len(rows),
        "made_on": today.isoformat(),
        "seed": SEED,
        "files": {file.name: file.sha256 for file in files},
        "left_out": {name: groups for name, groups in left_out.items() if groups},
        "cascade": cascade[2],
    }
    return Calibration(families, length, cascade[0], cascade[1], facts)


def _family(name: str, rows: Sequence[Row], length: tuple[tuple[float, ...], float], say: Progress) -> Family:
    """Fit a model, and keep it where it beats the prompt's length."""
    say(f"{name}: fitting the pre-score 16 times on {len(rows)} rows")
    features, gains = [prescore.features_of(row.prompt) for row in rows], [row.gain for row in rows]
    held_out = cross_fit(features, rows, lambda some, targets: fitting.fit(some, targets).score).outer
    by_length = lengths(rows)
    figures = {"prescore": metrics.apgr(held_out, rows), "length": metrics.apgr(by_length, rows)}
    beats = figures["prescore"] is not None and figures["length"] is not None and figures["prescore"] > figures["length"]
    line = verifier.line(*length)
    scores = held_out if beats else [line((one,)) for one in by_length]
    thresholds = _thresholds({"random": [0.0] * len(rows), "length": by_length, "prescore": scores}, rows)
    measured = {"rows": len(rows), "held_out_apgr": figures["prescore"], "length_apgr": figures["length"]}
    return Family(fitting.fit(features, gains) if beats else None, thresholds, measured)


def _cascade(rows: Sequence[Row], say: Progress) -> tuple[tuple[tuple[float, ...], float], Thresholds, dict[str, Any]]:
    say(f"verifier: fitting 16 times on {len(rows)} rows")
    numbers = [verifier.numbers_of(row) for row in rows]
    held_out, apart = cross_fit(numbers, rows, verifier.fit).outer, disagreements(rows)
    measured = {"rows": len(rows), "held_out_apgr": metrics.apgr(held_out, rows), "agreement_apgr": metrics.apgr(apart, rows)}
    fitted = fit_numbers(numbers, [row.gain for row in rows])
    return fitted, _thresholds({"agreement": apart, "verifier": held_out}, rows), measured


def _thresholds(policies: dict[str, Scores], rows: Sequence[Row]) -> Thresholds:
    return {name: {floor: metrics.choose(scores, rows, share) for floor, share in FLOORS.items()} for name, scores in policies.items()}
