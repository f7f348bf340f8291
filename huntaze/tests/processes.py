"""A whole installation as real processes, for tests that kill, stop and restart its parts.

A test asks `start_stack` for what it needs and overrides settings by name:

    vendor = start_simulator("ai.simulators")
    stack = start_stack("web", "worker", "beat", AI_BASE_URL=f"{vendor.url}/v1", LEASE_SECONDS="3")
    stack.kill("worker")
    stack.restart("worker")
    assert eventually(lambda: stack.query("SELECT status FROM ai_generation")) == [("succeeded",)]

Each stack has a database, a Valkey and a home folder of its own, and goes away with its test.
"""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psycopg
import pytest

from huntaze.embedded import programs
from huntaze.embedded.parts import Part, start_on_free_port, stop_parts
from huntaze.embedded.postgres import Postgres
from huntaze.embedded.valkey import Valkey
from huntaze.tests.plugin import TEST_POSTGRES_OPTIONS, make_home

T = TypeVar("T")

START_SECONDS = 60
STOP_SECONDS = 6
TEMPLATE = "stack_template"


def eventually(read: Callable[[], T], accept: Callable[[T], object] = bool, *, seconds: float = 30) -> T:
    """Return what `read` gives as soon as `accept` says yes to it; fail with the last value after `seconds`."""
    deadline = time.monotonic() + seconds
    while not accept(value := read()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} seconds; the last value was {value!r}")
        time.sleep(0.05)
    return value


@dataclass
class Simulator:
    """A vendor's stand-in in its own process."""

    part: Part
    url: str


class Stack:
    """One installation; `parts` holds its processes by name: valkey, postgres (if its own), web, worker, beat."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.home = home
        self.parts: dict[str, Part] = {}
        self._numbers = itertools.count(1)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = programs.origin(*self.listener.getsockname()[:2])
        self.env = {
            **os.environ,
            "HUNTAZE_HOME": str(home),
            "HUNTAZE_URL": self.url,
            "WEB_WORKERS": "1",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }

    def start_valkey(self) -> None:
        """Start a Valkey of the stack's own and make it the stack's REDIS_URL."""
        valkey = Valkey(home=self.home, log=self.home / "valkey.log")
        self.parts["valkey"] = valkey.start()
        self.env["REDIS_URL"] = valkey.url

    def start_postgres(self) -> None:
        """Start a PostgreSQL of the stack's own, with its tables, and make it the stack's DATABASE_URL."""
        postgres = Postgres(home=self.home, log=self.home / "postgres.log", options=TEST_POSTGRES_OPTIONS)
        self.parts["postgres"] = postgres.start()
        self.env["DATABASE_URL"] = postgres.url
        self.manage("migrate", "--no-input")

    def start(self, *names: str) -> None:
        """Start the named parts (web, worker, beat), each with a log of its own, and wait until they are ready."""
        number = next(self._numbers)
        makers: dict[str, Callable[[], Part]] = {
            "web": lambda: programs.web(listener=self.listener, log=self.home / f"web-{number}.log", env=self.env),
            "worker": lambda: programs.worker(concurrency=4, log=self.home / f"worker-{number}.log", env=self.env),
            "beat": lambda: programs.beat(log=self.home / f"beat-{number}.log", env=self.env),
        }
        for name in names:
            self.parts[name] = makers[name]()
            self.parts[name].start()
        for name in names:
            self.wait_ready(name)

    def wait_ready(self, name: str) -> None:
        """Wait until the part answers; a worker is ready when it says so."""
        self.parts[name].wait_ready(START_SECONDS)
        if name == "worker":
            eventually(lambda: " ready." in self.log(name), seconds=START_SECONDS)

    def kill(self, name: str) -> None:
        """SIGKILL the part and whatever it started."""
        self.parts[name].kill()

    def pause(self, name: str) -> None:
        """SIGSTOP the part and whatever it started."""
        os.killpg(self.parts[name].pid, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT a paused part."""
        os.killpg(self.parts[name].pid, signal.SIGCONT)

    def restart(self, name: str) -> None:
        """Start a part again on its old port, killing it first if it runs, and wait until it is ready."""
        self.parts[name].kill()
        self.parts[name].log.write_bytes(b"")
        self.parts[name].start()
        self.wait_ready(name)

    def log(self, name: str) -> str:
        """Return all that the part wrote since its last start."""
        return self.parts[name].log.read_text(encoding="utf-8", errors="replace")

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run one management command of the stack and return what it printed; fail when it fails."""
        done = subprocess.run([*programs.MANAGE, *arguments], env=self.env | environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.fail(f"manage.py {arguments[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run one SQL statement on the stack's database and return its rows, if it has any."""
        with psycopg.connect(self.env["DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        """Stop every part and remove the home folder."""
        servers = [part for name, part in self.parts.items() if name in ("valkey", "postgres")]
        stop_parts([part for part in self.parts.values() if part not in servers], STOP_SECONDS)
        stop_parts(servers, STOP_SECONDS)
        self.listener.close()
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture(scope="session")
def stack_template() -> str:
    """Migrate, once per run, the database that each stack's is copied from; return the address of the server's own database."""
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    subprocess.run(
        [*programs.MANAGE, "migrate", "--no-input"],
        env={**os.environ, "DATABASE_URL": _named(server, TEMPLATE)},
        check=True,
        capture_output=True,
    )
    return server


@contextmanager
def stacks_from(server: str) -> Iterator[Callable[..., Stack]]:
    """Yield `start(*parts, own_postgres=False, **settings)`, which starts a stack and waits until its parts are ready."""
    stacks: list[Stack] = []
    databases: list[str] = []

    def start(*names: str, own_postgres: bool = False, **environment: str) -> Stack:
        stack = Stack(make_home("huntaze-stack-"), environment)
        stacks.append(stack)
        stack.start_valkey()
        if own_postgres:
            stack.start_postgres()
        else:
            databases.append(f"stack_{os.urandom(6).hex()}")
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {databases[-1]} TEMPLATE {TEMPLATE}")
            stack.env["DATABASE_URL"] = _named(server, databases[-1])
        stack.start(*names)
        return stack

    try:
        yield start
    finally:
        for stack in stacks:
            stack.stop()
        with psycopg.connect(server, autocommit=True) as connection:
            for name in databases:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def start_stack(stack_template: str) -> Iterator[Callable[..., Stack]]:
    """Return a function that starts stacks which go away with the test."""
    with stacks_from(stack_template) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_stack(stack_template: str) -> Iterator[Callable[..., Stack]]:
    """Return a function that starts stacks which the tests of a module share; none of them may break its parts."""
    with stacks_from(stack_template) as start:
        yield start


@pytest.fixture
def start_simulator(tmp_path: Path) -> Iterator[Callable[..., Simulator]]:
    """Return `start_simulator(module, *arguments)`, which runs `python -m module --port N …` and waits until it accepts connections."""
    parts: list[Part] = []

    def start(module: str, *arguments: str) -> Simulator:
        def on(port: int) -> Part:
            command = [sys.executable, "-m", module, "--port", str(port), *arguments]
            return Part(
                name=module, command=command, log=tmp_path / f"{module}-{port}.log", env=os.environ, ready=lambda _pid: _accepts(port)
            )

        part = start_on_free_port(on, seconds=START_SECONDS)
        parts.append(part)
        port = part.command[part.command.index("--port") + 1]
        return Simulator(part, f"http://127.0.0.1:{port}")

    yield start
    stop_parts(parts, STOP_SECONDS)


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _named(server: str, database: str) -> str:
    return urlsplit(server)._replace(path=f"/{database}").geturl()
