"""Charts: bars from zero, in their places, whatever the values."""

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from huntaze.charts import GAP, HEIGHT, STEP, bars, dollars

VALUES = st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=60)


def chart(*values, before=(), show=str):
    points = [(f"day {number}", value) for number, value in enumerate(values)]
    return bars(title="Spent a day", column="Spent", empty="Nothing yet.", points=points, before=before, show=show)


@given(VALUES)
def test_bars_stay_inside_and_stand_on_zero_or_hang_from_it(values):
    drawn = chart(*values)
    places = [(bar.y >= 0 and bar.y + bar.height <= HEIGHT, drawn.zero in (bar.y, bar.y + bar.height)) for bar in drawn.bars]
    assert set(places) <= {(True, True)}


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=30))
def test_higher_value_has_no_lower_bar(values):
    heights = [bar.height for bar in chart(*values, 1).bars]
    assert [sorted(heights[:-1])] == [[height for _value, height in sorted(zip(values, heights, strict=False))]]


def test_bars_are_in_proportion_to_the_highest():
    assert [(bar.x, bar.y, bar.width, bar.height) for bar in chart(50, 100).bars] == [
        (GAP // 2, HEIGHT // 2, STEP - GAP, HEIGHT // 2),
        (STEP + GAP // 2, 0, STEP - GAP, HEIGHT),
    ]


def test_loss_hangs_below_zero():
    gain, loss = chart(100, -100).bars
    assert ((gain.y, gain.height), (loss.y, loss.height)) == ((0, HEIGHT // 2), (HEIGHT // 2, HEIGHT // 2))


def test_period_before_is_a_line_in_the_same_scale():
    drawn = chart(50, 0, before=[100, 50])
    assert (drawn.line, drawn.bars[0].height, drawn.summary) == ("50,0 150,500", 500, "50 in all. 150 in the period before.")


@pytest.mark.parametrize("before", [(), (0, 0)])
def test_nothing_is_drawn_where_all_is_zero(before):
    shown = render_to_string("huntaze/chart.html", {"chart": chart(0, 0, before=before), "id": 1})
    assert ("<svg" in shown, "Nothing yet." in shown) == (False, True)


def test_table_says_what_the_bars_show():
    shown = render_to_string("huntaze/chart.html", {"chart": chart(3, 4, before=[1, 2]), "id": 1})
    assert [shown.count(f'<td class="number">{value}</td>') for value in (3, 4, 1, 2)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("nanousd", "english", "french"),
    [
        (0, "US$ 0.00", "US$ 0,00"),
        (1_000_000, "US$ 0.001000", "US$ 0,001000"),
        (250_000_000, "US$ 0.2500", "US$ 0,2500"),
        (12_345_000_000, "US$ 12.35", "US$ 12,35"),
        (-1_500_000, "US$ -0.001500", "US$ -0,001500"),
    ],
)
def test_dollars_are_written_as_the_reader_writes_numbers(nanousd, english, french):
    with translation.override("en"):
        first = dollars(nanousd)
    with translation.override("fr"):
        assert (first, dollars(nanousd)) == (english, french)
