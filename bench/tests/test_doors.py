"""What the bench of the doors makes of times."""

import pytest

from bench.doors import Pairs


@pytest.mark.parametrize(
    ("known", "unknown", "auc"),
    [([1, 4], [2, 3], 0.5), ([3, 4], [1, 2], 1), ([1, 2], [3, 4], 1), ([1, 3], [2, 4], 0.75)],
)
def test_auc_is_the_chance_of_being_right_in_either_direction(known, unknown, auc):
    assert Pairs(known, unknown).auc == auc
