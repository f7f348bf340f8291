"""`python -m bench [name…] [--json]`: measure Huntaze beside its controls and print the ratios."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import quantiles
from typing import Any

from bench import client
from bench.harness import WORKERS, Cpu, Stage, measure_cpu, stage
from bench.seed import PARAGRAPH

ROUNDS, REQUESTS, CONNECTIONS = 12, 200, 4
WRITES, WRITES_BEFORE = 1_200, 100
ORDER = {"kind": "post", "prompt": PARAGRAPH, "length": "short"}
PACKAGES = ("django", "djangorestframework", "djangorestframework-simplejwt", "gunicorn", "gevent", "psycopg", "redis")


@dataclass(frozen=True)
class Result:
    """One comparison: what was measured on both sides in `unit`, the ratio with its goal, and further columns."""

    name: str
    what: str
    unit: str
    ours: float
    control: float
    ratio: float
    goal: float | None
    details: dict[str, Any]

    @property
    def verdict(self) -> str:
        """Return whether the goal is met."""
        if self.goal is None:
            return ""
        return "met" if self.ratio <= self.goal else "NOT MET"


def me(on: Stage) -> list[Result]:
    """P1: one authenticated row."""
    return [_cpu_result(on, "P1 me", "/api/v1/users/me", goal=0.40)]


def assets(on: Stage) -> list[Result]:
    """P2: a page of 20 rows."""
    return [_cpu_result(on, "P2 assets", "/api/v1/content/assets?limit=20", goal=0.60)]


def enqueue(on: Stage) -> list[Result]:
    """P4: ordering a generation, beside a raw durable INSERT over HTTP and beside one over a bare connection."""
    loads = [
        on.ours.load("POST", "/api/v1/content/generate", body=json.dumps(ORDER).encode(), status=202),
        on.insert.load("POST", "/insert", body=json.dumps(ORDER).encode(), status=201),
    ]
    on.client.submit(client.time_in_turn, loads, database_url=on.database_url, count=WRITES_BEFORE).result()
    times = on.client.submit(client.time_in_turn, loads, database_url=on.database_url, count=WRITES).result()
    ours, control, bare = ({"p50": _percentile(one, 50), "p99": _percentile(one, 99)} for one in times)
    details = {"bare_insert_ms": bare, "requests": WRITES}
    what = "POST /api/v1/content/generate : one INSERT over HTTP"
    return [
        Result(f"P4 enqueue {point}", what, "ms", ours[point], control[point], ours[point] / control[point], goal, details)
        for point, goal in (("p50", None), ("p99", 2.5))
    ]


BENCHES: dict[str, Callable[[Stage], list[Result]]] = {"me": me, "assets": assets, "enqueue": enqueue}


def _cpu_result(on: Stage, name: str, path: str, *, goal: float) -> Result:
    loads = [(server, server.load("GET", path)) for server in (on.ours, on.stock)]
    ours, stock = measure_cpu(on, loads, rounds=ROUNDS, count=REQUESTS, connections=CONNECTIONS)
    each = sorted(a.web / b.web for a, b in zip(ours, stock, strict=True))
    details = {
        "ratio_of_rounds": {"least": each[0], "most": each[-1]},
        "postgres_ms": [_per_request(side, "postgres") for side in (ours, stock)],
        "valkey_ms": [_per_request(side, "valkey") for side in (ours, stock)],
        "requests": ROUNDS * REQUESTS,
    }
    web = [_per_request(side, "web") for side in (ours, stock)]
    return Result(name, f"GET {path}", "ms of CPU a request", web[0], web[1], web[0] / web[1], goal, details)


def _per_request(rounds: Sequence[Cpu], part: str) -> float:
    return sum(getattr(cpu, part) for cpu in rounds) / (ROUNDS * REQUESTS) * 1000


def _percentile(seconds: Sequence[float], point: int) -> float:
    return quantiles(seconds, n=100)[point - 1] * 1000


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    packages = {name: version(name) for name in PACKAGES}
    return {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version(), "workers": WORKERS, **packages}


def print_table(results: Sequence[Result]) -> None:
    """Print the machine, one line a comparison and below each what it is; `a : b` is ours and the control's."""
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    line = "{:<15} {:>8} {:>8} {:>6} {:>5} {:<8} {:<16} {}"
    print(line.format("", "ours", "control", "ratio", "goal", "", "PostgreSQL ms", "Valkey ms"))
    for result in results:
        details = dict(result.details)
        servers = [_told(details.pop(name, "")) for name in ("postgres_ms", "valkey_ms")]
        goal = "" if result.goal is None else f"{result.goal:.2f}"
        print(
            line.format(result.name, f"{result.ours:.3f}", f"{result.control:.3f}", f"{result.ratio:.2f}", goal, result.verdict, *servers)
        )
        print(f"  {result.what}, {result.unit}; {', '.join(f'{name} {_told(value)}' for name, value in details.items())}")


def _told(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return " : ".join(map(_told, value))
    return " ".join(f"{name} {_told(one)}" for name, one in value.items()) if isinstance(value, dict) else str(value)


def main() -> None:
    """Run the benchmarks that were named, or all; the exit code is 1 when a goal is not met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], metavar="name", help=f"of {', '.join(BENCHES)}; all without one")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    with stage() as on:
        results = [result for name in arguments.names or BENCHES for result in BENCHES[name](on)]
    if arguments.json:
        print(json.dumps({"machine": machine(), "results": [asdict(result) | {"verdict": result.verdict} for result in results]}, indent=2))
    else:
        print_table(results)
    sys.exit(any(result.verdict == "NOT MET" for result in results))


if __name__ == "__main__":
    main()
