"""Argon2id, tuned so that one hash costs about 75 ms on one core, and kept out of the way of other requests."""

import os
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import argon2  # noqa: F401  (Django imports it in the thread of the first hash; threads should find it loaded)
from django.contrib.auth.hashers import Argon2PasswordHasher

if TYPE_CHECKING:
    from gevent.threadpool import ThreadPool


T = TypeVar("T")


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 46 MiB, one pass and one lane: the first of OWASP's equivalent settings.

    Under gevent the hash runs in a thread of its own, since a greenlet that computes stops all the others; argon2
    releases the interpreter's lock meanwhile.
    """

    time_cost = 1
    memory_cost = 46 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Return the encoded hash of `password`."""
        return _beside_other_requests(super().encode, password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Tell whether `password` has the hash `encoded`."""
        return _beside_other_requests(super().verify, password, encoded)


def _beside_other_requests(compute: Callable[[str, str], T], password: str, other: str) -> T:
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return compute(password, other)
    result: T = _pool().apply(compute, (password, other))
    return result


@cache
def _pool() -> "ThreadPool":
    """Return this process's threads for hashes: as many as there are cores, so that memory for them is bounded."""
    from gevent.threadpool import ThreadPool

    return ThreadPool(os.cpu_count() or 1)
