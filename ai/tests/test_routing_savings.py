"""The figures of docs/ai-savings.md, computed from the catalogue's seed."""

import re
from importlib import import_module

from ai import pricing
from ai.providers.base import Usage
from huntaze.env import BASE_DIR

REQUESTS = 100_000
PAGE = (BASE_DIR / "docs/ai-savings.md").read_text(encoding="utf-8")
REQUEST = Usage(500, 0, 200, "estimated")


class Seeded:
    """The prices that the catalogue begins with."""

    cache_write_price = None

    def __init__(self, name):
        rows = import_module("ai.migrations.0002_catalogue").MODELS
        self.input_price, self.cached_price, self.output_price = next(row[4:] for row in rows if row[:2] == ("azure", name))

    @property
    def request_usd(self):
        return pricing.cost_nanousd(self, REQUEST) / 1e9


STRONG, MINI = Seeded("gpt-4o"), Seeded("gpt-4o-mini")
ALL_STRONG, ALL_MINI = STRONG.request_usd * REQUESTS, MINI.request_usd * REQUESTS


def cells(heading):
    """Return the rows of the table with this heading's first cell."""
    _, _, rest = PAGE.partition(f"| {heading} |")
    lines = rest.split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def line(cost):
    return [f"${cost:.2f}", f"{(1 - cost / ALL_STRONG) * 100:.1f} %"]


def test_prices_are_those_of_the_catalogue():
    assert cells("model") == [
        [name, f"{price.input_price / 1e6:.2f}", f"{price.output_price / 1e6:.2f}", f"${price.request_usd:.6f}"]
        for name, price in (("gpt-4o", STRONG), ("gpt-4o-mini", MINI))
    ]


def test_costs_of_a_hundred_thousand_requests_are_as_told():
    assert [row[1:] for row in cells("who answers")] == [
        line(ALL_STRONG),
        line(ALL_MINI),
        line(0.9 * ALL_MINI + 0.1 * ALL_STRONG),
        line(ALL_MINI + 0.1 * ALL_STRONG),
    ]


def test_what_must_be_true_for_98_percent_is_as_told():
    allowed = 0.02 * ALL_STRONG
    told = re.findall(r"\d+\.\d %|\$\d+\.\d\d", PAGE.partition("## Why not 98 %")[2])
    expected = [
        f"${allowed:.2f}",
        f"{(1 - allowed / ALL_MINI) * 100:.1f} %",
        f"{(1 - allowed / (0.9 * ALL_MINI + 0.1 * ALL_STRONG)) * 100:.1f} %",
        f"{allowed / ALL_STRONG * 100:.1f} %",
        f"${ALL_MINI / 2:.2f}",
        f"{(1 - ALL_MINI / 2 / ALL_STRONG) * 100:.1f} %",
    ]
    assert [figure for figure in expected if figure not in told] == []


def test_cheap_model_alone_is_the_most_that_routing_can_save():
    assert f"more than\n{(1 - ALL_MINI / ALL_STRONG) * 100:.1f} %" in PAGE
