"""A generation's text as it is written: a Valkey stream that any process can follow.

The stream is a convenience: when Valkey is away or has lost it, readers get the row's final text instead.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from redis.exceptions import RedisError

from huntaze import valkey

log = logging.getLogger(__name__)

LIFETIME_SECONDS = 3600
FROM_START = "0-0"


class Writer:
    """Appends the events of one attempt; after the first failure it stays silent, so that a lost Valkey slows nothing."""

    def __init__(self, generation_id: UUID, *, attempt: int) -> None:
        self._key = _key(generation_id)
        self._attempt = attempt
        self._broken = False

    def append(self, event: str, data: dict[str, Any]) -> None:
        """Add one event for the readers, `started` with the attempt, and keep the stream for another hour."""
        if self._broken:
            return
        if event == "started":
            data = {"attempt": self._attempt, **data}
        try:
            pipeline = valkey.connection().pipeline(transaction=False)
            pipeline.xadd(self._key, {"event": event, "data": orjson.dumps(data), "attempt": self._attempt})
            pipeline.expire(self._key, LIFETIME_SECONDS)
            pipeline.execute()
        except RedisError as error:
            self._broken = True
            log.warning("%s is no longer streamed: %s", self._key, error)


@dataclass(frozen=True)
class Entry:
    """One event of a stream, and the attempt that wrote it."""

    id: str
    event: str
    data: bytes
    attempt: int


def read(generation_id: UUID, *, after: str, wait_seconds: float) -> Iterator[Entry]:
    """Yield the events after the id `after`, waiting up to `wait_seconds` for the first.

    Yields nothing when none came in time; raises RedisError when Valkey is away.
    """
    answer: Any = valkey.waiting_connection().xread({_key(generation_id): after}, block=int(wait_seconds * 1000), count=200)
    for _stream, entries in answer or []:
        for entry_id, fields in entries:
            yield Entry(entry_id.decode(), fields[b"event"].decode(), fields[b"data"], int(fields[b"attempt"]))


def delete(generation_ids: Iterable[UUID]) -> int:
    """Remove the streams of these generations; return how many there were. Raises RedisError when Valkey is away."""
    keys = [_key(generation_id) for generation_id in generation_ids]
    return valkey.connection().delete(*keys) if keys else 0


def _key(generation_id: UUID) -> str:
    return f"generation:{generation_id}"
