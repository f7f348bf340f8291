"""Start everything that a benchmark needs, and measure: CPU seconds of process trees, and latencies."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import psycopg

from bench import client, insert
from bench.client import Load
from huntaze.embedded.parts import Part, free_port, stop_parts
from huntaze.embedded.postgres import Postgres
from huntaze.embedded.valkey import Valkey
from huntaze.env import BASE_DIR

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
WORKERS = 2
THREADS = ("--worker-class", "gthread", "--threads", "16")
START_SECONDS = 60
STOP_SECONDS = 10
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A gunicorn in which one application runs, and the access tokens of its people."""

    name: str
    part: Part
    port: int
    tokens: Sequence[str] = ()

    def load(self, method: str, path: str, *, body: bytes = b"", status: int = 200) -> Load:
        """Return the same request of every person in turn; without people, of nobody."""
        return Load(self.port, [self.request(method, path, token, body) for token in self.tokens or [""]], status)

    def request(self, method: str, path: str, token: str = "", body: bytes = b"") -> bytes:
        """Return the bytes of one request."""
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Accept: application/json"]
        if token:
            head.append(f"Authorization: Bearer {token}")
        if body:
            head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*head, "", ""]).encode() + body


@dataclass(frozen=True)
class Stage:
    """What runs during a benchmark: Huntaze, also under threads, its stock twin, the raw INSERT, and the two servers that they share."""

    ours: Server
    threads: Server
    stock: Server
    insert: Server
    postgres: Part
    valkey: Part
    database_url: str
    client: ProcessPoolExecutor


@dataclass(frozen=True)
class Cpu:
    """CPU seconds, of both kinds: of the web server, of PostgreSQL and of Valkey."""

    web: float
    postgres: float
    valkey: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.web - other.web, self.postgres - other.postgres, self.valkey - other.valkey)


@contextmanager
def stage() -> Iterator[Stage]:
    """Start PostgreSQL and Valkey with the settings of production, fill them, and start the web servers; stop all at the end."""
    home = Path(tempfile.mkdtemp(prefix="huntaze-bench-"))
    home.chmod(0o711)  # as root, PostgreSQL runs as another user
    parts: list[Part] = []
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as load_process:
            yield _start(home, parts, load_process)
    finally:
        stop_parts(reversed(parts), STOP_SECONDS)
        shutil.rmtree(home, ignore_errors=True)


def _start(home: Path, parts: list[Part], load_process: ProcessPoolExecutor) -> Stage:
    postgres, valkey = Postgres(home=home, log=home / "postgres.log"), Valkey(home=home, log=home / "valkey.log")
    parts.append(postgres.start())
    parts.append(valkey.start())
    twin_database = postgres.url.rpartition("/")[0] + "/control"
    env = {
        **{name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
        "HUNTAZE_HOME": str(home),
        "HUNTAZE_ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "AUTH_TOKEN_KEYS": f"bench:{secrets.token_urlsafe(48)}",
        "ENCRYPTION_KEYS": f"bench:{secrets.token_urlsafe(48)}",
        "AUDIT_SIGNING_KEYS": f"bench:{secrets.token_urlsafe(48)}",
        "DATABASE_URL": postgres.url,
        "REDIS_URL": valkey.url,
        "CONTROL_DATABASE_URL": twin_database,
        "CONTROL_REDIS_URL": valkey.url.rpartition("/")[0] + "/1",
        "WEB_WORKERS": str(WORKERS),
        "API_ATTEMPTS_PER_ACCOUNT": "1000000",
        "API_AUTH_REQUESTS_PER_MINUTE": "1000000",  # sign-ins come from one address
        "API_ANONYMOUS_REQUESTS_PER_MINUTE": "1000000",
    }
    with psycopg.connect(postgres.url, autocommit=True) as database:
        database.execute("CREATE DATABASE control")
    product, twin, bare = (
        {**env, "DJANGO_SETTINGS_MODULE": name} for name in ("huntaze.settings", "bench.control.settings", "bench.control.bare")
    )
    for settings in (product, twin):
        run(settings, "-m", "django", "migrate", "--verbosity", "0")
    ours, stock = (json.loads(run(settings, "-m", "bench.seed", name)) for settings, name in ((product, "product"), (twin, "control")))
    with psycopg.connect(postgres.url, autocommit=True) as database:
        insert.create_table(database.cursor())
    for url in (postgres.url, twin_database):
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("VACUUM ANALYZE")
    servers = [
        _serve("ours", "huntaze.wsgi:application", product, home, tokens=ours),
        _serve("threads", "huntaze.wsgi:application", product, home, tokens=ours, options=THREADS),
        _serve("stock", "bench.control.wsgi:application", twin, home, tokens=stock),
        _serve("insert", "django.core.wsgi:get_wsgi_application()", bare, home),
    ]
    parts += [server.part for server in servers]
    for server in servers:
        server.part.start()
    for server in servers:
        server.part.wait_ready(START_SECONDS)
    return Stage(*servers, parts[0], parts[1], postgres.url, load_process)


def _serve(
    name: str, application: str, env: dict[str, str], home: Path, *, tokens: Sequence[str] = (), options: Sequence[str] = ()
) -> Server:
    """Return a server under Huntaze's own gunicorn settings, worker class and number of workers; `options` say what differs."""
    port = free_port()
    config = ["--config", "huntaze/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}", *options]
    command = [sys.executable, "-m", "gunicorn", *config, application]

    def answers(pid: int) -> bool:
        try:
            with client.Connection(port) as connection:
                connection.ask(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        except (OSError, client.UnexpectedAnswer):
            return False
        return True

    return Server(name, Part(name=name, command=command, log=home / f"{name}.log", env=env, ready=answers), port, tokens)


def run(env: Mapping[str, str], *arguments: str) -> str:
    """Run Python with these arguments and environment to its end, and return what it printed; end the bench where it fails."""
    done = subprocess.run([sys.executable, *arguments], env=env, cwd=BASE_DIR, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def measure_cpu(on: Stage, loads: Sequence[tuple[Server, Load]], *, rounds: int, count: int, connections: int) -> list[list[Cpu]]:
    """Send `count` requests of each load in turn, `rounds` times; return what each round of each load took.

    The order turns round each time, so that a drift of the machine falls on all alike. One round before the first is not counted.
    """
    found: list[list[Cpu]] = [[] for _ in loads]
    for number in range(rounds + 1):
        order = range(len(loads)) if number % 2 else reversed(range(len(loads)))
        for index in order:
            server, load = loads[index]
            before = _cpu(on, server)
            on.client.submit(client.send, load, count=count, connections=connections).result()
            if number:
                found[index].append(_cpu(on, server) - before)
    return found


def _cpu(on: Stage, server: Server) -> Cpu:
    return Cpu(*(tree_cpu_seconds(part.pid) for part in (server.part, on.postgres, on.valkey)))


def tree_cpu_seconds(root: int) -> float:
    """Return the user and system seconds of process `root` and its descendants, those that have ended included (proc(5))."""
    return sum(sum(map(int, fields[11:15])) for fields in _tree(root).values()) / TICKS


def tree_megabytes(root: int) -> float:
    """Return the memory of process `root` and its descendants, what they share counted once (`Pss`, proc(5))."""
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in _tree(root)]
    return sum(int(line.split()[1]) for text in rollups for line in text.splitlines() if line.startswith("Pss:")) / 1024


def _tree(root: int) -> dict[int, list[str]]:
    """Return the fields of /proc/…/stat after the name, of process `root` and its descendants."""
    stats: dict[int, list[str]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats[int(entry.parent.name)] = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        found[pid] = stats[pid]
        waiting += [child for child, fields in stats.items() if int(fields[1]) == pid]
    return found
