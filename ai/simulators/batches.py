"""Batches as the simulated vendors have them: they wait, are worked off when somebody looks, and answer in no order one may rely on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ai.simulators.vendor import Behaviour, Call

if TYPE_CHECKING:
    from ai.simulators.server import Handler
    from ai.simulators.writer import Writer

WriterOf = Callable[["Handler", Call, Behaviour], "Writer"]

GARBAGE_LINE = b'{"custom_id": "request-'


@dataclass
class Item:
    """One request of a batch, and what it meets."""

    custom_id: str
    body: dict[str, Any]
    behaviour: Behaviour


@dataclass
class Batch:
    """One batch.

    `looks` counts how often its state was asked for: at the first it is in work, from the second on it has ended. `worked` are
    the requests that were worked off. `objection` is what made the vendor take none of it.
    """

    id: str
    items: list[Item]
    behaviour: Behaviour
    asked: dict[str, Any]
    objection: str = ""
    looks: int = 0
    cancelled: bool = False
    worked: list[Item] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)

    @property
    def state(self) -> Literal["waiting", "working", "failed", "cancelled", "expired", "completed"]:
        """Return how far it is."""
        if self.objection:
            return "failed"
        if self.looks < 2:
            return "working" if self.looks else "waiting"
        if self.cancelled:
            return "cancelled"
        return "expired" if self.behaviour.kind == "batch_expires" else "completed"

    def look(self, work: Callable[[Item], bytes | None]) -> None:
        """Count one look, and work off what is to be worked off at the first: all, or what is done in time."""
        self.looks += 1
        if self.looks == 1 and not self.cancelled and not self.objection:
            self.worked = self.items[: self.behaviour.tokens] if self.behaviour.kind == "batch_expires" else list(self.items)
            self.lines = [line for line in map(work, reversed(self.worked)) if line is not None]

    @property
    def unworked(self) -> list[Item]:
        """Return the requests that were not worked off."""
        return self.items[len(self.worked) :]


def answer(handler: "Handler", item: Item, *, path: str, identity_header: str, writer_of: WriterOf) -> tuple[Call, dict[str, Any] | None]:
    """Return a request's answer, billed at the price of batches; None if it got lost on the way."""
    vendor = handler.server.vendor
    call = vendor.note(path=path, key="", body=item.body, behaviour=item.behaviour, identity_header=identity_header, batch=True)
    writer = writer_of(handler, call, item.behaviour)
    whole = writer.whole_at_once(reported=item.behaviour.kind not in ("lost_line", "garbage_line"))
    call.status = 200
    vendor.end(call)
    return call, None if item.behaviour.kind == "lost_line" else whole
