# noqa: N999  (the name that gunicorn users look for)
"""Gunicorn's settings: gevent workers serve requests, the admin and event streams behind one origin.

An open event stream costs a greenlet instead of a thread (docs/operations.md).
"""

import signal
import sys
from typing import Any

from huntaze.embedded.parts import end_with_parent
from huntaze.env import EnvError

try:
    from huntaze import settings
except EnvError as error:
    sys.exit(error.report())
if not settings.AUTH_TOKEN_KEYS:
    sys.exit(EnvError("AUTH_TOKEN_KEYS", "is not set, so nobody could sign in").report())

wsgi_app = "huntaze.wsgi:application"
bind = f"{settings.HUNTAZE_HOST}:{settings.HUNTAZE_PORT}"
worker_class = "huntaze.api.web_worker.Worker"
workers = settings.WEB_WORKERS
worker_connections = 1000
timeout = 60
graceful_timeout = 4
keepalive = 5  # also what the head of a request may take
control_socket_disable = True

_end_with_master = end_with_parent(signal.SIGKILL)


def post_fork(server: Any, worker: Any) -> None:
    """Let no worker outlive a killed master: it would hold the port."""
    _end_with_master()
