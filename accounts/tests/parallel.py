"""Calls at the same moment, on connections of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection


def in_parallel(call: Callable[[], Any], times: int) -> list[Any]:
    """Make `times` calls at once in as many threads; return what each returned or raised."""
    barrier = Barrier(times)

    def attempt(_: int) -> Any:
        barrier.wait()
        try:
            return call()
        except Exception as error:  # noqa: BLE001  (the test judges it)
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(attempt, range(times)))
