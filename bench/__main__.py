"""`python -m bench [name…] [--json]`: measure Huntaze beside its controls and print the ratios."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import quantiles
from typing import Any

from bench import bill, client, doors, gateway, routing, streaming
from bench.client import Load
from bench.harness import WORKERS, Cpu, Server, Stage, measure_cpu, run, stage, tree_megabytes
from bench.seed import PARAGRAPH

ROUNDS, REQUESTS, CONNECTIONS = 12, 200, 4
WRITES, WRITES_BEFORE = 1_200, 100
ORDER = {"kind": "post", "prompt": PARAGRAPH, "length": "short"}
ME, ASSETS = "/api/v1/users/me", "/api/v1/content/assets?limit=20"
STREAMS = 100
MANY_STREAMS, STREAMS_MB = 500, 300.0
SIGN_INS, SIGN_IN_ROUNDS, HEALTH_REQUESTS = 8, 5, 200
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
    return [_cpu_result(on, "P1 me", ME, on.stock, goal=0.40)]


def assets(on: Stage) -> list[Result]:
    """P2: a page of 20 rows."""
    return [_cpu_result(on, "P2 assets", ASSETS, on.stock, goal=0.60)]


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


def servers(on: Stage) -> list[Result]:
    """The web server that was chosen: its CPU beside one with threads, its memory with streams, its answers beside sign-ins."""
    return [
        _cpu_result(on, "gevent me", ME, on.threads),
        _cpu_result(on, "gevent assets", ASSETS, on.threads),
        _streams_result(on),
        *_beside_sign_ins(on),
    ]


def _streams(on: Stage, count: int = STREAMS) -> tuple[float, float]:
    """Hold the event streams of a generation that nobody writes; return the web server's megabytes with them, and without."""
    token, server = on.ours.tokens[0], on.ours
    with ExitStack() as open_streams:
        ordering = open_streams.enter_context(client.Connection(server.port))
        _, _, body = ordering.ask(server.request("POST", "/api/v1/content/generate", token, json.dumps(ORDER).encode()))
        request = server.request("GET", f"/api/v1/ai/generations/{json.loads(body)['id']}/stream", token)
        request = request.replace(b"application/json", b"text/event-stream")
        without = tree_megabytes(server.part.pid)
        for _ in range(count):
            stream = open_streams.enter_context(client.Connection(server.port))
            stream.socket.sendall(request)
            if not stream.socket.recv(65_536).startswith(b"HTTP/1.1 200 "):
                raise client.UnexpectedAnswer("a stream was refused")
        held = tree_megabytes(server.part.pid)
    return held, without


def _streams_result(on: Stage) -> Result:
    held, without = _streams(on)
    details = {"streams": STREAMS, "kB_a_stream": (held - without) * 1024 / STREAMS}
    return Result("gevent streams", "open event streams : none", "MB of memory", held, without, held / without, None, details)


def _beside_sign_ins(on: Stage) -> list[Result]:
    """Ask for `/healthz` while passwords are hashed, and while nothing else runs."""
    person = {"email": "hashed@example.com", "password": "copper kettle on the ninth floor"}
    sign_up = {**person, "name": "Hashed", "accept_terms": True}
    with client.Connection(on.ours.port) as connection:
        connection.ask(on.ours.request("POST", "/api/v1/auth/signup", body=json.dumps(sign_up).encode()))
    times: dict[tuple[str, bool], list[float]] = {(server.name, idle): [] for server in (on.ours, on.threads) for idle in (True, False)}
    for _ in range(SIGN_IN_ROUNDS):
        for server in (on.ours, on.threads):
            health = Load(server.port, [server.request("GET", "/healthz")])
            sign_in = Load(server.port, [server.request("POST", "/api/v1/auth/signin", body=json.dumps(person).encode())])
            for idle in (True, False):
                asked = on.client.submit(client.time_beside, health, sign_in, count=HEALTH_REQUESTS, connections=SIGN_INS, idle=idle)
                times[server.name, idle] += asked.result()
    results = []
    for point in (50, 99):
        control, ours, threads_idle, threads = (_percentile(one, point) for one in times.values())
        details = {"under_threads": [threads, threads_idle], "requests": SIGN_IN_ROUNDS * HEALTH_REQUESTS}
        what = f"GET /healthz beside {SIGN_INS} sign-ins at once : beside none"
        results.append(Result(f"gevent hash p{point}", what, "ms", ours, control, ours / control, None, details))
    return results


def enumeration(on: Stage) -> list[Result]:
    """S8: what the time of an answer tells about an address, as the chance of being right, beside guessing."""
    run(on.ours.part.env, "-m", "bench.people", "passwords")
    results = []
    for door in doors.DOORS:
        pairs = on.client.submit(doors.time_pairs, on.ours.port, door).result()
        details = {"median_ms": pairs.medians, "pairs": len(pairs.known), "bytes": "equal"}
        what = f"POST {doors.DOORS[door][0]} for an address with an account : for one without"
        results.append(Result(f"S8 {door}", what, "AUC", pairs.auc, 0.5, pairs.auc, 0.55, details))
    return results


def refresh(on: Stage) -> list[Result]:
    """S3 and F17: refreshes of one token at once, and after the next, beside the stock library."""
    sides = []
    for server, names in ((on.ours, ("refresh_token", "refresh_token")), (on.stock, ("refresh", "refresh"))):
        kind = "product" if server is on.ours else "control"
        tokens = json.loads(run(server.part.env, "-m", "bench.people", kind))
        sides.append(on.client.submit(doors.refresh_trials, server.port, names, tokens).result())
    ours, stock = sides
    told = {"trials": len(ours.successors), "at_once": doors.AT_ONCE}
    mean = [sum(side.successors) / len(side.successors) for side in sides]
    figures = (
        ("F17 successors", "different successors of one token, at most", max(ours.successors), max(stock.successors), 1, {"mean": mean}),
        ("F17 lost reply", "trials in which a repeat was refused or got another successor", ours.lost, stock.lost, 0, {}),
        ("S3 reuse", "trials in which the newest token outlived a reuse of the oldest", ours.survived, stock.survived, 0, {}),
    )
    return [Result(name, what, "count", mine, other, mine, goal, told | more) for name, what, mine, other, goal, more in figures]


def routed(_on: Stage | None) -> list[Result]:
    """P12 and the router's tables; needs no server."""
    timed = [Result(name, what, "ms", *figures) for name, what, *figures in routing.decisions()]
    return timed + [Result(name, what, "share", *figures) for name, what, *figures in routing.tables()]


def streamed(on: Stage) -> list[Result]:
    """P7: how much later than the provider's first token ours is there, and the memory of many open streams."""
    first = [Result(*figures) for figures in streaming.first_tokens(on)]
    held, without = _streams(on, MANY_STREAMS)
    details = {"without": without, "streams": MANY_STREAMS}
    what = f"{MANY_STREAMS} open event streams : what they may take"
    return [*first, Result("P7 streams", what, "MB of memory", held, STREAMS_MB, held / STREAMS_MB, 1.0, details)]


def balanced(on: Stage) -> list[Result]:
    """The ledger beside the vendor's bill, over mixed calls with faults."""
    return [Result(*figures) for figures in bill.balances(on)]


def gateways(_on: Stage | None) -> list[Result]:
    """P12: what the gateway adds to an AI call, beside the bare client and LiteLLM; needs no server of ours."""
    return [Result(*figures) for figures in gateway.overhead()]


BENCHES: dict[str, Callable[[Any], list[Result]]] = {
    "me": me,
    "assets": assets,
    "enqueue": enqueue,
    "servers": servers,
    "enumeration": enumeration,
    "refresh": refresh,
    "routing": routed,
    "gateway": gateways,
    "streaming": streamed,
    "bill": balanced,
}
WITHOUT_STAGE = {"routing", "gateway"}


def _cpu_result(on: Stage, name: str, path: str, beside: Server, *, goal: float | None = None) -> Result:
    loads = [(server, server.load("GET", path)) for server in (on.ours, beside)]
    ours, control = measure_cpu(on, loads, rounds=ROUNDS, count=REQUESTS, connections=CONNECTIONS)
    each = sorted(a.web / b.web for a, b in zip(ours, control, strict=True))
    details = {
        "ratio_of_rounds": {"least": each[0], "most": each[-1]},
        "postgres_ms": [_per_request(side, "postgres") for side in (ours, control)],
        "valkey_ms": [_per_request(side, "valkey") for side in (ours, control)],
        "requests": ROUNDS * REQUESTS,
    }
    web = [_per_request(side, "web") for side in (ours, control)]
    return Result(name, f"GET {path} : under {beside.name}", "ms of CPU a request", web[0], web[1], web[0] / web[1], goal, details)


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
    names = arguments.names or list(BENCHES)
    with nullcontext() if WITHOUT_STAGE.issuperset(names) else stage() as on:
        results = [result for name in names for result in BENCHES[name](on)]
    if arguments.json:
        print(json.dumps({"machine": machine(), "results": [asdict(result) | {"verdict": result.verdict} for result in results]}, indent=2))
    else:
        print_table(results)
    sys.exit(any(result.verdict == "NOT MET" for result in results))


if __name__ == "__main__":
    main()
