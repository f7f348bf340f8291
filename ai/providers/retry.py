"""Repeat a completion that failed before its first word."""

import random
import threading
from collections.abc import Callable, Iterator

from ai.providers.base import Completion, Finished, ProviderError, TextChunk, Usage

RETRIES = 2
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


def with_retries(
    start: Callable[[], Completion],
    *,
    stopped: threading.Event,
    spent: Callable[[Usage], object],
    jitter: Callable[[float, float], float] = random.uniform,
) -> Iterator[TextChunk | Finished]:
    """Yield the items of `start()`, called again at most twice while an attempt fails before its first text.

    Only failures that are not permanent are repeated, after a pause drawn between 0 and 1, then between 0 and 2 seconds (full jitter)
    or, if the vendor asked for it, exactly its `retry_after`; one longer than 30 seconds ends the matter. The last failure is raised.
    `spent` is told what each attempt used, failed or not. Setting `stopped` ends a pause and lets no further attempt begin (the
    iteration then just ends); a running attempt is ended by closing its completion.
    """
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
            if pause is None:
                raise
            if stopped.wait(pause):
                return
        else:
            return


def _pause(error: ProviderError, attempt: int, jitter: Callable[[float, float], float]) -> float | None:
    """Return the seconds until the next attempt, or None if there is to be none."""
    if error.permanent or attempt == RETRIES:
        return None
    if error.retry_after is None:
        return jitter(0.0, FIRST_PAUSE_SECONDS * 2**attempt)
    return error.retry_after if error.retry_after <= LONGEST_PAUSE_SECONDS else None
