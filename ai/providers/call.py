"""One HTTP client for one call: any thread can cut it, it ends by itself at its deadline, and its answer is bounded."""

import functools
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from ai.providers.base import ProviderError, Usage

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

# A streamed token is 200 to 1000 bytes on the wire (Azure repeats its filter's verdicts), and texts have some 1000 tokens.
MAX_ANSWER_BYTES = 8_000_000


@dataclass(frozen=True)
class Timeouts:
    """Seconds to connect, of silence from the vendor, and for the whole call."""

    connect: float
    silence: float
    total: float


class AnswerTooLongError(Exception):
    """The vendor sent more bytes than any answer has."""


class Call:
    """The HTTP side of one call. `client` serves exactly one request, whose answer has `most_bytes`; `end` releases everything."""

    def __init__(self, timeouts: Timeouts, *, proxies: bool, most_bytes: int = MAX_ANSWER_BYTES) -> None:
        import httpx2

        self.client = httpx2.Client(
            verify=_tls(),
            timeout=httpx2.Timeout(timeouts.silence, connect=timeouts.connect),
            follow_redirects=False,  # a redirect would carry the key to another host
            trust_env=proxies,
            event_hooks={"request": [self._watch_request], "response": [self._bound_response]},
        )
        self.ended_by: Literal["", "cancelled", "timeout"] = ""
        self.connected = False
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._timer = threading.Timer(timeouts.total, self.cut, ("timeout",))
        self._timer.daemon = True

    def begin(self) -> None:
        """Start the clock of the total time."""
        self._timer.start()

    def cut(self, reason: Literal["cancelled", "timeout"]) -> None:
        """End the call upstream now, from any thread; whoever waits for the vendor's bytes is woken. The first reason stays."""
        with self._lock:
            self.ended_by = self.ended_by or reason
            self._shut()

    def end(self) -> None:
        """Release the connection and the timer."""
        self._timer.cancel()
        self.client.close()
        with self._lock:
            if self._line is not None:
                self._line.close()
                self._line = None

    def _shut(self) -> None:
        if self._line is not None:
            with suppress(OSError):  # the other side was faster
                self._line.shutdown(socket.SHUT_RDWR)

    def _watch_request(self, request: "httpx2.Request") -> None:
        request.extensions = {**request.extensions, "trace": self._trace}

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        # Closing a descriptor does not wake a thread that reads from it, shutting the socket down does. A duplicate of the
        # descriptor stays valid while TLS takes the first over.
        if event == "connection.connect_tcp.complete":
            number = info["return_value"].get_extra_info("socket").fileno()
            with self._lock:
                self.connected = True
                self._line = socket.socket(fileno=os.dup(number))
                if self.ended_by:
                    self._shut()

    def _bound_response(self, response: "httpx2.Response") -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise AnswerTooLongError("compressed although identity was asked for")
        response.stream = _bounded(cast("httpx2.SyncByteStream", response.stream), self._most_bytes)


def ask(call: Call, send: Callable[[], T], *, at_most: Usage, error_of: Callable[[Exception, Usage], ProviderError]) -> T:
    """Return what `send` makes of one call that is no stream. Raises the ProviderError of a fault, with `at_most` as its usage."""
    try:
        call.begin()
        return send()
    except Exception as error:  # noqa: BLE001 - the vendor's bytes can make the SDK raise anything; all of it is translated
        fault: Exception = error
    finally:
        call.end()
    # Outside of the handler: the SDK's exception, whose text may hold the key, stays behind.
    usage = at_most if call.connected else Usage(0, 0, 0, "reported")
    raise error_of(TimeoutError() if call.ended_by == "timeout" else fault, usage)


def _bounded(stream: "httpx2.SyncByteStream", most_bytes: int) -> "httpx2.SyncByteStream":
    import httpx2

    class Bounded(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            size = 0
            for chunk in stream:
                size += len(chunk)
                if size > most_bytes:
                    raise AnswerTooLongError(f"more than {most_bytes} bytes")
                yield chunk

        def close(self) -> None:
            stream.close()

    return Bounded()


@functools.cache
def _tls() -> ssl.SSLContext:
    # Reading the certificate authorities takes tens of milliseconds: once a process, not once a call.
    return ssl.create_default_context()
