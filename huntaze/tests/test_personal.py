"""The registry of what is known about people (guarantee S14)."""

import pytest

from huntaze import personal
from huntaze.models import Event
from huntaze.personal import SECRET, WITH_ROW, kept, replaced


def test_column_cannot_outlive_its_row():
    with pytest.raises(ValueError, match=r"^huntaze\.event: a column cannot outlive its row$"):
        personal.declare(Event, person="subject_id", fields={"type": WITH_ROW, "data": replaced({})})


@pytest.mark.parametrize(
    ("fate", "deletes_row", "exported"),
    [
        (WITH_ROW, True, True),
        (SECRET, True, False),
        (replaced(), False, True),
        (replaced(exported=False), False, False),
        (kept("why"), False, True),
    ],
)
def test_fate_says_what_goes_and_what_is_shown(fate, deletes_row, exported):
    assert (fate.deletes_row, fate.exported) == (deletes_row, exported)
