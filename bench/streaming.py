"""How much later than the provider's first token the reader of our event stream has it (P7).

A generation is ordered, its stream opened, and a worker told to write it by the simulated vendor, which notes on the machine's clock when
its first token leaves. Beside it a bare connection reads the vendor's own stream.
"""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from statistics import quantiles
from typing import Any, Self

from ai.simulators.client import Simulator
from bench import callers
from bench.client import Connection, UnexpectedAnswer
from bench.harness import Stage
from bench.seed import PARAGRAPH
from huntaze.env import BASE_DIR

TRIALS, TRIALS_BEFORE = 100, 5
TOKEN_SECONDS = 0.003  # between tokens, so that the machine is not busy with later ones while the first is on its way
GOALS_MS = {50: 3.0, 99: 10.0}
ORDER = {"kind": "post", "prompt": PARAGRAPH, "length": "short"}


def first_tokens(on: Stage) -> list[tuple[str, str, str, float, float, float, float | None, dict[str, Any]]]:
    """Return (name, what, unit, ours, control, ratio, goal, details) at the median and the 99th percentile."""
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator())
        worker = stack.enter_context(_Worker(on, simulator))
        for number in range(-TRIALS_BEFORE, TRIALS):
            took = {"ours": _through_us(on, simulator, worker, number), "bare": _bare(simulator)}
            if number >= 0:
                for name, seconds in took.items():
                    times[name].append(seconds * 1000)
    rows = []
    for point, goal in GOALS_MS.items():
        ours, bare = (quantiles(times[name], n=100)[point - 1] for name in ("ours", "bare"))
        added = ours - bare
        details = {"ours": ours, "bare_connection": bare, "trials": TRIALS, "load": os.getloadavg()[0]}
        rows.append(
            (f"P7 first p{point}", "added to the provider's first token : what may be", "ms", added, goal, added / goal, 1.0, details)
        )
    return rows


class _Worker:
    """A process that writes the generations whose ids it is told, by the simulated vendor."""

    def __init__(self, on: Stage, simulator: Simulator) -> None:
        env = {**on.ours.part.env, "OPENAI_BASE_URL": f"{simulator.url}/v1", "OPENAI_API_KEY": simulator.key, "AI_MODEL": callers.MODEL}
        command = [sys.executable, "-m", "bench.writer"]
        self._process = subprocess.Popen(command, cwd=BASE_DIR, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def begin(self, generation_id: str) -> None:
        """Let it write."""
        assert self._process.stdin
        self._process.stdin.write(f"{generation_id}\n")
        self._process.stdin.flush()

    def wait(self) -> None:
        """Wait until it has written."""
        assert self._process.stdout
        if not self._process.stdout.readline():
            sys.exit("the worker failed; what it said stands above")


def _through_us(on: Stage, simulator: Simulator, worker: _Worker, number: int) -> float:
    """Return the seconds from when the vendor's first token left to when it was read from our stream."""
    server, token = on.ours, on.ours.tokens[number % len(on.ours.tokens)]
    with Connection(server.port) as ordering, Connection(server.port) as reading:
        _, _, body = ordering.ask(server.request("POST", "/api/v1/content/generate", token, json.dumps(ORDER).encode()))
        generation_id = json.loads(body)["id"]
        request = server.request("GET", f"/api/v1/ai/generations/{generation_id}/stream", token)
        reading.socket.sendall(request.replace(b"application/json", b"text/event-stream"))
        _wait_for(reading, b": keep-alive")  # from now on it waits for what is written
        simulator.reset()
        simulator.script([{"delay": TOKEN_SECONDS}])
        worker.begin(generation_id)
        there = _wait_for(reading, b"event: text")
        worker.wait()
    left = simulator.calls()[0]["first_piece_at"]
    return there - left


def _bare(simulator: Simulator) -> float:
    """Return the seconds from when the vendor's first token left to when it was read from its own stream."""
    simulator.reset()
    simulator.script([{"delay": TOKEN_SECONDS}])
    body = json.dumps(callers.BODY).encode()
    lines = ("POST /v1/chat/completions HTTP/1.1", "Host: x", f"Authorization: Bearer {simulator.key}", f"Content-Length: {len(body)}")
    with Connection(int(simulator.url.rpartition(":")[2])) as connection:
        connection.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        there = _wait_for(connection, b'"delta": {"content": ')
        simulator.wait_for_calls(lambda calls: calls[0]["first_piece_at"] is not None)
    return there - simulator.calls()[0]["first_piece_at"]


def _wait_for(connection: Connection, words: bytes) -> float:
    """Return when the words were there."""
    received = b""
    while words not in received:
        more = connection.socket.recv(65_536)
        if not more:
            raise UnexpectedAnswer(f"the stream ended with {received[-400:]!r}")
        received += more
    return time.monotonic()
