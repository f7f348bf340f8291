"""One text on its way to the client, whole or streamed, with the faults of a stream; each protocol shapes it."""

import json
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai.simulators import faults, hostile, schemas, texts
from ai.simulators.vendor import Behaviour, Call

if TYPE_CHECKING:
    from ai.simulators.server import Handler


@dataclass(frozen=True)
class Asked:
    """What a request asks for: the conversation with its instructions, the tokens that it is, and the bounds of the answer."""

    messages: list[dict[str, Any]]
    prompt_tokens: int
    limit: int | None
    seed: int | None
    schema: dict[str, Any] | None


class Writer(ABC):
    """One answer. Whatever ends it, the vendor's work so far is billed."""

    def __init__(self, handler: "Handler", call: Call, behaviour: Behaviour, asked: Asked) -> None:
        self.handler = handler
        self.call = call
        self.behaviour = behaviour
        self.created = int(time.time())
        self.prompt = asked.prompt_tokens
        self.cached = min(behaviour.cached_tokens, self.prompt)
        self.written = min(behaviour.cache_write_tokens, self.prompt - self.cached)
        self.reported = False
        self.pieces = texts.tokens(_text(behaviour, asked))
        self.reason = faults.ENDINGS.get(behaviour.kind, "stop")
        limit = len(self.pieces) if asked.limit is None else asked.limit
        if behaviour.kind in ("length", "context_full"):
            limit = min(limit, behaviour.tokens)
        if len(self.pieces) > limit:
            self.pieces = self.pieces[:limit]
            self.reason = "context_full" if behaviour.kind == "context_full" else "length"

    def write(self) -> None:
        """Send the answer, streamed if the request says so; a whole one is on the bill before it is sent."""
        streamed = bool(self.call.body.get("stream"))
        try:
            self.handler.pause(self.behaviour.first_delay)
            if streamed:
                self.stream()
            else:
                self._count_all()
                self.reported = True
        finally:
            self._charge()
        if not streamed:
            self.handler.send_json(200, self.whole(), self.call)

    def whole_at_once(self, *, reported: bool) -> dict[str, Any]:
        """Return the answer as one object, billed, and send nothing."""
        self.call.tokens_sent = len(self.pieces)
        self.reported = reported
        self._charge()
        return self.whole()

    def _charge(self) -> None:
        self.handler.server.vendor.charge(
            self.call,
            prompt=self.prompt,
            cached=self.cached,
            cache_write=self.written,
            completion=self.call.tokens_sent,
            reported=self.reported,
        )

    @abstractmethod
    def whole(self) -> dict[str, Any]:
        """Return the answer as one object."""

    @abstractmethod
    def stream(self) -> None:
        """Send the answer piece by piece."""

    @abstractmethod
    def piece(self, text: str) -> None:
        """Send some of the text."""

    @abstractmethod
    def break_with_error(self) -> None:
        """Send the vendor's error object within the stream."""

    @property
    def pieces_before_the_fault(self) -> int:
        """Return how many pieces of text a client gets."""
        early = faults.STREAM_FAULTS - {"cut_before_usage"} | {"content_filter_output"}
        return self.behaviour.tokens if self.behaviour.kind in early else len(self.pieces)

    def before_piece(self) -> None:
        """Let the time before a piece pass, and note when the first leaves."""
        self.handler.pause(self.behaviour.delay)
        self.call.first_piece_at = self.call.first_piece_at or time.monotonic()

    def fault(self, *, broken: bytes, end: bytes) -> bool:
        """Do what the script says at this point of the stream, and return whether that was its end.

        `broken` is the beginning of an event, `end` how a stream of this protocol ends though nothing said why.
        """
        kind = self.behaviour.kind
        if kind == "hang_mid_stream":
            self.handler.pause(None)
        elif kind == "truncated":
            self.send_raw(end)
            self.handler.send_piece(b"")
        elif kind == "cut_mid_json":
            self.send_raw(broken)
            self.handler.send_piece(b"")
        elif kind == "error_mid_stream":
            self.break_with_error()
            self.handler.send_piece(b"")
        elif kind == "huge":
            for _ in range(200):
                self.piece(faults.HUGE_PIECE)
        elif kind == "reset_mid_stream":
            self.handler.break_off(reset=True)
        return kind in faults.STREAM_FAULTS - {"hang_mid_stream", "cut_before_usage"}

    def send_raw(self, data: bytes) -> None:
        """Send bytes, one by one if the script says so."""
        if self.behaviour.kind != "slow_drip":
            self.handler.send_piece(data)
            return
        for number in range(len(data)):
            self.handler.pause(self.behaviour.delay)
            self.handler.send_piece(data[number : number + 1])

    def _count_all(self) -> None:
        for _ in self.pieces:
            self.handler.pause(self.behaviour.delay)
            self.call.tokens_sent += 1


def _text(behaviour: Behaviour, asked: Asked) -> str:
    if behaviour.text is not None:
        return behaviour.text
    if behaviour.kind == "hostile":
        return hostile.answer(behaviour.number)
    prose = texts.answer(asked.messages, seed=asked.seed)
    if asked.schema is None or behaviour.kind == "not_json":
        return prose
    data = schemas.instance(asked.schema, prose=prose)
    return json.dumps({"unasked": data} if behaviour.kind == "schema_broken" else data, ensure_ascii=False)
