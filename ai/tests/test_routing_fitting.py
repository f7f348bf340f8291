import random

import pytest

from ai.routing import fitting
from ai.routing.prescore import features_of


def test_words_that_decide_are_learned():
    prompts = [f"{'tangled lattice' if number % 3 == 0 else 'plain sky'} case" for number in range(90)]
    model = fitting.fit([features_of(prompt) for prompt in prompts], [float(number % 3 == 0) for number in range(90)])
    assert [model.score(features_of(prompt)) > 0.4 for prompt in ("tangled lattice case", "plain sky case")] == [True, False]


def test_two_fits_of_the_same_rows_are_equal():
    features = [features_of(f"prompt of {number} words and {number % 5} more") for number in range(60)]
    targets = [float(number % 5 > 2) for number in range(60)]
    assert fitting.fit(features, targets).as_json() == fitting.fit(features, targets).as_json()


def test_numbers_that_are_a_weighted_sum_are_found_again():
    draw = random.Random(3)
    rows = [(draw.gauss(5, 2), draw.gauss(0, 30), 1.0) for _ in range(4000)]
    weights, bias = fitting.fit_numbers(rows, [0.5 * one - 0.02 * two + 3 for one, two, _ in rows])
    assert weights == (pytest.approx(0.5, rel=0.1), pytest.approx(-0.02, rel=0.1), 0.0)
    assert bias == pytest.approx(3, abs=0.3)


def test_solution_has_no_slope_left():
    matrix = fitting.Matrix([[0, 1], [1], [0]], [[0.1], [-0.2], [0.1]], [1.0, 0.5])
    targets = [1.0, -1.0, 0.5]
    weights = fitting.ridge(matrix, targets)
    missed = [target - value for target, value in zip(targets, matrix.times(weights), strict=True)]
    slopes = [one - fitting.PENALTY * two for one, two in zip(matrix.transposed_times(missed), weights, strict=True)]
    assert slopes == pytest.approx([0.0] * 3, abs=1e-2)
