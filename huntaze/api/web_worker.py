"""The web server's worker: what it refuses itself is a problem document too, and nobody may send a body for ever.

Gunicorn loads this module before gevent has patched the process, so what Django builds on threads is imported where it is used.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import gevent
from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.http import errors as http  # type: ignore[import-untyped]
from gunicorn.workers.ggevent import GeventWorker  # type: ignore[import-untyped]

from huntaze import settings

if TYPE_CHECKING:
    from huntaze.api.errors import Problem

log = logging.getLogger(__name__)

_OURS = (http.InvalidResponseHeader, http.InvalidResponseHeaderName, http.ConfigurationProblem)


class Worker(GeventWorker):
    """Gunicorn's gevent worker with our errors, and with a deadline for bodies.

    A head that takes longer than `keepalive` to come is ended by gunicorn, without a word.
    """

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """Answer one request."""
        body = req.body
        req.body = TimedBody(req, settings.REQUEST_BODY_SECONDS)
        try:
            return super().handle_request(listener_name, req, sock, addr)
        finally:
            req.body = body  # what is left of it gunicorn skips, with a deadline of its own
            if body.failed:  # a client that still sends would lose the answer if we just closed
                util.close_graceful(sock)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that did not reach Django, or failed outside of it, and close the connection."""
        if not isinstance(exc, Exception):  # the worker is being stopped
            return
        with contextlib.suppress(OSError):
            client.sendall(refusal(exc, address=addr[0] if addr else None))
            util.close_graceful(client)


class TimedBody:
    """The body of a request, of which all reading together may take `seconds`; what the view does in between does not count.

    Reading for longer raises TimeoutError, and the answer closes the connection.
    """

    def __init__(self, request: Any, seconds: float) -> None:
        self._request, self._body, self._left = request, request.body, seconds

    def read(self, size: int | None = None) -> bytes:
        """Return the next `size` bytes, or all."""
        return self._timed(self._body.read, size)

    def readline(self, size: int | None = None) -> bytes:
        """Return the next line, or as much of it as `size` allows."""
        return self._timed(self._body.readline, size)

    def readlines(self, hint: int | None = None) -> list[bytes]:
        """Return the lines that are left."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _timed(self, read: Callable[[int | None], bytes], size: int | None) -> bytes:
        began = time.monotonic()
        try:
            with gevent.Timeout(max(0, self._left), TimeoutError):
                return read(size)
        except TimeoutError:
            self._request.force_close()
            raise
        finally:
            self._left -= time.monotonic() - began


def refusal(error: Exception, *, address: str | None) -> bytes:
    """Return the bytes of the whole answer to a request that ended in `error`, and log it under the request id that they bear."""
    from django.http import HttpRequest, HttpResponse
    from django.middleware.clickjacking import XFrameOptionsMiddleware
    from django.middleware.security import SecurityMiddleware
    from uuid_utils import uuid7

    from huntaze import context
    from huntaze.api.errors import problem_response
    from huntaze.api.middleware import API_POLICY

    request_id = str(uuid7())
    context.begin(context.RequestContext(request_id=request_id, address=address))
    response: HttpResponse = problem_response(_problem(error))
    if response.status_code < 500:
        log.warning("Request %s from %s is not HTTP that we read: %s", request_id, address, error)
    else:
        log.error("Request %s from %s failed outside of Django", request_id, address, exc_info=error)
    response["Content-Length"] = str(len(response.content))
    response["Connection"] = "close"
    response["X-Request-ID"] = request_id
    response["Content-Security-Policy"] = API_POLICY
    for middleware in (SecurityMiddleware, XFrameOptionsMiddleware):
        middleware(lambda _request: response).process_response(HttpRequest(), response)
    return f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\n".encode() + response.serialize()


def _problem(error: Exception) -> "Problem":
    from django.utils.translation import gettext as _

    from huntaze.api import errors

    if isinstance(error, http.LimitRequestLine):
        return errors.AddressTooLong()
    if isinstance(error, http.LimitRequestHeaders):
        return errors.HeadersTooLarge()
    if isinstance(error, http.ParseException) and not isinstance(error, _OURS):
        return errors.MalformedRequest(_("The web server could not read it as HTTP."))
    return errors.InternalError(_("It is logged under this request id."))
