"""`Idempotency-Key`: the answer to an unsafe call is stored in the transaction of its effect, and replayed.

A refused call had no effect, so only answers of success are kept; the key may then be used again.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import orjson
from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from huntaze.api.caller import Caller
from huntaze.api.errors import IdempotencyInFlight, IdempotencyKeyReused, ValidationFailed
from huntaze.api.parsers import JSONParser
from huntaze.models import IdempotencyRecord

KEPT = timedelta(hours=24)
MAXIMUM_LENGTH = 255
_STORED_HEADERS = ("Content-Type", "Location")


def answer_once(request: Request, caller: Caller, key: str, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """Return what `answer()` returned for this key's first call; later calls get the same bytes and no effect.

    Runs `answer` in a transaction that also stores its rendered answer. Raises IdempotencyInFlight while another
    call with the key runs, and IdempotencyKeyReused when the query string or the body differs from the first call's.
    """
    if not (key.isascii() and key.isprintable() and 1 <= len(key) <= MAXIMUM_LENGTH):
        fault = {"header": "Idempotency-Key", "code": "invalid", "detail": _("A key is 1 to 255 printable ASCII characters.")}
        raise ValidationFailed(_("See `errors`."), errors=[fault])
    scope = _digest(str(caller.id), str(caller.workspace_id), request.method or "", request.path, key)
    fingerprint = _digest(request._request.content_type or "", request.META.get("QUERY_STRING", ""), _body(request))
    with transaction.atomic():
        _lock(scope)
        stored = IdempotencyRecord.objects.filter(scope=scope, created_at__gt=Now() - KEPT).first()
        if stored is not None:
            return _replay(stored, fingerprint)
        response = answer()
        if response.status_code < 300:
            _store(scope, fingerprint, response, caller)
        return response


def expire() -> int:
    """Delete answers that are older than 24 hours; return how many."""
    return IdempotencyRecord.objects.filter(created_at__lte=Now() - KEPT).delete()[0]


def _digest(*parts: str | bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8) + data)
    return digest.digest()


def _body(request: Request) -> bytes:
    """Return what is the same for all spellings of one JSON body: of white space, of the order of names; other bodies as they came."""
    if request._request.content_type != JSONParser.media_type:
        return request._request.body
    return orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)


def _lock(scope: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s::bigint)", [int.from_bytes(scope[:8], signed=True)])
        if not cursor.fetchone()[0]:
            raise IdempotencyInFlight(retry_after=1)


def _store(scope: bytes, fingerprint: bytes, response: HttpResponse, caller: Caller) -> None:
    headers = {name: response[name] for name in _STORED_HEADERS if name in response}
    record = IdempotencyRecord(
        scope=scope,
        fingerprint=fingerprint,
        status=response.status_code,
        headers=headers,
        body=response.content,
        caller_id=caller.id,
        workspace_id=caller.workspace_id,
    )
    # One statement; it replaces an expired answer that has not been deleted yet.
    IdempotencyRecord.objects.bulk_create(
        [record],
        update_conflicts=True,
        unique_fields=["scope"],
        update_fields=["fingerprint", "status", "headers", "body", "created_at"],
    )


def _replay(stored: IdempotencyRecord, fingerprint: bytes) -> HttpResponse:
    if bytes(stored.fingerprint) != fingerprint:
        raise IdempotencyKeyReused
    return HttpResponse(bytes(stored.body), status=stored.status, headers={**stored.headers, "Idempotent-Replayed": "true"})
