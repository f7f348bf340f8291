"""The base of every API view: authentication, workspace, limiter, idempotency and pages, once."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import viewsets
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from huntaze.api import idempotency
from huntaze.api.caller import Caller, caller_of
from huntaze.api.errors import MalformedRequest, Problem
from huntaze.api.serializers import QuerySerializer, read_query, require_once_each


class Negotiation(DefaultContentNegotiation):
    """Choose the parser whose media type the request names; DRF would also read a body that says `application/*`."""

    def select_parser(self, request: Request, parsers: Sequence[BaseParser]) -> BaseParser | None:  # type: ignore[override]
        """Return the parser, or None for 415."""
        return next((parser for parser in parsers if parser.media_type == request._request.content_type), None)


class ApiView(APIView):
    """One address of the API.

    `resource` is what the call reads or writes, in the words of the table of roles; only views that are open to everyone have
    none. `rate_class` is what the limiter counts it as: "auth", "money" or "ai"; without one "read" or "write", by its method.
    `requires_recent_sign_in` names the methods for which a person must have proved lately who they are. `stores_answers`
    is False for operations whose answers bear a secret: they ignore `Idempotency-Key`.
    """

    resource: ClassVar[str]
    rate_class: ClassVar[str | None] = None
    requires_recent_sign_in: ClassVar[frozenset[str]] = frozenset()
    stores_answers = True
    content_negotiation_class = Negotiation

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, count, negotiate, then ask for permission: a wrong token counts against its address."""
        self.format_kwarg = None
        try:
            self.perform_authentication(request)
        except (AuthenticationFailed, Problem):
            request._not_authenticated()  # type: ignore[attr-defined]
            self.check_throttles(request)
            raise
        self.check_throttles(request)
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        self.check_permissions(request)
        require_once_each(request.query_params)
        if "Transfer-Encoding" in request.headers:  # WSGI would show a body of unsaid length as an empty one
            raise MalformedRequest(_("Say the length of the body in Content-Length."))

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer the request as DRF does, through the idempotency store where the call carries a key."""
        self.args, self.kwargs = args, kwargs
        self.request = request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            self.initial(request, *args, **kwargs)
            handler = getattr(self, str(request.method).lower(), self.http_method_not_allowed)
            response = self._answer(request, lambda: handler(request, *args, **kwargs))
        except Exception as error:  # noqa: BLE001  (handle_exception re-raises what it does not know)
            response = self.handle_exception(error)
        self.response = self.finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        return self.response

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        """Answer with the methods that the address takes, in `Allow`; what each takes and answers stands in the OpenAPI document."""
        return Response(status=204)

    @property
    def scope(self) -> str:
        """Return the scope that this call needs."""
        return f"{self.resource}:{'read' if self.request.method in SAFE_METHODS else 'write'}"

    @property
    def caller(self) -> Caller:
        """Return who calls; only for views that anonymous callers do not reach."""
        return cast("Caller", self.request.user)

    def is_still_allowed(self) -> bool:
        """Ask again, for an answer that goes on, who calls and what they may.

        Return False once the token or key, the session, the membership or the role has ended. Makes one query.
        """
        again = self.initialize_request(self.request._request, *self.args, **self.kwargs)
        try:
            self.perform_authentication(again)
            self.check_permissions(again)
        except (APIException, Problem):
            return False
        return cast("Caller", again.user).workspace_id == self.caller.workspace_id

    def _answer(self, request: Request, handler: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        key, caller = request.headers.get("Idempotency-Key"), caller_of(request)
        if key is None or not self.stores_answers or request.method in ("GET", "HEAD", "OPTIONS") or caller is None:
            return handler()

        def rendered() -> HttpResponse:
            response = self.finalize_response(request, handler(), *self.args, **self.kwargs)  # type: ignore[arg-type]
            return cast("HttpResponse", response.render())

        return idempotency.answer_once(request, caller, key, rendered)


class WorkspaceViewSet(ApiView, viewsets.GenericViewSet[Any]):
    """Operations on rows of the caller's workspace; a row of another workspace does not exist here.

    `query_serializer_class` declares the filters of the list; other query parameters are refused.
    """

    lookup_value_converter = "uuid"
    query_serializer_class: type[QuerySerializer] | None = None

    def get_queryset(self) -> Any:
        """Return the rows that this call may touch."""
        return super().get_queryset().in_workspace(self.caller.workspace_id)  # type: ignore[attr-defined]

    def filter_queryset(self, queryset: Any) -> Any:
        """Return the rows that the list's filters leave; raises ValidationFailed."""
        if self.action != "list":
            return queryset
        query = {name: value for name, value in self.request.query_params.items() if name not in ("limit", "cursor")}
        return self.narrow(queryset, **read_query(self.query_serializer_class or QuerySerializer, query))

    def narrow(self, queryset: Any, **filters: Any) -> Any:
        """Return the rows for which each filter's column has the given value."""
        return queryset.filter(**filters)
