"""Look at every part and setting of an installation and say what is configured, embedded, missing or broken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg_pool
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from huntaze import settings, valkey
from huntaze.celery import app
from huntaze.embedded import panel
from huntaze.embedded.parts import http_ok
from huntaze.env import Variable

WORKER_SECONDS = 2


@dataclass(frozen=True)
class Finding:
    """One row of the table: `state` is configured, embedded, default, missing or broken."""

    name: str
    state: str
    detail: str


def findings() -> Iterator[Finding]:
    """Yield the parts first, then every setting; asks each server at most once and changes nothing."""
    database = _server("PostgreSQL", "DATABASE_URL", _ask_database)
    yield database
    if database.state not in ("missing", "broken"):
        yield _migrations()
    broker = _server("Valkey", "REDIS_URL", lambda: f"answers; version {_valkey_version()}")
    yield broker
    yield _web()
    if broker.state not in ("missing", "broken"):
        yield _worker()
    yield _writer()
    yield from (_setting(variable) for variable in sorted(settings.env.declared.values(), key=lambda variable: variable.name))


def _server(name: str, variable: str, ask: Callable[[], str]) -> Finding:
    state = _state(settings.env.declared[variable])
    if state == "default":
        return Finding(name, "missing", f"not running here: start everything with `manage.py up`, or set {variable}")
    try:
        return Finding(name, state, ask())
    except (DatabaseError, psycopg_pool.PoolTimeout, RedisError) as error:
        cure = "stop and start `manage.py up`" if state == "embedded" else f"check {variable}"
        return Finding(name, "broken", f"{_first_line(error)}; {cure}")


def _valkey_version() -> str:
    """Return the server's version; a Valkey calls itself redis_version 7.2.4 besides its own."""
    about = valkey.connection().info("server")
    return str(about.get("valkey_version", about["redis_version"]))


def _ask_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return f"answers; version {cursor.fetchone()[0]}"


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        return Finding("Tables", "broken", f"{len(pending)} migrations are missing: run `manage.py migrate`")
    return Finding("Tables", "configured", "up to date")


def _web() -> Finding:
    state = "embedded" if settings.env.declared["HUNTAZE_URL"].source == "embedded" else "configured"
    if http_ok(f"{settings.HUNTAZE_URL}/healthz"):
        return Finding("Web server", state, f"answers at {settings.HUNTAZE_URL}")
    return Finding("Web server", "missing", f"nothing answers at {settings.HUNTAZE_URL}: start it with `manage.py up`")


def _worker() -> Finding:
    try:
        names = [name for answer in app.control.ping(timeout=WORKER_SECONDS) or [] for name in answer]
    except OperationalError as error:
        return Finding("Worker", "broken", _first_line(error))
    state = "embedded" if settings.env.declared["REDIS_URL"].source == "embedded" else "configured"
    if not names:
        return Finding("Worker", "missing", "no worker answers: start it with `manage.py up` or `celery -A huntaze worker`")
    return Finding("Worker", state, ", ".join(sorted(names)))


def _writer() -> Finding:
    text = panel.engine(local_model=bool(settings.LOCAL_AI_URL))
    if panel.provider_configured():
        return Finding("Writer", "configured", text)
    if not settings.LOCAL_AI_URL:
        return Finding("Writer", "missing", text)
    if not http_ok(f"{settings.LOCAL_AI_URL.removesuffix('/v1')}/health"):
        return Finding(
            "Writer", "broken", f"the embedded model does not answer at {settings.LOCAL_AI_URL}; see logs/ai.log in {settings.HOME_DIR}"
        )
    return Finding("Writer", "embedded", text)


def _setting(variable: Variable) -> Finding:
    state = _state(variable)
    if state == "default":
        return Finding(variable.name, state, variable.default or "not set")
    return Finding(variable.name, state, "set" if variable.secret else f"set in {variable.source}")


def _state(variable: Variable) -> str:
    return {"environment": "configured", ".env": "configured"}.get(variable.source, variable.source)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
