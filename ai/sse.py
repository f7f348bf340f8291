"""A generation as Server-Sent Events: `started`, `text`, `replaced`, and last `done` with the whole generation."""

import re
import time
from collections.abc import Callable, Iterator
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from ai import stream
from ai.models import FINAL, Generation
from ai.serializers import GenerationSerializer
from huntaze.api.errors import ValidationFailed
from huntaze.api.renderers import dumps
from huntaze.api.serializers import show

_EVENT_ID = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")
KEEP_ALIVE = b": keep-alive\n\n"
POLL_SECONDS = 1.0
CHECK_SECONDS = 2.0
NO_WAIT_SECONDS = 0.001  # a generation that has ended is answered at once; XREAD takes 0 for "for ever"


def response(request: HttpRequest, generation_id: UUID, *, is_still_allowed: Callable[[], bool]) -> StreamingHttpResponse:
    """Return the answer that follows a generation, from where the reader's `Last-Event-ID` says; raises ValidationFailed."""
    after = request.headers.get("Last-Event-ID") or stream.FROM_START
    if not _EVENT_ID.fullmatch(after):
        fault = {"header": "Last-Event-ID", "code": "invalid", "detail": _("This is not the id of an event of this stream.")}
        raise ValidationFailed(_("See `errors`."), errors=[fault])
    events = events_of(generation_id, after=after, is_still_allowed=is_still_allowed)
    answer = StreamingHttpResponse(events, content_type="text/event-stream")
    answer["Cache-Control"] = "no-cache"
    answer["X-Accel-Buffering"] = "no"
    return answer


def events_of(generation_id: UUID, *, after: str, is_still_allowed: Callable[[], bool]) -> Iterator[bytes]:
    """Yield the events after the id `after` until the generation has ended, or the reader may read no longer.

    `is_still_allowed`, which may ask the database, is asked every `CHECK_SECONDS`, however many events there are.

    While nothing is written a comment keeps the connection open. Where the stream is lost, or Valkey away, the row
    is watched instead, and its final text is sent in `done`. What a lost worker still writes after another has started is
    dropped. Holds no database connection while it waits.
    """
    connection.close()
    last, attempt, wait_seconds = after, 0, NO_WAIT_SECONDS
    next_check = time.monotonic() + CHECK_SECONDS
    while True:
        if time.monotonic() >= next_check:
            if not _ask(is_still_allowed):
                return
            next_check = time.monotonic() + CHECK_SECONDS
        try:
            entries = list(stream.read(generation_id, after=last, wait_seconds=wait_seconds))
        except RedisError:
            time.sleep(POLL_SECONDS)
            entries = []
        for entry in entries:
            last, attempt = entry.id, max(attempt, entry.attempt)
            if entry.event != "done" and entry.attempt == attempt:
                yield _event(entry.event, entry.data, last)
        final = _final(generation_id) if not entries or any(entry.event == "done" for entry in entries) else None
        if final is not None:
            yield _event("done", final, last)
            return
        if not entries:
            yield KEEP_ALIVE
        wait_seconds = min(CHECK_SECONDS, settings.REDIS_LONGEST_WAIT_SECONDS)


def _ask(is_still_allowed: Callable[[], bool]) -> bool:
    try:
        return is_still_allowed()
    finally:
        connection.close()


def _final(generation_id: UUID) -> bytes | None:
    """Return the generation as JSON once it has ended."""
    try:
        generation = Generation.objects.get(pk=generation_id)
        return dumps(show(GenerationSerializer, generation)) if generation.status in FINAL else None
    finally:
        connection.close()


def _event(event: str, data: bytes, entry_id: str) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (entry_id.encode(), event.encode(), data)
