"""A request id on every answer."""

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

API_POLICY = "default-src 'none'; frame-ancestors 'none'"


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Echo `X-Request-ID` or make one, and send the policy that keeps browsers from doing anything with an answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.id = request.headers.get("X-Request-ID") or str(uuid.uuid4())  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        response["Content-Security-Policy"] = API_POLICY
        return response

    return middleware
