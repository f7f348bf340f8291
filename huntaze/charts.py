"""Charts without scripts: the geometry is reckoned here, `huntaze/chart.html` draws it as inline SVG and repeats it as a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

HEIGHT = 1000
STEP, GAP = 100, 16  # of one bar's place: its width, and what of it stays empty


@dataclass(frozen=True)
class Bar:
    """One bar with its place in the drawing, and what it says in words; `before` is the same of the period before, if that is shown."""

    label: str
    shown: str
    before: str
    x: int
    y: int
    height: int
    width: int = STEP - GAP


@dataclass(frozen=True)
class Chart:
    """A drawing of bars from zero, `width` by HEIGHT; `line` is the period before, as points. No bars: `empty` says what would appear."""

    title: str
    summary: str
    column: str
    empty: str
    bars: tuple[Bar, ...]
    line: str
    zero: int
    top: str

    @property
    def width(self) -> int:
        """Return the width of the drawing."""
        return STEP * len(self.bars)

    @property
    def height(self) -> int:
        """Return the height of the drawing."""
        return HEIGHT


def bars(
    *, title: str, column: str, empty: str, points: Sequence[tuple[str, int]], before: Sequence[int] = (), show: Callable[[int], str]
) -> Chart:
    """Return a chart of one bar for each day, its label with its value, and a thin line of as many values of the period `before`.

    `column` names the values, `show` says one in words. There is nothing to draw where every value is zero.
    """
    values = [value for _label, value in points]
    if not any((*values, *before)):
        return Chart(title, "", column, empty, (), "", HEIGHT, "")
    highest, lowest = max(0, *values, *before), min(0, *values, *before)

    def place(value: int) -> int:
        return (highest - value) * HEIGHT // (highest - lowest)

    zero = place(0)
    pasts = [show(value) for value in before] or [""] * len(points)
    drawn = tuple(
        Bar(label, show(value), past, STEP * number + GAP // 2, min(place(value), zero), abs(place(value) - zero))
        for number, ((label, value), past) in enumerate(zip(points, pasts, strict=True))
    )
    line = " ".join(f"{STEP * number + STEP // 2},{place(value)}" for number, value in enumerate(before))
    total = _("%(total)s in all.") % {"total": show(sum(values))}
    if before:
        total += " " + _("%(total)s in the period before.") % {"total": show(sum(before))}
    return Chart(title, total, column, empty, drawn, line, zero, show(highest))


def dollars(nanousd: int) -> str:
    """Return an amount in US dollars as the reader writes numbers: the smaller it is, the more places it has, up to six."""
    size = abs(nanousd)
    places = 2 if size >= 10**9 or not size else 4 if size >= 10**7 else 6
    rounded = Decimal(nanousd).scaleb(-9).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"US$ {number_format(rounded, decimal_pos=places)}"
