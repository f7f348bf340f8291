"""The request limiter: counters in Valkey, all raised in one round trip, and the headers that tell what is left.

Each request counts against its class. When Valkey is gone, reads and writes pass uncounted, while the guarded classes, those that
guess secrets or spend money, are counted in PostgreSQL.
"""

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext as _
from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from huntaze import context, valkey
from huntaze.api.caller import Caller, caller_of
from huntaze.api.errors import RateLimited
from huntaze.models import RateCounter

log = logging.getLogger(__name__)

# KEYS: one counter each. ARGV: the seconds each lives. Answers count and milliseconds left, pair by pair.
_COUNT_IN_VALKEY = """
local answer = {}
for i, key in ipairs(KEYS) do
  local count = redis.call('INCR', key)
  if count == 1 then redis.call('EXPIRE', key, ARGV[i]) end
  answer[#answer + 1] = count
  answer[#answer + 1] = redis.call('PTTL', key)
end
return answer
"""
# Sorted by key, so that two requests never wait for each other's rows in a circle.
_COUNT_IN_POSTGRESQL = """
INSERT INTO huntaze_ratecounter AS stored (key, count, expires_at)
SELECT quota.key, 1, statement_timestamp() + make_interval(secs => quota.seconds)
FROM unnest(%s::text[], %s::integer[]) AS quota (key, seconds) ORDER BY quota.key
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN stored.expires_at <= statement_timestamp() THEN 1 ELSE stored.count + 1 END,
  expires_at = CASE WHEN stored.expires_at <= statement_timestamp() THEN excluded.expires_at ELSE stored.expires_at END
RETURNING key, count, ceil(extract(epoch FROM expires_at - statement_timestamp()))::integer
"""
REST_AFTER_FAILURE_SECONDS = 5.0
GUARDED = frozenset({"auth", "money", "ai"})
ACCOUNT_WINDOW_SECONDS = 900


@dataclass(frozen=True)
class Quota:
    """`limit` requests of one subject in `window` seconds, counted under `key`."""

    name: str
    key: str
    limit: int
    window: int


@dataclass(frozen=True)
class Usage:
    """A quota with the requests counted so far, this one included, and the seconds until it starts anew."""

    quota: Quota
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        """Return the requests left, never less than none."""
        return max(0, self.quota.limit - self.used)


class _Counter:
    """Counts by one script; after a failure it lets Valkey rest, so that a hanging one costs one request in five seconds."""

    def __init__(self) -> None:
        self._script: Any = None
        self._rest_until = 0.0

    def hit(self, quotas: Sequence[Quota], *, guarded: bool) -> list[Usage]:
        """Count one request against each quota; while Valkey is away in PostgreSQL if `guarded`, else not at all."""
        if time.monotonic() >= self._rest_until:
            try:
                self._script = self._script or valkey.connection().register_script(_COUNT_IN_VALKEY)
                answer = self._script(keys=[quota.key for quota in quotas], args=[quota.window for quota in quotas])
            except RedisError as error:
                self._rest_until = time.monotonic() + REST_AFTER_FAILURE_SECONDS
                log.warning("The limiter counts only what is guarded, in PostgreSQL: Valkey does not answer (%s)", error)
            else:
                return [Usage(quota, answer[2 * i], -(-answer[2 * i + 1] // 1000)) for i, quota in enumerate(quotas)]
        return _hit_in_postgresql(quotas) if guarded else []


def _hit_in_postgresql(quotas: Sequence[Quota]) -> list[Usage]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_IN_POSTGRESQL, [[quota.key for quota in quotas], [quota.window for quota in quotas]])
        counted = {key: (count, seconds) for key, count, seconds in cursor.fetchall()}
    return [Usage(quota, *counted[quota.key]) for quota in quotas]


_counter = _Counter()


def count(quotas: Sequence[Quota], *, guarded: bool) -> list[Usage]:
    """Count one request against each quota and return how each stands; raises RateLimited when one is used up."""
    usages = _counter.hit(quotas, guarded=guarded)
    _refuse_excess(usages)
    return usages


def count_attempt(account: str) -> None:
    """Count one guess at the secrets of the account with this address or id, from wherever it comes; raises RateLimited.

    Called outside of transactions, or the count would be undone with them while Valkey is away.
    """
    digest = hashlib.sha256(account.lower().encode()).hexdigest()
    count([Quota("account", f"rate:account:{digest}", settings.API_ATTEMPTS_PER_ACCOUNT, ACCOUNT_WINDOW_SECONDS)], guarded=True)


def count_page(request: HttpRequest) -> None:
    """Count what is sent to an account page against its address; raises RateLimited."""
    request.rate_usages = usages = _counter.hit([_class_quota("auth", None)], guarded=True)  # type: ignore[attr-defined]
    _refuse_excess(usages)


def expire() -> int:
    """Delete the counters in PostgreSQL that have run out; return how many."""
    return RateCounter.objects.filter(expires_at__lte=Now()).delete()[0]


class RequestRateThrottle(BaseThrottle):
    """Limit the requests a minute of each class, by key, person or address, and a workspace's requests a day."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request and leave the headers for its answer; raises RateLimited when a quota is used up."""
        rate_class = getattr(view, "rate_class", None) or ("read" if request.method in SAFE_METHODS else "write")
        usages = _counter.hit(quotas(rate_class, caller_of(request)), guarded=rate_class in GUARDED)
        request._request.rate_usages = usages  # type: ignore[attr-defined]
        _refuse_excess(usages)
        return True


def quotas(rate_class: str, caller: Caller | None) -> list[Quota]:
    """Return the quotas that a request of this class counts against."""
    found = [_class_quota(rate_class, caller)]
    if caller is not None and caller.daily_requests is not None:
        found.append(Quota("day", f"rate:workspace:{caller.workspace_id}", caller.daily_requests, 86_400))
    return found


def headers(request: Any) -> dict[str, str]:
    """Return the `RateLimit` headers of a request that was counted (draft-ietf-httpapi-ratelimit-headers-10)."""
    usages: list[Usage] = getattr(request, "rate_usages", [])
    if not usages:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{usage.quota.name}";q={usage.quota.limit};w={usage.quota.window}' for usage in usages),
        "RateLimit": ", ".join(f'"{usage.quota.name}";r={usage.remaining};t={usage.reset}' for usage in usages),
    }


def _class_quota(rate_class: str, caller: Caller | None) -> Quota:
    limit = settings.API_REQUESTS_PER_MINUTE[rate_class]
    if caller is None:
        if rate_class not in GUARDED:
            limit = settings.API_ANONYMOUS_REQUESTS_PER_MINUTE
        return Quota(rate_class, f"rate:{rate_class}:address:{context.current().address}", limit, 60)
    subject = f"person:{caller.id}" if caller.key_id is None else f"key:{caller.key_id}"
    return Quota(rate_class, f"rate:{rate_class}:{subject}", limit, 60)


def _refuse_excess(usages: Sequence[Usage]) -> None:
    for usage in usages:
        if usage.used > usage.quota.limit:
            text = _("%(limit)d requests are allowed in this window. Try again in %(seconds)d seconds.")
            detail = text % {"limit": usage.quota.limit, "seconds": usage.reset}
            raise RateLimited(detail, retry_after=usage.reset, limit={"name": usage.quota.name, "value": usage.quota.limit})
