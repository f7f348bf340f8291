"""The ledger beside the bill of 10,000 mixed calls (see `bench.books`), or of as many as `BILL_CALLS` says."""

import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ai.simulators.client import Simulator
from bench.harness import Stage, run

CALLS = int(os.environ.get("BILL_CALLS") or 10_000)
PROCESSES = 2
NUMBERS = 1_000_000  # of each process's orders


def balances(on: Stage) -> list[tuple[str, str, str, float, float, float, float | None, dict[str, Any]]]:
    """Return (name, what, unit, ours, control, ratio, goal, details): the ratio is in how many orders the two differ."""
    with ThreadPoolExecutor(PROCESSES) as threads:
        parts = list(threads.map(lambda number: _part(on, number), range(PROCESSES)))
    rows = []
    for kind, wrong in (("reported", ("unequal",)), ("others", ("below", "open"))):
        ours, bill = (sum(part[kind][side] for part in parts) for side in (0, 1))
        orders = {name: sum(len(part[name]) for part in parts) for name in wrong}
        details = {"difference": ours - bill, **orders}
        if kind == "reported":
            details |= {name: sum(part[name] for part in parts) for name in ("calls", "orders")}
            details |= {"seconds": max(part["seconds"] for part in parts), "load": os.getloadavg()[0]}
            details |= {name: dict(sum((Counter(part[name]) for part in parts), Counter()).most_common()) for name in ("models", "kinds")}
        what = f"the ledger : the bill, of calls whose usage was {'reported' if kind == 'reported' else 'not reported'}"
        rows.append((f"bill {kind}", what, "nano-dollars", ours, bill, sum(orders.values()), 0.0, details))
    return rows


def _part(on: Stage, number: int) -> dict[str, Any]:
    """Return the books of one process, which has a vendor of its own."""
    with Simulator() as simulator:
        env = {
            **on.ours.part.env,
            "OPENAI_BASE_URL": f"{simulator.url}/v1",
            "OPENAI_API_KEY": simulator.key,
            "ANTHROPIC_BASE_URL": simulator.url,
            "ANTHROPIC_API_KEY": simulator.key,
            "AI_FIRST_BYTE_TIMEOUT_SECONDS": "2",
        }
        arguments = (simulator.url, simulator.key, str(CALLS // PROCESSES), str(number * NUMBERS))
        books: dict[str, Any] = json.loads(run(env, "-m", "bench.books", *arguments))
        return books
