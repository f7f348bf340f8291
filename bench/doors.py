"""What the doors of the API give away (guarantees S3, S8 and F17): answers to known and unknown addresses, and refreshes at once."""

import json
import random
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from threading import Barrier
from typing import Any

from bench.client import Connection, UnexpectedAnswer
from bench.people import PASSWORD
from bench.seed import PEOPLE

PAIRS, PAIRS_BEFORE = 2_000, 20
AT_ONCE = 50
# What differs in every answer, whoever asks.
_VARIES = re.compile(rb"(?im)^(x-request-id|date|ratelimit|ratelimit-policy):.*$|\"request_id\":\"[^\"]*\"")
DOORS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "sign-in": ("/api/v1/auth/signin", 401, {"password": "not the password of anybody"}),
    "forgot": ("/api/v1/auth/password/forgot", 202, {}),
    "sign-up": ("/api/v1/auth/signup", 202, {"password": PASSWORD, "name": "Somebody", "accept_terms": True}),
}


@dataclass(frozen=True)
class Pairs:
    """Seconds of the answers to addresses that have an account, and to as many that have none."""

    known: Sequence[float]
    unknown: Sequence[float]

    @property
    def auc(self) -> float:
        """Return the chance that whoever tells them apart by time is right: 0.5 by guessing, 1 always."""
        ranked = sorted([(seconds, True) for seconds in self.known] + [(seconds, False) for seconds in self.unknown])
        wins = below = 0
        for _seconds, is_known in ranked:
            wins += below if is_known else 0
            below += not is_known
        share = wins / (len(self.known) * len(self.unknown))
        return max(share, 1 - share)

    @property
    def medians(self) -> list[float]:
        """Return both medians in milliseconds."""
        return [median(self.known) * 1000, median(self.unknown) * 1000]


def time_pairs(port: int, door: str, *, count: int = PAIRS) -> Pairs:
    """Knock `count` times with an address of each kind, in random order; raises UnexpectedAnswer where the answers differ.

    Both kinds come round equally often, since the first request about an address makes its counters.
    """
    path, status, fields = DOORS[door]
    order = random.Random(20261122)
    times: dict[str, list[float]] = {"person": [], "nobody": []}
    answers = set()
    with Connection(port) as connection:
        for number in range(-PAIRS_BEFORE, count):
            for kind in order.sample(sorted(times), 2):
                request = _post(port, path, {"email": f"{kind}{number % PEOPLE}@example.com", **fields})
                start = time.perf_counter()
                got, head, content = connection.ask(request)
                seconds = time.perf_counter() - start
                answers.add((got, _VARIES.sub(b"", head), _VARIES.sub(b"", content)))
                if number >= 0:
                    times[kind].append(seconds)
    if len(answers) != 1 or next(iter(answers))[0] != status:
        raise UnexpectedAnswer(f"{door} is answered in different ways: {answers}")
    return Pairs(times["person"], times["nobody"])


@dataclass
class Refreshes:
    """What became of the trials: the successors of one token in each, and how many trials went wrong."""

    successors: list[int] = field(default_factory=list)
    lost: int = 0
    survived: int = 0


class _Client:
    """Fifty connections, from which a token is refreshed at once."""

    def __init__(self, port: int, names: tuple[str, str], connections: Sequence[Connection], threads: ThreadPoolExecutor) -> None:
        self.port, (self.sent, self.got) = port, names
        self.connections, self.threads = connections, threads

    def refresh(self, token: str) -> str | None:
        """Return the successor, or None where the token is refused."""
        return self._ask(self.connections[0], token)

    def refresh_at_once(self, token: str) -> list[str]:
        """Return the successors that the calls got."""
        barrier = Barrier(len(self.connections))

        def one(connection: Connection) -> str | None:
            barrier.wait()
            return self._ask(connection, token)

        return [successor for successor in self.threads.map(one, self.connections) if successor]

    def _ask(self, connection: Connection, token: str) -> str | None:
        status, head, content = connection.ask(_post(self.port, "/api/v1/auth/refresh", {self.sent: token}))
        if status not in (200, 401):
            raise UnexpectedAnswer(f"a refresh was answered {head!r} {content[:400]!r}")
        return json.loads(content)[self.got] if status == 200 else None


def refresh_trials(port: int, names: tuple[str, str], tokens: Sequence[str]) -> Refreshes:
    """Refresh each token 50 times at once, repeat it, go on by one generation and reuse it; return what became of it.

    `names` are the fields of the request and of the answer that hold the token. A trial is `lost` where the repeat is refused, as it is
    to a client whose answer got lost; it `survived` where its newest token still works after the reuse.
    """
    found = Refreshes()
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(port)) for _ in range(AT_ONCE)]
        client = _Client(port, names, connections, stack.enter_context(ThreadPoolExecutor(AT_ONCE)))
        for token in tokens:
            won = client.refresh_at_once(token)
            found.successors.append(len(set(won)))
            found.lost += client.refresh(token) not in won
            newest = next(filter(None, map(client.refresh, won)))
            client.refresh(token)
            found.survived += client.refresh(newest) is not None
    return found


def _post(port: int, path: str, fields: dict[str, Any]) -> bytes:
    body = json.dumps(fields).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
