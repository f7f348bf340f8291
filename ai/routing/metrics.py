"""What a routing policy recovers and saves, with intervals: RouteLLM's measures, and money at a floor of quality."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import mul

from ai.routing.outcomes import Row

FLOORS = {"97": 0.97, "99": 0.99, "100": 1.0}
# A floor must hold on the rows that a threshold is chosen on by this many standard errors; fixed on other splits than the reported.
MARGIN = 0.5
RESAMPLES = 200
RESAMPLING_SEED = 0
NAMES = ("apgr", "cpt50", "cpt80", "saved_at_97", "saved_at_99", "saved_at_100", "quality_at_99")

Metrics = dict[str, float | None]


@dataclass(frozen=True)
class Threshold:
    """Ask the strong model above `score`, and at exactly `score` in this share of cases; a score of None: always."""

    score: float | None = None
    share: float = 1.0

    def asked(self, score: float) -> float:
        """Return the probability that the strong model is asked."""
        if self.score is None or score > self.score:
            return 1.0
        return self.share if score == self.score else 0.0


@dataclass(frozen=True)
class Routed:
    """What a policy does with each row: its score, and by floor of quality the threshold that the score is held against.

    `kept` is what a row costs when the cheap answer stays, `asked` when the strong model is asked after what the score needs.
    """

    scores: Sequence[float]
    thresholds: Mapping[str, Sequence[Threshold]]
    kept: Sequence[float]
    asked: Sequence[float]


def choose(scores: Sequence[float], rows: Sequence[Row], floor: float) -> Threshold:
    """Return the threshold that asks the strong model least often while the quality stays at `floor` of its own, with the margin."""
    order = sorted(range(len(rows)), key=lambda number: -scores[number])
    misses = [row.weak.quality - floor * row.strong.quality for row in rows]
    done = [(1 - floor) * row.strong.quality for row in rows]
    total, square = sum(misses), sum(miss * miss for miss in misses)
    if _holds(total, square, len(rows)):
        return Threshold(max(scores), 0.0)
    for score, group in groupby(order, key=lambda number: scores[number]):
        numbers = list(group)
        gained = sum(done[number] - misses[number] for number in numbers)
        squared = sum(done[number] ** 2 - misses[number] ** 2 for number in numbers)
        if _holds(total + gained, square + squared, len(rows)):
            shares = (step / 100 for step in range(1, 101)) if len(numbers) > 1 else (1.0,)
            return Threshold(score, next(share for share in shares if _holds(total + share * gained, square + share * squared, len(rows))))
        total, square = total + gained, square + squared
    return Threshold()


def measure(routed: Routed, rows: Sequence[Row]) -> Metrics:
    """Return the policy's figures over `rows`; None where the strong model is not the better one, so that there is no gap."""
    return _measured(_Curve(routed, rows), [1.0] * len(rows))


def intervals(routed: Routed, rows: Sequence[Row]) -> dict[str, tuple[float, float] | None]:
    """Return the 95 % bootstrap interval of each figure: rows are drawn anew, thresholds stay."""
    curve = _Curve(routed, rows)
    generator = random.Random(RESAMPLING_SEED)  # noqa: S311 -- a resample is no secret
    drawn: dict[str, list[float]] = {name: [] for name in NAMES}
    for _ in range(RESAMPLES):
        counts = [0.0] * len(rows)
        for number in generator.choices(range(len(rows)), k=len(rows)):
            counts[number] += 1.0
        for name, value in _measured(curve, counts).items():
            if value is not None:
                drawn[name].append(value)
    return {name: _middle(sorted(values)) for name, values in drawn.items()}


def apgr(scores: Sequence[float], rows: Sequence[Row]) -> float | None:
    """Return the mean share of the gap that is recovered over all shares of strong calls."""
    return _recovered(_Curve(Routed(scores, {}, (), ()), rows), [1.0] * len(rows))["apgr"]


class _Curve:
    """What does not change between resamples: the order of rows, where ties end, and each row's quality and cost by floor."""

    def __init__(self, routed: Routed, rows: Sequence[Row]) -> None:
        scores = routed.scores
        self.order = sorted(range(len(rows)), key=lambda number: -scores[number])
        self.gains = [rows[number].gain for number in self.order]
        self.ends = [place + 1 == len(rows) or scores[number] != scores[self.order[place + 1]] for place, number in enumerate(self.order)]
        self.strong = [row.strong.quality for row in rows]
        self.base = [row.strong.cost for row in rows]
        self.cost: dict[str, list[float]] = {}
        self.quality: dict[str, list[float]] = {}
        for floor, thresholds in routed.thresholds.items():
            asks = [threshold.asked(score) for threshold, score in zip(thresholds, scores, strict=True)]
            cells = zip(asks, thresholds, routed.kept, routed.asked, self.base, strict=True)
            # Where the strong model is always asked, nothing cheaper is asked before it.
            self.cost[floor] = [
                always if threshold.score is None else kept + ask * (asked - kept) for ask, threshold, kept, asked, always in cells
            ]
            self.quality[floor] = [row.weak.quality + ask * row.gain for row, ask in zip(rows, asks, strict=True)]


def _measured(curve: _Curve, counts: Sequence[float]) -> Metrics:
    figures = _recovered(curve, counts)
    base, best = _weighted(counts, curve.base), _weighted(counts, curve.strong)
    for floor in FLOORS:
        figures[f"saved_at_{floor}"] = 1 - _weighted(counts, curve.cost[floor]) / base if base else None
    figures["quality_at_99"] = _weighted(counts, curve.quality["99"]) / best if best else None
    return figures


def _recovered(curve: _Curve, counts: Sequence[float]) -> Metrics:
    """Walk from the highest score down; between the ends of ties the curve is straight, as if drawn by lot."""
    drawn = [counts[number] for number in curve.order]
    total, gap = sum(drawn), sum(count * gain for count, gain in zip(drawn, curve.gains, strict=True))
    if gap <= 0:
        return {"apgr": None, "cpt50": None, "cpt80": None}
    area = asked = gained = before_asked = before_gained = 0.0
    reached: dict[float, float] = {}
    wanted = [0.5, 0.8]
    for count, gain, ends in zip(drawn, curve.gains, curve.ends, strict=True):
        asked += count
        gained += count * gain
        if not ends or asked == before_asked:
            continue
        area += (asked - before_asked) * (gained + before_gained) / 2
        while wanted and gained >= wanted[0] * gap:
            part = (wanted[0] * gap - before_gained) / (gained - before_gained)
            reached[wanted.pop(0)] = (before_asked + part * (asked - before_asked)) / total
        before_asked, before_gained = asked, gained
    return {"apgr": area / gap / total, "cpt50": reached.get(0.5), "cpt80": reached.get(0.8)}


def _holds(total: float, square: float, amount: int) -> bool:
    deviation = math.sqrt(max(0.0, square - total * total / amount))
    return total - MARGIN * deviation >= -1e-9


def _weighted(counts: Sequence[float], values: Sequence[float]) -> float:
    total: float = sum(map(mul, counts, values))
    return total


def _middle(values: Sequence[float]) -> tuple[float, float] | None:
    return (values[int(0.025 * len(values))], values[int(0.975 * (len(values) - 1))]) if values else None
