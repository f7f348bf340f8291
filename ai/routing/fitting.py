"""Fit linear models on outcomes: ridge regression by conjugate gradients, in plain Python."""

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from operator import itemgetter, mul

from ai.routing.prescore import BUCKETS, Features, Model

# Fixed on splits other than the one that is reported.
PENALTY = 10.0
HAND_WEIGHT = 0.2
MIN_ROWS_OF_BUCKET = 3
STEPS = 40
TOLERANCE = 1e-2

Vector = list[float]


class Matrix:
    """Rows of words, each scaled to length 1 with rare words heavier, and of numbers; multiplied without a loop over cells.

    A row's word is `idf[bucket] / norm[row]`, so that sums of gathered numbers do all of the work.
    """

    def __init__(self, buckets: Sequence[Sequence[int]], numbers: Sequence[Vector], idf: Sequence[float]) -> None:
        self.numbers, self.columns = numbers, [list(column) for column in zip(*numbers, strict=True)]
        self.idf = idf
        squares = [sum(idf[bucket] ** 2 for bucket in row) for row in buckets]
        self.norms = [1 / math.sqrt(square) if square else 0.0 for square in squares]
        rows_of: list[list[int]] = [[] for _ in idf]
        for number, row in enumerate(buckets):
            for bucket in row:
                rows_of[bucket].append(number)
        # A place past the end holds 0; asked for twice besides, each getter returns a tuple.
        self.words_of_row = [itemgetter(*row, len(idf), len(idf)) for row in buckets]
        self.rows_of_word = [itemgetter(*rows, len(buckets), len(buckets)) for rows in rows_of]

    def times(self, weights: Vector) -> Vector:
        """Return the product with a column."""
        words = [*map(mul, self.idf, weights), 0.0]
        rest = weights[len(self.idf) :]
        rows = zip(self.words_of_row, self.norms, self.numbers, strict=True)
        return [norm * sum(get(words)) + sum(map(mul, numbers, rest)) for get, norm, numbers in rows]

    def transposed_times(self, values: Vector) -> Vector:
        """Return the product of the transposed matrix with a column."""
        scaled = [*map(mul, self.norms, values), 0.0]
        words = [idf * sum(get(scaled)) for get, idf in zip(self.rows_of_word, self.idf, strict=True)]
        return words + [_dot(column, values) for column in self.columns]


def fit(features: Sequence[Features], targets: Sequence[float]) -> Model:
    """Return the model that predicts `targets` best in the least squares, large weights being penalized."""
    seen = Counter(chain.from_iterable(one.buckets for one in features))
    kept = sorted(bucket for bucket, rows in seen.items() if rows >= MIN_ROWS_OF_BUCKET)
    place = {bucket: number for number, bucket in enumerate(kept)}
    idf = [math.log(len(features) / seen[bucket]) for bucket in kept]
    numbers, means, scales = standardized([one.hand for one in features])
    matrix = Matrix([[place[bucket] for bucket in one.buckets if bucket in place] for one in features], numbers, idf)
    mean = sum(targets) / len(targets)
    weights = ridge(matrix, [target - mean for target in targets])
    all_idf, all_weights = array("d", bytes(8 * BUCKETS)), array("d", bytes(8 * BUCKETS))
    for bucket, number in place.items():
        all_idf[bucket], all_weights[bucket] = idf[number], weights[number]
    hand = tuple(weight * scale for weight, scale in zip(weights[len(idf) :], scales, strict=True))
    return Model(all_idf, all_weights, hand, mean - _dot(hand, means))


def fit_numbers(rows: Sequence[Sequence[float]], targets: Sequence[float]) -> tuple[tuple[float, ...], float]:
    """Return the weights of plain numbers and the bias that predict `targets`."""
    numbers, means, scales = standardized(rows)
    mean = sum(targets) / len(targets)
    weights = ridge(Matrix([()] * len(rows), numbers, ()), [target - mean for target in targets])
    hand = tuple(weight * scale for weight, scale in zip(weights, scales, strict=True))
    return hand, mean - _dot(hand, means)


def ridge(matrix: Matrix, targets: Vector) -> Vector:
    """Return the weights w that make |matrix w - targets|² + PENALTY |w|² least."""
    rest = matrix.transposed_times(targets)
    weights, direction = [0.0] * len(rest), rest
    size = enough = _dot(rest, rest)
    enough *= TOLERANCE**2
    for _ in range(STEPS):
        if size <= enough:
            break
        image = [one + PENALTY * two for one, two in zip(matrix.transposed_times(matrix.times(direction)), direction, strict=True)]
        step = size / _dot(direction, image)
        weights = [weight + step * way for weight, way in zip(weights, direction, strict=True)]
        rest = [left - step * done for left, done in zip(rest, image, strict=True)]
        before, size = size, _dot(rest, rest)
        direction = [left + size / before * way for left, way in zip(rest, direction, strict=True)]
    return weights


def standardized(rows: Sequence[Sequence[float]]) -> tuple[list[Vector], Vector, Vector]:
    """Return the rows with each column's mean 0 and deviation HAND_WEIGHT, the means, and what each column was multiplied by."""
    columns = list(zip(*rows, strict=True))
    means = [sum(column) / len(column) for column in columns]
    deviations = [
        math.sqrt(sum((value - mean) ** 2 for value in column) / len(column)) for column, mean in zip(columns, means, strict=True)
    ]
    scales = [HAND_WEIGHT / deviation if deviation > 1e-9 else 0.0 for deviation in deviations]
    scaled = [[(value - mean) * scale for value, mean, scale in zip(row, means, scales, strict=True)] for row in rows]
    return scaled, means, scales


def _dot(one: Sequence[float], two: Sequence[float]) -> float:
    total: float = sum(map(mul, one, two))
    return total
