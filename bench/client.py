"""A keep-alive HTTP client that costs little; it runs in a process of its own, so that servers are measured alone."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Self

import psycopg

from bench import insert

TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Load:
    """Requests to one server, as the bytes to send; they are sent in turn, over and over."""

    port: int
    requests: Sequence[bytes]
    expected_status: int = 200


class UnexpectedAnswer(Exception):
    """A server answered something else than the benchmark is about."""


class Connection:
    """One keep-alive connection to a server on loopback."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.socket.close()

    def ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Send one request; return the status, the head and the body."""
        self.socket.sendall(request)
        received = self._receive(b"")
        while (end := received.find(b"\r\n\r\n")) < 0:
            received = self._receive(received)
        head, body = received[:end], received[end + 4 :]
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if lines.get(b"transfer-encoding") == b"chunked":
            while not body.endswith(b"0\r\n\r\n"):
                body = self._receive(body)
            body = _joined(body)
        else:
            while len(body) < int(lines.get(b"content-length", 0)):
                body = self._receive(body)
        return int(head[9:12]), head, body

    def _receive(self, received: bytes) -> bytes:
        more = self.socket.recv(262_144)
        if not more:
            raise UnexpectedAnswer("the server closed the connection")
        return received + more

    def expect(self, load: Load, number: int) -> float:
        """Send the load's request of this number; return the seconds until its whole answer came."""
        request = load.requests[number % len(load.requests)]
        start = time.perf_counter()
        status, head, body = self.ask(request)
        seconds = time.perf_counter() - start
        if status != load.expected_status:
            raise UnexpectedAnswer(f"{request[:80]!r} was answered {head!r} {body[:400]!r}")
        return seconds


def _joined(chunks: bytes) -> bytes:
    """Return the body that was sent in chunks (RFC 9112, 7.1)."""
    size, _, rest = chunks.partition(b"\r\n")
    length = int(size, 16)
    return rest[:length] + _joined(rest[length + 2 :]) if length else b""


def send(load: Load, *, count: int, connections: int) -> None:
    """Send `count` requests over as many connections at once; raises UnexpectedAnswer."""

    def one(first: int) -> None:
        with Connection(load.port) as connection:
            for number in range(first, count, connections):
                connection.expect(load, number)

    with ThreadPoolExecutor(connections) as threads:
        list(threads.map(one, range(connections)))


def time_beside(load: Load, beside: Load, *, count: int, connections: int, idle: bool) -> list[float]:
    """Send `count` requests of a load one at a time, over as many keep-alive connections in turn as send `beside` at once, without pause.

    Return the seconds of each; `idle` leaves `beside` out.
    """
    enough = threading.Event()

    def keep_busy(number: int) -> None:
        with Connection(beside.port) as connection:
            while not enough.is_set():
                connection.expect(beside, number)

    with ExitStack() as stack, ThreadPoolExecutor(connections) as threads:
        asking = [stack.enter_context(Connection(load.port)) for _ in range(connections)]
        running = [] if idle else [threads.submit(keep_busy, number) for number in range(connections)]
        try:
            times = [asking[number % connections].expect(load, number) for number in range(count)]
        finally:
            enough.set()
        for one in running:
            one.result()
    return times


def time_in_turn(loads: Sequence[Load], *, database_url: str, count: int) -> list[list[float]]:
    """Send one request of each load in turn, `count` times, then insert one row; return the seconds of each, the insert's last."""
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(load.port)) for load in loads]
        database = stack.enter_context(psycopg.connect(database_url, autocommit=True, prepare_threshold=0))
        statement, values = insert.statement(database.cursor())

        def insert_row(number: int) -> float:
            start = time.perf_counter()
            database.execute(statement, values())
            return time.perf_counter() - start

        asks = [partial(connection.expect, load) for connection, load in zip(connections, loads, strict=True)]
        steps: list[Callable[[int], float]] = [*asks, insert_row]
        rounds = [[step(number) for step in steps] for number in range(count)]
    return [list(times) for times in zip(*rounds, strict=True)]
