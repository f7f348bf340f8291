"""JSON out, by orjson: UTC, UUIDs as text."""

from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer


def _plain(value: Any) -> Any:
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON answer")


def dumps(value: Any) -> bytes:
    """Return `value` as JSON; times are written in UTC with a `Z`."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_PASSTHROUGH_SUBCLASS)


class JSONRenderer(BaseRenderer):
    """Write an answer as JSON; an answer without data has no body."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return the body."""
        return b"" if data is None else dumps(data)
