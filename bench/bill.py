"""The ledger beside the bill of 10,000 mixed calls (see `bench.books`)."""

import json
from typing import Any

from ai.simulators.client import Simulator
from bench.harness import Stage, run

CALLS = 10_000


def balances(on: Stage) -> list[tuple[str, str, str, float, float, float, float | None, dict[str, Any]]]:
    """Return (name, what, unit, ours, control, ratio, goal, details): the ratio is by how much, or in how many orders, they differ."""
    with Simulator() as simulator:
        env = {
            **on.ours.part.env,
            "OPENAI_BASE_URL": f"{simulator.url}/v1",
            "OPENAI_API_KEY": simulator.key,
            "ANTHROPIC_BASE_URL": simulator.url,
            "ANTHROPIC_API_KEY": simulator.key,
            "AI_FIRST_BYTE_TIMEOUT_SECONDS": "2",
        }
        books = json.loads(run(env, "-m", "bench.books", simulator.url, simulator.key, str(CALLS)))
    (ours, bill), (more, other_bill) = books["reported"], books["others"]
    told = {name: books[name] for name in ("calls", "orders", "seconds", "models", "kinds")}
    difference = {"difference": ours - bill, "orders_that_differ": len(books["unequal"])}
    above = {"difference": more - other_bill, "orders_below": len(books["below"]), "orders_not_at_zero": len(books["open"])}
    wrong = len(books["below"]) + len(books["open"])
    return [
        (
            "bill reported",
            "the ledger : the bill, of calls whose usage was reported",
            "nano-dollars",
            ours,
            bill,
            abs(ours - bill) + len(books["unequal"]),
            0.0,
            difference | told,
        ),
        ("bill others", "the ledger : the bill, of all other calls", "nano-dollars", more, other_bill, wrong, 0.0, above),
    ]
