"""Lists in pages by key: the newest first, each page at the same cost, none shifted by rows that come and go."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from huntaze.api.errors import InvalidCursor, ValidationFailed

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200


class KeysetPagination(BasePagination):
    """Page through rows by their UUIDv7 id, newest first; a cursor holds the last id of its page."""

    has_more = False
    next_cursor: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return one page; raises ValidationFailed for `limit` and InvalidCursor for `cursor`."""
        limit = self._limit(request)
        cursor = request.query_params.get("cursor")
        if cursor is not None:
            queryset = queryset.filter(pk__lt=self._decode(cursor))
        rows = list(queryset.order_by("-pk")[: limit + 1])
        self.has_more = len(rows) > limit
        rows = rows[:limit]
        if self.has_more:
            last = rows[-1]
            self.next_cursor = self._encode(last["id"] if isinstance(last, dict) else last.pk)
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page in the list's envelope."""
        return Response({"data": data, "has_more": self.has_more, "next_cursor": self.next_cursor})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the OpenAPI schema of a page of `schema`."""
        return {
            "type": "object",
            "required": ["data", "has_more", "next_cursor"],
            "properties": {
                "data": schema,
                "has_more": {"type": "boolean"},
                "next_cursor": {"type": ["string", "null"]},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the OpenAPI parameters of a list."""
        limit = {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT}
        return [
            {"name": "limit", "in": "query", "required": False, "schema": limit, "description": "Rows in a page."},
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"},
                "description": "`next_cursor` of the page before.",
            },
        ]

    @staticmethod
    def _limit(request: Request) -> int:
        text = request.query_params.get("limit", str(DEFAULT_LIMIT))
        if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MAXIMUM_LIMIT):
            message = _("The limit is a whole number from 1 to %(maximum)d.") % {"maximum": MAXIMUM_LIMIT}
            raise ValidationFailed(_("See `errors`."), errors=[{"parameter": "limit", "code": "invalid", "detail": message}])
        return int(text)

    @staticmethod
    def _encode(key: UUID) -> str:
        return urlsafe_b64encode(key.bytes).rstrip(b"=").decode()

    @staticmethod
    def _decode(cursor: str) -> UUID:
        try:
            key = UUID(bytes=urlsafe_b64decode(cursor.encode("ascii") + b"=="))
        except ValueError:
            raise InvalidCursor from None
        if KeysetPagination._encode(key) != cursor:  # the decoder skips what it does not know
            raise InvalidCursor
        return key
