"""JSON in, by orjson: strict."""

import json
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from huntaze.api.errors import MalformedRequest, UnsupportedMediaType

MAXIMUM_DEPTH = 64
# What fits neither a signed nor an unsigned 64-bit integer can be stored by PostgreSQL, but not be written by orjson again.
SMALLEST_NUMBER, LARGEST_NUMBER = -(2**63), 2**64 - 1


class JSONParser(BaseParser):
    """Read a JSON body of at most `API_MAX_BODY_BYTES` that can be stored and written again."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the parsed body.

        Raises RequestDataTooBig, before reading where the length is said, UnsupportedMediaType or MalformedRequest.
        """
        headers = parser_context["request"].headers
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType(_("A body must not be compressed."))
        if int(headers.get("Content-Length") or 0) > settings.API_MAX_BODY_BYTES:
            raise RequestDataTooBig
        body = stream.read(settings.API_MAX_BODY_BYTES + 1)
        if len(body) > settings.API_MAX_BODY_BYTES:
            raise RequestDataTooBig
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            place = {"line": error.lineno, "column": error.colno}
            raise MalformedRequest(_("The body is not JSON in UTF-8: see line %(line)d, column %(column)d.") % place) from None
        _require_storable(data, MAXIMUM_DEPTH)
        _with_names_once.decode(body.decode())
        return data


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of a body; raises MalformedRequest for a name that stands twice, of which parsers keep one or the other."""
    found = dict(members)
    if len(found) < len(members):
        raise MalformedRequest(_("An object must not have a name twice."))
    return found


# orjson cannot see a repeated name. This second reading costs about 20 µs for a body of 2 kB, and comes last, so that it only
# meets what orjson has found to be JSON and `_require_storable` to be shallow.
_with_names_once = json.JSONDecoder(object_pairs_hook=_object)


def _require_storable(value: Any, levels: int) -> None:
    """Raise MalformedRequest for what PostgreSQL cannot hold or an answer cannot carry: NUL, too large a number, too deep a nesting."""
    if isinstance(value, str):
        if "\0" in value:
            raise MalformedRequest(_("Text must not contain NUL characters."))
    elif isinstance(value, int | float):
        if not SMALLEST_NUMBER <= value <= LARGEST_NUMBER:
            raise MalformedRequest(_("Numbers must fit 64 bits."))
    elif isinstance(value, dict | list):
        if levels == 0:
            raise MalformedRequest(_("Lists and objects must not be nested more than %(levels)d deep.") % {"levels": MAXIMUM_DEPTH})
        if isinstance(value, dict):
            for key in value:
                _require_storable(key, levels)
            value = value.values()
        for item in value:
            _require_storable(item, levels - 1)
