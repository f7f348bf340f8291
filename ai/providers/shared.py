"""State that all workers share on Valkey, changed by scripts; while Valkey is away each process goes on by itself."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

REST_AFTER_FAILURE_SECONDS = 5.0


class Shared:
    """Runs scripts on Valkey. After a failure it lets Valkey rest, so that a hanging one costs a call its timeout once in five seconds."""

    def __init__(self, connect: Callable[[], Redis]) -> None:
        self._connect = connect
        self._rest_until = 0.0

    def run(self, script: str, *, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """Return what the script answers, or None while Valkey is away."""
        return self.ask(lambda connection: connection.eval(script, len(keys), *keys, *args))

    def ask(self, question: Callable[[Redis], Any]) -> Any:
        """Return what `question` makes of the connection, or None while Valkey is away."""
        if time.monotonic() < self._rest_until:
            return None
        try:
            return question(self._connect())
        except RedisError as error:
            self._rest_until = time.monotonic() + REST_AFTER_FAILURE_SECONDS
            log.warning("Each process guards the AI providers by itself: Valkey does not answer (%s)", error)
            return None
