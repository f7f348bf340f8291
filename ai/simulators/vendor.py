"""The simulated vendor's books: its keys, the script of what happens next, the calls that it saw and the bill that it writes."""

import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from operator import mul
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ai.simulators.batches import Batch

KEY = "sk-simulated-0123456789abcdef"  # what a client must present, unless started with another
# Nano-dollars a token: input, cached input, cache write, output. An unknown model costs what the last line says.
PRICES = {
    "gpt-4o": (2_500, 1_250, 2_500, 10_000),
    "gpt-4o-mini": (150, 75, 150, 600),
    "claude-sonnet-5-5": (2_000, 100, 2_500, 10_000),
    "claude-haiku-4-5": (1_000, 100, 1_250, 5_000),
    "text-embedding-3-small": (20, 20, 20, 0),
    "": (1_000, 500, 1_250, 5_000),
}


@dataclass
class Behaviour:
    """What one call meets. `kind` names a fault of `faults.py` or is `ok`; the rest shapes it.

    `tokens` is how many pieces precede a fault within the stream, `delay` the seconds before each piece, `first_delay` before the first;
    `usage` replaces counts in what is reported, `text` the answer, `scores` those of a moderation; `cached_tokens` and
    `cache_write_tokens` are parts of the prompt's; `number` says which of the hostile answers comes.
    """

    kind: str = "ok"
    number: int = 0
    text: str | None = None
    tokens: int = 5
    delay: float = 0.0
    first_delay: float = 0.0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    scores: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    retry_after: float | None = None
    retry_after_ms: int | None = None


@dataclass
class Call:
    """One request as the vendor saw it.

    `tokens_sent` are the pieces written before it ended, the first of a stream at `first_piece_at` on the clock that all processes
    share (monotonic, in seconds). One of a `batch` costs half.
    """

    number: int
    path: str
    key: str
    body: dict[str, Any]
    behaviour: str
    identity_header: str
    status: int = 0
    tokens_sent: int = 0
    client_disconnected: bool = False
    finished: bool = False
    seconds: float = 0.0
    first_piece_at: float | None = None
    batch: bool = False


@dataclass
class Vendor:
    """Everything that the server's threads share. Calls are never deduplicated: each one is work and is billed."""

    key: str = KEY
    script: deque[Behaviour] = field(default_factory=deque)
    calls: list[Call] = field(default_factory=list)
    bill: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, "Batch"] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, *, path: str, key: str, body: dict[str, Any], identity_header: str) -> tuple[Call, Behaviour]:
        """Note a call and return it with what the script has for it."""
        behaviour = self.next_behaviour()
        return self.note(path=path, key=key, body=body, behaviour=behaviour, identity_header=identity_header), behaviour

    def next_behaviour(self) -> Behaviour:
        """Return what the script has for the next call."""
        with self.lock:
            return self.script.popleft() if self.script else Behaviour()

    def note(self, *, path: str, key: str, body: dict[str, Any], behaviour: Behaviour, identity_header: str, batch: bool = False) -> Call:
        """Note a call and return it."""
        with self.lock:
            call = Call(len(self.calls) + 1, path, key, body, behaviour.kind, identity_header, seconds=-time.monotonic(), batch=batch)
            self.calls.append(call)
            return call

    def end(self, call: Call) -> None:
        """Note that a call is over."""
        with self.lock:
            call.seconds += time.monotonic()
            call.finished = True

    def charge(self, call: Call, *, prompt: int, cached: int, cache_write: int, completion: int, reported: bool) -> None:
        """Put a call on the bill. `reported` tells whether the client was sent these counts."""
        model = str(call.body.get("model"))
        price = PRICES.get(model, PRICES[""])
        amount = sum(map(mul, (prompt - cached - cache_write, cached, cache_write, completion), price))
        line = {
            "call": call.number,
            "model": model,
            "prompt_tokens": prompt,
            "cached_tokens": cached,
            "cache_write_tokens": cache_write,
            "completion_tokens": completion,
            "reported": reported,
            "batch": call.batch,
            "amount_nanousd": (amount + 1) // 2 if call.batch else amount,  # half the price, half a nano-dollar rounded up
        }
        with self.lock:
            self.bill.append(line)

    def add_script(self, behaviours: list[dict[str, Any]]) -> None:
        """Append what the next calls meet. Raises TypeError for an unknown field."""
        parsed = [Behaviour(**behaviour) for behaviour in behaviours]
        with self.lock:
            self.script.extend(parsed)

    def reset(self) -> None:
        """Forget script, calls and bill, and let go of every call that hangs."""
        with self.lock:
            self.script.clear()
            self.calls.clear()
            self.bill.clear()
            self.files.clear()
            self.batches.clear()
        self.released.set()
        self.released = threading.Event()

    def seen_calls(self) -> list[dict[str, Any]]:
        """Return the calls so far; the seconds of a running one are negative."""
        with self.lock:
            return [asdict(call) for call in self.calls]

    def billed(self) -> list[dict[str, Any]]:
        """Return the bill so far."""
        with self.lock:
            return list(self.bill)
