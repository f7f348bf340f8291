"""Watch the parts of a run: start a dead one again, stop all in order."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from huntaze.embedded.parts import Part, PartError, stop_parts

WATCH_SECONDS = 0.2
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
STEADY_SECONDS = 60.0
PROGRAMS_STOP_SECONDS = 5.0
SERVERS_STOP_SECONDS = 3.0


class StopRequested(BaseException):
    """SIGINT, SIGTERM or SIGHUP arrived."""


def raise_on_stop_signals() -> None:
    """Turn the first stop signal into StopRequested in the main thread; later ones are ignored, since stopping is under way.

    A signal that the caller already ignores (as `nohup` does) stays ignored.
    """
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]

    def request(_number: int, _frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise StopRequested

    for number in numbers:
        signal.signal(number, request)


@dataclass
class _Watched:
    part: Part
    started: float
    delay: float = FIRST_DELAY
    start_at: float | None = None


class Supervisor:
    """The parts of one run: `programs` use the `servers`, which stop last."""

    def __init__(self, *, say: Callable[[str], None], changed: Callable[[], None]) -> None:
        self.servers: list[Part] = []
        self.programs: list[Part] = []
        self._watched: dict[str, _Watched] = {}
        self._say = say
        self._changed = changed

    def watch(self) -> None:
        """Start dead parts again, after half a second at first and up to 30 seconds when they keep dying, for ever."""
        now = time.monotonic()
        self._watched = {part.name: _Watched(part, started=now) for part in (*self.servers, *self.programs)}
        while True:
            for watched in self._watched.values():
                if not watched.part.running():
                    self._revive(watched)
            time.sleep(WATCH_SECONDS)

    def _revive(self, watched: _Watched) -> None:
        now = time.monotonic()
        if watched.start_at is None:
            if now - watched.started > STEADY_SECONDS:
                watched.delay = FIRST_DELAY
            watched.start_at = now + watched.delay
            self._say(f"{watched.part.name} ended; starting it again in {watched.delay:g} s (its log: {watched.part.log})")
            watched.delay = min(watched.delay * 2, LONGEST_DELAY)
        if now < watched.start_at:
            return
        watched.start_at, watched.started = None, now
        try:
            watched.part.kill()
            watched.part.start()
        except (PartError, OSError) as error:
            self._say(f"{watched.part.name}: {error}")
        self._changed()

    def stop(self) -> None:
        """Stop the programs, then the servers; whatever does not end in time is killed. Takes at most 8 seconds."""
        stop_parts(self.programs, PROGRAMS_STOP_SECONDS)
        stop_parts(self.servers, SERVERS_STOP_SECONDS)
