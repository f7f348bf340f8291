"""The request limiter: counters in Valkey, all raised in one round trip, and the headers that tell what is left."""

import logging
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from huntaze import context
from huntaze.api.caller import caller_of
from huntaze.api.errors import RateLimited
from huntaze.valkey import connection

log = logging.getLogger(__name__)

# KEYS: one counter each. ARGV: the seconds each lives. Answers count and milliseconds left, pair by pair.
_COUNT = """
local answer = {}
for i, key in ipairs(KEYS) do
  local count = redis.call('INCR', key)
  if count == 1 then redis.call('EXPIRE', key, ARGV[i]) end
  answer[#answer + 1] = count
  answer[#answer + 1] = redis.call('PTTL', key)
end
return answer
"""
REST_AFTER_FAILURE_SECONDS = 5.0


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

    def hit(self, quotas: list[Quota]) -> list[Usage] | None:
        """Count one request against each quota; return None, letting it pass, while Valkey is away."""
        if time.monotonic() < self._rest_until:
            return None
        try:
            self._script = self._script or connection().register_script(_COUNT)
            answer = self._script(keys=[quota.key for quota in quotas], args=[quota.window for quota in quotas])
        except RedisError as error:
            self._rest_until = time.monotonic() + REST_AFTER_FAILURE_SECONDS
            log.warning("The limiter lets requests pass: Valkey does not answer (%s)", error)
            return None
        return [Usage(quota, answer[2 * i], -(-answer[2 * i + 1] // 1000)) for i, quota in enumerate(quotas)]


_counter = _Counter()


class RequestRateThrottle(BaseThrottle):
    """Limit a person's requests a minute and a workspace's requests a day, or an address's without a token."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request and leave the headers for its answer; raises RateLimited when a quota is used up."""
        usages = _counter.hit(quotas(request)) or []
        request._request.rate_usages = usages  # type: ignore[attr-defined]
        for usage in usages:
            if usage.used > usage.quota.limit:
                text = _("%(limit)d requests are allowed in this window. Try again in %(seconds)d seconds.")
                detail = text % {"limit": usage.quota.limit, "seconds": usage.reset}
                raise RateLimited(detail, retry_after=usage.reset, limit={"name": usage.quota.name, "value": usage.quota.limit})
        return True


def quotas(request: Request) -> list[Quota]:
    """Return the quotas that a request counts against."""
    caller = caller_of(request)
    if caller is None:
        key = f"rate:address:{context.current().address}"
        return [Quota("anonymous", key, settings.API_ANONYMOUS_REQUESTS_PER_MINUTE, 60)]
    found = [Quota("minute", f"rate:person:{caller.id}", settings.API_REQUESTS_PER_MINUTE, 60)]
    if caller.daily_requests is not None:
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
