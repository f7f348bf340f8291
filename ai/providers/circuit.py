"""A circuit breaker for each provider and deployment, shared by all workers.

Calls that fail for the vendor's reasons open it: then none begins for a while, and after that one, the probe, finds out whether the
vendor is back. The rules stand here twice, as a script for Valkey and in Python for the time when Valkey is away; a test holds
them equal. Times are milliseconds of the workers' clocks.
"""

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, cast
from uuid import uuid4

from django.conf import settings
from django.utils.translation import gettext as _
from redis import Redis

from ai.providers.base import ErrorCode, ProviderError
from ai.providers.shared import Shared
from huntaze import valkey

log = logging.getLogger(__name__)

Result = Literal["good", "bad", "unknown"]

BUCKET_MS = 10_000
BUCKETS = 6  # failures of the last minute count
MIN_CALLS = 10
OPEN_MS = 30_000
KEPT_MS = 3_600_000
# What is the vendor's fault or state. The rest, such as an invalid request or a wrong key, are answers of a vendor that is there.
FAULTS: frozenset[ErrorCode] = frozenset({"rate_limited", "overloaded", "timeout", "connection", "garbage"})
_INDEX = "ai:circuits"

# KEYS: the circuit. ARGV: now, how long a probe may take, the caller's token. Answers the milliseconds to wait, and 1 for a probe.
_ADMIT = """
local now = tonumber(ARGV[1])
local fields = redis.call('HMGET', KEYS[1], 'open_until', 'probe_until')
if not fields[1] then return {0, 0} end
local wait_until = math.max(tonumber(fields[1]), tonumber(fields[2] or 0))
if now < wait_until then return {wait_until - now, 0} end
redis.call('HSET', KEYS[1], 'probe', ARGV[3], 'probe_until', now + tonumber(ARGV[2]))
return {0, 1}
"""
# KEYS: the circuit, the index. ARGV: now, result, the caller's token, error code, bucket, buckets, least calls, how long it opens, how long
# it is kept, the circuit's name in the index. Answers 1 if this opened the circuit.
_REPORT = """
local now, result, bucket, open_ms = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[5]), tonumber(ARGV[8])
local opened = 0
if result == 'bad' then redis.call('HSET', KEYS[1], 'error', ARGV[4], 'error_at', now) end
if redis.call('HEXISTS', KEYS[1], 'open_until') == 1 then
  if redis.call('HGET', KEYS[1], 'probe') == ARGV[3] then
    redis.call('HDEL', KEYS[1], 'probe', 'probe_until')
    if result == 'good' then
      redis.call('HDEL', KEYS[1], 'open_until')
      redis.call('HSET', KEYS[1], 'since', now)
    elseif result == 'bad' then
      redis.call('HSET', KEYS[1], 'open_until', now + open_ms)
    end
  end
elseif result ~= 'unknown' then
  redis.call('HINCRBY', KEYS[1], result .. ':' .. bucket, 1)
  local sums, counted = {good = 0, bad = 0}, {}
  local fields = redis.call('HGETALL', KEYS[1])
  for i = 1, #fields, 2 do
    local kind, number = string.match(fields[i], '^(%a+):(%d+)$')
    if kind then
      counted[#counted + 1] = fields[i]
      if tonumber(number) > bucket - tonumber(ARGV[6]) then
        sums[kind] = sums[kind] + tonumber(fields[i + 1])
      else
        redis.call('HDEL', KEYS[1], fields[i])
      end
    end
  end
  if sums.good + sums.bad >= tonumber(ARGV[7]) and sums.bad >= sums.good then
    opened = 1
    redis.call('HDEL', KEYS[1], unpack(counted))
    redis.call('HSET', KEYS[1], 'open_until', now + open_ms, 'since', now)
  end
end
if result ~= 'unknown' then
  redis.call('PEXPIRE', KEYS[1], ARGV[9])
  redis.call('ZADD', KEYS[2], now, ARGV[10])
end
return opened
"""


class CircuitOpen(ProviderError):
    """The call did not begin, since too many before it failed; nothing was sent."""

    def __init__(self, provider: str, *, seconds: float) -> None:
        detail = _("The AI provider failed too often; it is asked again in %(seconds)d seconds.") % {"seconds": -(-seconds // 1)}
        super().__init__("overloaded", detail, permanent=False, retry_after=seconds, upstream={"provider": provider})


@dataclass(frozen=True)
class Circuit:
    """How one provider's deployment does: `state` since when (None: since long), and the last failure that was the vendor's."""

    provider: str
    deployment: str
    state: Literal["closed", "open", "half_open"]
    since_ms: int | None
    last_error: str
    last_error_ms: int | None


@dataclass
class _State:
    """One circuit in this process."""

    fields: dict[str, str | int] = field(default_factory=dict)
    counts: defaultdict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def admit(self, now: int, probe_ms: int, token: str) -> tuple[int, bool]:
        if "open_until" not in self.fields:
            return 0, False
        wait_until = max(int(self.fields["open_until"]), int(self.fields.get("probe_until", 0)))
        if now < wait_until:
            return wait_until - now, False
        self.fields.update(probe=token, probe_until=now + probe_ms)
        return 0, True

    def report(self, now: int, result: Result, token: str, error: str) -> bool:
        if result == "bad":
            self.fields.update(error=error, error_at=now)
        if "open_until" in self.fields:
            self._end_probe(now, result, token)
        elif result != "unknown":
            return self._count(now, result)
        return False

    def _end_probe(self, now: int, result: Result, token: str) -> None:
        if self.fields.get("probe") != token:
            return
        del self.fields["probe"], self.fields["probe_until"]
        if result == "good":
            del self.fields["open_until"]
            self.fields["since"] = now
        elif result == "bad":
            self.fields["open_until"] = now + OPEN_MS

    def _count(self, now: int, result: Result) -> bool:
        bucket = now // BUCKET_MS
        self.counts[bucket][result] += 1
        for old in [number for number in self.counts if number <= bucket - BUCKETS]:
            del self.counts[old]
        good, bad = (sum(counter[kind] for counter in self.counts.values()) for kind in ("good", "bad"))
        if good + bad < MIN_CALLS or bad < good:
            return False
        self.counts.clear()
        self.fields.update(open_until=now + OPEN_MS, since=now)
        return True


class Circuits:
    """All circuits, on Valkey at `connect()`, and in this process while that is away."""

    def __init__(self, connect: Callable[[], Redis], *, clock: Callable[[], float] = time.time) -> None:
        self._shared = Shared(connect)
        self._clock = clock
        self._own: defaultdict[tuple[str, str], _State] = defaultdict(_State)
        self._lock = threading.Lock()

    def admit(self, provider: str, deployment: str) -> str:
        """Let a call begin and return the token to report its end with, not empty for a probe. Raises CircuitOpen."""
        now, token, probe_ms = self._now(), uuid4().hex, settings.AI_TOTAL_TIMEOUT_SECONDS * 1000
        answer = self._shared.run(_ADMIT, keys=[_key(provider, deployment)], args=[now, probe_ms, token])
        if answer is None:
            with self._lock:
                answer = self._own[provider, deployment].admit(now, probe_ms, token)
        wait, is_probe = answer
        if wait:
            raise CircuitOpen(provider, seconds=wait / 1000)
        return token if is_probe else ""

    def report(self, provider: str, deployment: str, token: str, result: Result, error: str = "") -> None:
        """Note how an admitted call ended: `bad` with its error code, or `unknown` where that says nothing of the vendor."""
        now, name = self._now(), f"{provider}/{deployment}"
        rules = [now // BUCKET_MS, BUCKETS, MIN_CALLS, OPEN_MS, KEPT_MS]
        opened = self._shared.run(_REPORT, keys=[_key(provider, deployment), _INDEX], args=[now, result, token, error, *rules, name])
        if opened is None:
            with self._lock:
                opened = self._own[provider, deployment].report(now, result, token, error)
        if opened:
            log.warning("No call goes to %s for %d seconds: too many failed, the last with %s", name, OPEN_MS // 1000, error)

    def snapshot(self) -> list[Circuit]:
        """Return the circuits of the last hour's calls, by name."""
        found = self._shared.ask(self._read)
        if found is None:
            with self._lock:
                known = {place: state.fields for place, state in self._own.items() if state.fields or state.counts}
                found = {"/".join(place): fields for place, fields in known.items()}
        return [self._shown(name, fields) for name, fields in sorted(found.items())]

    def _read(self, connection: Redis) -> dict[str, dict[str, str]]:
        connection.zremrangebyscore(_INDEX, 0, self._now() - KEPT_MS)
        names = [member.decode() for member in cast("list[bytes]", connection.zrange(_INDEX, 0, -1))]
        pipeline = connection.pipeline(transaction=False)
        for name in names:
            pipeline.hgetall(_key(*name.split("/", 1)))
        rows = pipeline.execute()
        return {name: {key.decode(): value.decode() for key, value in row.items()} for name, row in zip(names, rows, strict=True)}

    def _shown(self, name: str, fields: dict[str, str]) -> Circuit:
        provider, deployment = name.split("/", 1)
        open_until = fields.get("open_until")
        state: Literal["closed", "open", "half_open"] = "closed"
        if open_until is not None:
            state = "open" if self._now() < int(open_until) else "half_open"
        since, error_at = (int(fields[key]) if key in fields else None for key in ("since", "error_at"))
        return Circuit(provider, deployment, state, since, fields.get("error", ""), error_at)

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _key(provider: str, deployment: str) -> str:
    return f"ai:circuit:{provider}/{deployment}"


CIRCUITS = Circuits(valkey.connection)
