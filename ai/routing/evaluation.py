"""Judge routing policies on recorded outcomes: what the product ships, or what refitting gives on questions that were held out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

from ai.routing import fitting, metrics, prescore, verifier
from ai.routing.calibration import Calibration
from ai.routing.metrics import FLOORS, Routed, Threshold
from ai.routing.outcomes import FOLDS, Outcomes, OutcomesError, Row

Scores = list[float]
Fit = Callable[[Sequence[Any], Sequence[float]], Callable[[Any], float]]
Progress = Callable[[str], None]

MIN_ROWS = 50
# Groups are families of tasks when they are few and large; of many small ones (subjects) the file itself is the family.
MAX_FAMILIES, MIN_FAMILY_ROWS = 8, 50


@dataclass(frozen=True)
class Scored:
    """Scores of rows by models that did not see their fold; `inner[k]` by models that did not see fold k either."""

    outer: Scores
    inner: Mapping[int, Scores]


def evaluate(outcomes: Outcomes, *, calibration: Calibration | None, say: Progress) -> dict[str, Any]:
    """Return the figures of each policy on one file, as docs/ai-routing.md names them.

    With a `calibration` its scores and thresholds are judged as they are; without one, each fold of questions is judged by
    models and thresholds of the others. Raises OutcomesError where there are too few rows for that.
    """
    report = _judge(outcomes, calibration, say)
    report["models"] = dict(outcomes.models)
    report["fit"] = "cv" if calibration is None else "shipped"
    if calibration is not None:
        report["in_sample"] = outcomes.sha256 in calibration.facts["files"].values()
    report["without"] = {}
    for group in outcomes.faulty_groups():
        say(f"{outcomes.name}: again without {group}, whose strong answers were evidently not read")
        report["without"][group] = _judge(outcomes.without([group]), calibration, say)
    return report


def best_policy(outcomes: Outcomes) -> str:
    """Return the policy that the product would use where it has what the file has."""
    return "verifier" if outcomes.comparable else "prescore"


def unseen(files: Sequence[Outcomes], say: Progress) -> dict[str, dict[str, float | None]]:
    """Return by family of tasks the APGR of what was fitted on all other families, beside what needs no fitting."""
    families = [family for file in files for family in _families(file)]
    if len(families) < 2:
        return {}
    learned = [(family, [prescore.features_of(row.prompt) for row in family.rows]) for family in families]
    found = {}
    for family, features in learned:
        say(f"{family.name}: as a family of tasks never seen")
        others = [(one, row) for other, its in learned if other is not family for one, row in zip(its, other.rows, strict=True)]
        model = fitting.fit([one for one, _ in others], [row.gain for _, row in others])
        figures = {
            "rows": float(len(family.rows)),
            "prescore_apgr": metrics.apgr([model.score(one) for one in features], family.rows),
            "length_apgr": metrics.apgr(lengths(family.rows), family.rows),
        }
        if family.comparable:
            figures["agreement_apgr"] = metrics.apgr(disagreements(family.rows), family.rows)
            pairs = [row for other in families if other is not family and other.comparable for row in other.rows if row.second]
            if pairs:
                judge = verifier.fit([verifier.numbers_of(row) for row in pairs], [row.gain for row in pairs])
                figures["verifier_apgr"] = metrics.apgr([judge(verifier.numbers_of(row)) for row in family.rows], family.rows)
        found[family.name] = figures
    return found


def lengths(rows: Sequence[Row]) -> Scores:
    """Return the scores of the router that knows only how long a prompt is."""
    return [prescore.length_of(row.prompt) for row in rows]


def disagreements(rows: Sequence[Row]) -> Scores:
    """Return 1 where two cheap models differ, 0 where they agree."""
    return [float(row.second is None or not verifier.agree(row.weak.text, row.second.text)) for row in rows]


def cross_fit(items: Sequence[Any], rows: Sequence[Row], fit: Fit) -> Scored:
    """Fit without each fold, and without each two, so that a fold's threshold too is chosen on scores that know nothing of it."""
    outer = [0.0] * len(rows)
    inner = {fold: [0.0] * len(rows) for fold in range(FOLDS)}
    for one, other in combinations_with_replacement(range(FOLDS), 2):
        train = [number for number, row in enumerate(rows) if row.fold not in (one, other)]
        if not train:
            raise OutcomesError("there are too few different questions to hold some of them out")
        score = fit([items[number] for number in train], [rows[number].gain for number in train])
        for number, row in enumerate(rows):
            if row.fold == one == other:
                outer[number] = score(items[number])
            elif row.fold in (one, other):
                inner[other if row.fold == one else one][number] = score(items[number])
    return Scored(outer, inner)


def fixed(scores: Scores) -> Scored:
    """Return scores that nothing was fitted for."""
    return Scored(scores, dict.fromkeys(range(FOLDS), scores))


def policies(outcomes: Outcomes, say: Progress) -> dict[str, Scored]:
    """Return the cross-fitted scores of every policy that the file allows, the best possible last."""
    rows = outcomes.rows
    say(f"{outcomes.name}: features of {len(rows)} prompts")
    features = [prescore.features_of(row.prompt) for row in rows]
    say(f"{outcomes.name}: fitting the pre-score 15 times")
    found = {
        "random": fixed([0.0] * len(rows)),
        "length": fixed(lengths(rows)),
        "prescore": cross_fit(features, rows, lambda some, gains: fitting.fit(some, gains).score),
    }
    if outcomes.comparable:
        found["agreement"] = fixed(disagreements(rows))
        found["verifier"] = cross_fit([verifier.numbers_of(row) for row in rows], rows, verifier.fit)
    return found | {"oracle": fixed([row.gain for row in rows])}


def _judge(outcomes: Outcomes, calibration: Calibration | None, say: Progress) -> dict[str, Any]:
    rows = outcomes.rows
    if calibration is None:
        if len(rows) < MIN_ROWS:
            raise OutcomesError(f"{outcomes.name}: cross-validation needs {MIN_ROWS} rows, not {len(rows)}")
        routed = {name: _held_out(name, scored, rows) for name, scored in policies(outcomes, say).items()}
    else:
        routed = _shipped(outcomes, calibration)
    told: dict[str, dict[str, Any]] = {}
    for name, one in routed.items():
        say(f"{outcomes.name}: measuring {name}")
        told[name] = {**metrics.measure(one, rows), "intervals": metrics.intervals(one, rows)}
    best = best_policy(outcomes)
    if best not in told:
        best = "prescore"
    beside = {f"{name}_{figure}": told[name][figure] for name in ("random", "length") for figure in metrics.NAMES}
    return {"rows": len(rows), "policy": best, **told[best], **beside, "policies": told}


def _held_out(name: str, scored: Scored, rows: Sequence[Row]) -> Routed:
    thresholds: dict[str, list[Threshold]] = {}
    for floor, share in FLOORS.items():
        chosen = {}
        for fold in {row.fold for row in rows}:
            train = [number for number, row in enumerate(rows) if row.fold != fold]
            scores = scored.inner[fold]
            chosen[fold] = metrics.choose([scores[number] for number in train], [rows[number] for number in train], share)
        thresholds[floor] = [chosen[row.fold] for row in rows]
    return _routed(name, scored.outer, thresholds, rows)


def _shipped(outcomes: Outcomes, calibration: Calibration) -> dict[str, Routed]:
    rows = outcomes.rows
    scores = {
        "random": [0.0] * len(rows),
        "length": lengths(rows),
        "prescore": [calibration.score(row.prompt) for row in rows],
    }
    if outcomes.comparable and calibration.verifier is not None:
        scores["agreement"] = disagreements(rows)
        scores["verifier"] = [calibration.verify(verifier.numbers_of(row)) for row in rows]
    families = [prescore.family_of(row.prompt) for row in rows]
    routed = {
        name: _routed(name, one, {floor: [calibration.threshold(name, floor, family) for family in families] for floor in FLOORS}, rows)
        for name, one in scores.items()
    }
    return routed | {"oracle": _held_out("oracle", fixed([row.gain for row in rows]), rows)}


def _routed(name: str, scores: Scores, thresholds: Mapping[str, Sequence[Threshold]], rows: Sequence[Row]) -> Routed:
    """Count what a policy pays: a cascade has both cheap answers before it knows whether it asks the strong model too."""
    if name in ("agreement", "verifier"):
        kept = [row.weak.cost + (row.second.cost if row.second else 0.0) for row in rows]
        return Routed(scores, thresholds, kept, [cheap + row.strong.cost for cheap, row in zip(kept, rows, strict=True)])
    return Routed(scores, thresholds, [row.weak.cost for row in rows], [row.strong.cost for row in rows])


def _families(file: Outcomes) -> list[Outcomes]:
    names = sorted({row.group for row in file.rows})
    parts = [file.without(name for name in names if name != one) for one in names]
    if 1 < len(parts) <= MAX_FAMILIES and all(len(part.rows) >= MIN_FAMILY_ROWS for part in parts):
        return [Outcomes(f"{file.name}:{name}", part.rows, part.models, part.sha256) for name, part in zip(names, parts, strict=True)]
    return [file]
