"""What each simulated protocol tells the server: its words for errors, its garbage, and who writes its answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ai.simulators.vendor import Behaviour, Call

if TYPE_CHECKING:
    from ai.simulators.server import Handler

Body = dict[str, Any]


@dataclass(frozen=True)
class Protocol:
    """One operation of one vendor's wire protocol.

    `problem` says what the vendor would object to in a request with these headers, `invalid` and `unauthorized` put words into its
    error body, `prompt_tokens` counts what a prompt is billed for (None: the operation is free), `write` answers well.
    """

    problem: Callable[[Body, Mapping[str, str]], str | None]
    invalid: Callable[[str], Body]
    unauthorized: Body
    refusals: Mapping[str, tuple[int, Body]]
    garbage: Mapping[str, tuple[str, bytes]]
    prompt_tokens: Callable[[Body], int] | None
    write: Callable[["Handler", Call, Behaviour], None]
    identity_header: str
