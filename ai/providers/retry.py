"""Repeat a completion that failed before its first word, as long as repeats are few beside the traffic."""

import random
import threading
from collections.abc import Callable, Iterator

from ai.providers.base import Completion, Finished, ProviderError, TextChunk, Usage
from ai.providers.circuit import CircuitOpen
from ai.providers.shared import Shared
from huntaze import valkey

RETRIES = 2
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# Of all workers together: a call pays in one, a repeat takes ten out, so that repeats stay within a tenth of the traffic. What may be
# saved up lets a few repeats pass where there is little traffic, and is there again after a quiet minute.
PRICE = 10
SAVED_AT_MOST = 100
QUIET_SECONDS = 60
_KEY = "ai:retries"
# KEYS: the account. ARGV: what to pay in (or, negative, take out), the most to be saved, the seconds of quiet. Answers 1 if that was there.
_MOVE = """
local saved = tonumber(redis.call('GET', KEYS[1]) or ARGV[2]) + tonumber(ARGV[1])
if saved < 0 then return 0 end
redis.call('SET', KEYS[1], math.min(saved, tonumber(ARGV[2])), 'EX', ARGV[3])
return 1
"""
_shared = Shared(valkey.connection)


def with_retries(
    start: Callable[[], Completion],
    *,
    stopped: threading.Event,
    spent: Callable[[Usage], object],
    jitter: Callable[[float, float], float] = random.uniform,
) -> Iterator[TextChunk | Finished]:
    """Yield the items of `start()`, called again at most twice while an attempt fails before its first text.

    Only failures that are not permanent are repeated, after a pause drawn between 0 and 1, then between 0 and 2 seconds (full jitter)
    or, if the vendor asked for it, exactly its `retry_after`; one longer than 30 seconds ends the matter, and so does an open circuit.
    All workers' repeats together stay within a tenth of their calls, and a few. The last failure is raised.
    `spent` is told what each attempt used, failed or not. Setting `stopped` ends a pause and lets no further attempt begin (the
    iteration then just ends); a running attempt is ended by closing its completion.
    """
    _move(1)
    for attempt in range(RETRIES + 1):
        spoken = False
        try:
            with start() as completion:
                for item in completion:
                    spoken = True
                    if isinstance(item, Finished):
                        spent(item.usage)
                    yield item
        except ProviderError as error:
            if error.usage is not None:
                spent(error.usage)
            pause = None if spoken else _pause(error, attempt, jitter)
            if pause is None or not _move(-PRICE):
                raise
            if stopped.wait(pause):
                return
        else:
            return


def _pause(error: ProviderError, attempt: int, jitter: Callable[[float, float], float]) -> float | None:
    """Return the seconds until the next attempt, or None if there is to be none."""
    if error.permanent or isinstance(error, CircuitOpen) or attempt == RETRIES:
        return None
    if error.retry_after is None:
        return jitter(0.0, FIRST_PAUSE_SECONDS * 2**attempt)
    return error.retry_after if error.retry_after <= LONGEST_PAUSE_SECONDS else None


def _move(amount: int) -> bool:
    """Change the account of repeats, and return whether that may be; while Valkey is away it may."""
    answer: int | None = _shared.run(_MOVE, keys=[_KEY], args=[amount, SAVED_AT_MOST, QUIET_SECONDS])
    return answer != 0
