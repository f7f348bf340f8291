import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.routing import metrics
from ai.routing.metrics import Routed, Threshold
from ai.routing.outcomes import Answer, Row

RIGHT, WRONG = 1.0, 0.0


def row(weak, strong):
    return Row("prompt", "", 0, Answer(weak, cost=6.0), Answer(strong, cost=100.0))


# A gap of 2 in 4 rows: the strong model helps with the first two.
ROWS = [row(WRONG, RIGHT), row(WRONG, RIGHT), row(RIGHT, RIGHT), row(RIGHT, RIGHT)]
outcome_lists = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=40)


def routed(scores, threshold, rows):
    thresholds = {floor: [threshold] * len(rows) for floor in metrics.FLOORS}
    return Routed(scores, thresholds, [one.weak.cost for one in rows], [one.strong.cost for one in rows])


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([4, 3, 2, 1], 0.75), ([1, 2, 3, 4], 0.25), ([0, 0, 0, 0], 0.5), ([1, 1, 0, 0], 0.75), ([0, 1, 0, 1], 0.5)],
)
def test_apgr_is_the_mean_recovered_share(scores, expected):
    assert metrics.apgr(scores, ROWS) == pytest.approx(expected)


def test_apgr_without_a_gap_is_none():
    assert metrics.apgr([1.0], [row(RIGHT, RIGHT)]) is None


@given(outcome_lists)
def test_equal_scores_recover_as_much_as_chance(outcomes):
    rows = [row(*one) for one in outcomes]
    assert metrics.apgr([0.0] * len(rows), rows) in (None, pytest.approx(0.5))


@given(outcome_lists, st.randoms(use_true_random=False))
def test_no_order_recovers_more_than_that_of_the_gains(outcomes, draw):
    rows = [row(*one) for one in outcomes]
    best, other = (metrics.apgr(scores, rows) for scores in ([one.gain for one in rows], [draw.random() for _ in rows]))
    assert best is other is None or other <= best + 1e-9


def test_least_shares_that_recover_half_and_most_of_the_gap():
    figures = metrics.measure(routed([4, 3, 2, 1], Threshold(), ROWS), ROWS)
    assert (figures["cpt50"], figures["cpt80"]) == (pytest.approx(0.25), pytest.approx(0.4))


def test_cost_and_quality_follow_the_threshold():
    figures = metrics.measure(routed([4, 3, 2, 1], Threshold(4), ROWS), ROWS)
    assert (figures["saved_at_99"], figures["quality_at_99"]) == (pytest.approx(1 - 118 / 400), 0.75)


def test_always_asking_the_strong_model_saves_nothing_and_pays_nothing_besides():
    cascade = Routed([1.0] * 4, {floor: [Threshold()] * 4 for floor in metrics.FLOORS}, [10.0] * 4, [110.0] * 4)
    figures = metrics.measure(cascade, ROWS)
    assert (figures["saved_at_100"], figures["quality_at_99"]) == (0.0, 1.0)


@given(outcome_lists, st.randoms(use_true_random=False), st.sampled_from([0.97, 0.99, 1.0]))
def test_chosen_threshold_keeps_the_floor_on_the_rows_that_it_was_chosen_on(outcomes, draw, floor):
    rows = [row(*one) for one in outcomes]
    scores = [float(draw.randint(0, 5)) for _ in rows]
    threshold = metrics.choose(scores, rows, floor)
    kept = sum(one.weak.quality + threshold.asked(score) * one.gain for one, score in zip(rows, scores, strict=True))
    assert kept >= floor * sum(one.strong.quality for one in rows) - 1e-6


def test_nothing_is_asked_of_the_strong_model_where_the_cheap_one_is_as_good():
    assert metrics.choose([1.0, 2.0], [row(RIGHT, RIGHT)] * 2, 1.0) == Threshold(2.0, 0.0)


def test_interval_is_the_same_each_time_and_holds_the_value():
    rows = ROWS * 20
    one = routed([4, 3, 2, 1] * 20, Threshold(3), rows)
    found = metrics.intervals(one, rows)
    low, high = found["apgr"]
    assert found == metrics.intervals(one, rows)
    assert low <= metrics.measure(one, rows)["apgr"] <= high
