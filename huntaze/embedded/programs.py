"""Huntaze's own processes: the web server, the Celery worker, beat, the embedded model and short commands."""

import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from huntaze.embedded.parts import Part, http_ok
from huntaze.env import BASE_DIR

MANAGE = [sys.executable, str(BASE_DIR / "manage.py")]
CELERY = [sys.executable, "-m", "celery", "--app", "huntaze"]


def web(*, listener: socket.socket, log: Path, env: Mapping[str, str]) -> Part:
    """Return the web server on `listener`, which stays open in the caller: while the server restarts, requests wait in its queue."""
    host, port = listener.getsockname()[:2]
    config = BASE_DIR / "huntaze" / "gunicorn.conf.py"
    return Part(
        name="web",
        command=[sys.executable, "-m", "gunicorn", "--config", str(config), "--bind", f"fd://{listener.fileno()}"],
        log=log,
        env=env,
        ready=lambda _pid: http_ok(f"{origin(host, port)}/healthz"),
        pass_fds=[listener.fileno()],
    )


def worker(*, concurrency: int, log: Path, env: Mapping[str, str]) -> Part:
    """Return the Celery worker. Its tasks wait for providers and the database, so threads of one process run them."""
    options = ["--pool", "threads", "--concurrency", str(concurrency), "--without-gossip", "--without-mingle"]
    return Part(name="worker", command=[*CELERY, "worker", *options, "--loglevel", "INFO"], log=log, env=env)


def beat(*, log: Path, env: Mapping[str, str]) -> Part:
    """Return Celery's scheduler; without a process id file, which would block the start after a kill."""
    return Part(name="beat", command=[*CELERY, "beat", "--pidfile", "", "--loglevel", "INFO"], log=log, env=env)


def local_model(*, port: int, log: Path, env: Mapping[str, str]) -> Part:
    """Return the server of the embedded model on a loopback port."""
    command = [*MANAGE, "localmodel", "--port", str(port)]
    return Part(name="ai", command=command, log=log, env=env, ready=lambda _pid: http_ok(f"http://127.0.0.1:{port}/health"))


def command(name: str, *arguments: str, log: Path, env: Mapping[str, str]) -> Part:
    """Return one management command, to be run to its end."""
    return Part(name=name, command=[*MANAGE, name, *arguments], log=log, env=env)


def origin(host: str, port: int) -> str:
    """Return the address of this machine at which a server bound to `host` and `port` answers."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared, not bound)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
