"""Errors as RFC 9457 problem documents, each with a stable `code`.

Services raise subclasses of `Problem`; whatever else a request can end in is translated here. `docs/api/errors.md`
lists every code, and a test fails when one is missing there.
"""

import logging
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg_pool import PoolTimeout
from rest_framework import exceptions

from huntaze import context
from huntaze.api.renderers import dumps

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
PAGES = ("/admin/", "/accounts/", "/home/")  # where people, not programs, read the answers; `/` is one too


class Problem(Exception):
    """An error that a client is told about; `extra` members stand beside the standard ones in the document."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str | Promise] = gettext_lazy("The request cannot be answered.")
    retryable: ClassVar[bool] = False
    registry: ClassVar[dict[str, type["Problem"]]] = {}

    def __init__(self, detail: str = "", *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail or str(self.title))
        self.detail = detail or str(self.title)
        self.headers = headers or {}
        self.extra = extra
        if "retry_after" in extra:
            self.headers["Retry-After"] = str(extra["retry_after"])

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Problem.registry[cls.code] = cls

    def document(self) -> dict[str, Any]:
        """Return the problem document."""
        return {
            "type": f"{settings.HUNTAZE_URL}/api/docs/errors#{self.code}",
            "title": str(self.title),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": context.current().request_id,
            "retryable": self.retryable,
            **self.extra,
        }


class MalformedRequest(Problem):
    code = "malformed_request"
    title = gettext_lazy("The request is malformed.")


class InvalidCursor(Problem):
    code = "invalid_cursor"
    title = gettext_lazy("The cursor is not one that this list gave out.")


class Unauthenticated(Problem):
    status = 401
    code = "unauthenticated"
    title = gettext_lazy("The access token is missing, expired or not valid.")


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = gettext_lazy("Your role does not allow this.")


class NotFound(Problem):
    status = 404
    code = "not_found"
    title = gettext_lazy("There is no such thing here.")


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = gettext_lazy("This address does not take that method.")


class NotAcceptable(Problem):
    status = 406
    code = "not_acceptable"
    title = gettext_lazy("None of the media types in Accept can be served.")


class RequestTimeout(Problem):
    status = 408
    code = "request_timeout"
    title = gettext_lazy("The body did not arrive in time.")
    retryable = True


class IdempotencyInFlight(Problem):
    status = 409
    code = "idempotency_in_flight"
    title = gettext_lazy("A request with this Idempotency-Key is being answered.")
    retryable = True


class BodyTooLarge(Problem):
    status = 413
    code = "body_too_large"
    title = gettext_lazy("The body is larger than this address takes.")


class AddressTooLong(Problem):
    status = 414
    code = "address_too_long"
    title = gettext_lazy("The address is longer than this server reads.")


class UnsupportedMediaType(Problem):
    status = 415
    code = "unsupported_media_type"
    title = gettext_lazy("The body must be application/json.")


class ValidationFailed(Problem):
    status = 422
    code = "validation_failed"
    title = gettext_lazy("Some fields are not valid.")


class IdempotencyKeyReused(Problem):
    status = 422
    code = "idempotency_key_reused"
    title = gettext_lazy("This Idempotency-Key was used with another request.")


class HeadersTooLarge(Problem):
    status = 431
    code = "headers_too_large"
    title = gettext_lazy("The headers are larger than this server reads.")


class RateLimited(Problem):
    status = 429
    code = "rate_limited"
    title = gettext_lazy("Too many requests.")
    retryable = True


class InternalError(Problem):
    status = 500
    code = "internal_error"
    title = gettext_lazy("Something went wrong on our side.")
    retryable = True


class DatabaseUnavailable(Problem):
    status = 503
    code = "database_unavailable"
    title = gettext_lazy("The database does not answer.")
    retryable = True


_BY_EXCEPTION: dict[type[Exception], type[Problem]] = {
    Http404: NotFound,
    PermissionDenied: Forbidden,
    UnreadablePostError: RequestTimeout,  # the server's worker gave up reading, or the client went away
}
_BY_STATUS: dict[int, type[Problem]] = {
    400: MalformedRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    406: NotAcceptable,
    413: BodyTooLarge,
    415: UnsupportedMediaType,
}


def problem_from(error: Exception) -> Problem | None:
    """Return what a client is told of `error`; None for an error that nobody foresaw."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, exceptions.ValidationError):
        return ValidationFailed(_("See `errors`."), errors=list(_pointers(error.get_full_details())))
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge(_("The limit is %(bytes)d bytes.") % {"bytes": settings.API_MAX_BODY_BYTES})
    for raised, kind in _BY_EXCEPTION.items():
        if isinstance(error, raised):
            return kind()
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        log.warning("The database does not answer: %s", error)
        return DatabaseUnavailable(_("Try again in a moment."), retry_after=2)
    if isinstance(error, exceptions.APIException) and error.status_code in _BY_STATUS:
        return _BY_STATUS[error.status_code]()
    return None


def problem_from_exception(error: Exception, details: dict[str, Any]) -> HttpResponse | None:
    """Translate an exception of a DRF view (the `EXCEPTION_HANDLER` setting), whatever its renderer; None re-raises it."""
    problem = problem_from(error)
    if problem is None:
        return None
    if isinstance(problem, Unauthenticated):
        problem.headers["WWW-Authenticate"] = "Bearer"
    return problem_response(problem)


def problem_response(problem: Problem) -> HttpResponse:
    """Return the answer that tells a client of `problem`."""
    return HttpResponse(dumps(problem.document()), status=problem.status, headers=problem.headers, content_type=CONTENT_TYPE)


def answer(request: HttpRequest, problem: Problem, *, way_back: str = "") -> HttpResponse:
    """Return the answer that tells of `problem`: a page where the address is that of one with forms, else a problem document."""
    if not is_page(request.path_info):
        return problem_response(problem)
    # A page that a person went astray on leads to its start; one that refused what was sent, back to itself.
    way_back = way_back or (request.path_info if problem.retryable else request.path_info[: request.path_info.find("/", 1) + 1] or "/")
    told = {"problem": problem, "way_back": way_back, "request_id": context.current().request_id}
    page = render_to_string("huntaze/problem.html", told)  # without the request, whose context would ask the database
    return HttpResponse(page, status=problem.status, headers=problem.headers)


def is_page(path: str) -> bool:
    """Return whether people, not programs, read what is answered at `path`."""
    return path == "/" or path.startswith(PAGES)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refuses (`handler400`), such as one with a foreign Host header."""
    return answer(request, MalformedRequest(_("The request was refused before it reached the API.")))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a page that is not for this person (`handler403`); who is no member of staff is told where theirs are."""
    if request.path_info.startswith("/admin/") and not request.user.is_staff:
        detail = _(
            "The back office is for the staff of this installation. Your account has its own pages; sign out there to come as staff."
        )
        return answer(request, Forbidden(detail), way_back="/accounts/")
    return answer(request, Forbidden(str(exception)))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that does not exist (`handler404`)."""
    return answer(request, NotFound())


def internal_error(request: HttpRequest) -> HttpResponse:
    """Answer an unforeseen error (`handler500`) without a word of what it was; the log has it under the request id."""
    return answer(request, InternalError(_("It is logged under this request id.")))


def _pointers(details: Any, pointer: str = "") -> "list[dict[str, str]]":
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        return [{"pointer": pointer, "code": str(details["code"]), "detail": str(details["message"])}]
    children = details.items() if isinstance(details, dict) else enumerate(details)
    found: list[dict[str, str]] = []
    for key, child in children:
        leaf = isinstance(child, dict) and set(child) == {"message", "code"}
        whole = key == "non_field_errors" or (leaf and isinstance(key, int))
        step = pointer if whole else f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
        found += _pointers(child, step)
    return found
