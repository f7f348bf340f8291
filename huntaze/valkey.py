"""The connection to Valkey (or Redis): counters, streams and wake-ups, never the only copy of anything."""

from functools import cache

from django.conf import settings
from redis import Redis

MOST_CONNECTIONS = 1_000  # as many as a web process serves at once, of which each event stream holds one


@cache
def connection() -> Redis:
    """Return this process's client, whose calls time out after `REDIS_TIMEOUT_SECONDS`."""
    return _client(settings.REDIS_TIMEOUT_SECONDS)


@cache
def waiting_connection() -> Redis:
    """Return this process's client for blocking reads of up to `REDIS_LONGEST_WAIT_SECONDS`."""
    return _client(settings.REDIS_LONGEST_WAIT_SECONDS + settings.REDIS_TIMEOUT_SECONDS)


def _client(timeout: float) -> Redis:
    return Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=settings.REDIS_TIMEOUT_SECONDS,
        socket_timeout=timeout,
        health_check_interval=30,
        max_connections=MOST_CONNECTIONS,
    )
