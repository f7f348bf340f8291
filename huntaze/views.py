"""Pages of the ground: health, and the list of the API's errors."""

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from huntaze import valkey
from huntaze.api.errors import NotFound, Problem
from huntaze.api.views import ApiView
from huntaze.env import BASE_DIR

MARK = BASE_DIR / "huntaze/static/huntaze/mark.svg"


def healthz(request: HttpRequest) -> JsonResponse:
    """Say that this process answers; asks nothing of other parts."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether the database and Valkey answer: 200 when both do, 503 with the part that does not."""
    parts = {"database": _answers(_ask_database), "valkey": _answers(_ask_valkey)}
    ready = all(parts.values())
    report = {name: "ok" if up else "down" for name, up in parts.items()}
    return JsonResponse({"status": "ready" if ready else "not_ready", **report}, status=200 if ready else 503)


@cache_control(public=True, max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Answer the mark, for those that ask without having read a page which names it."""
    return HttpResponse(MARK.read_bytes(), content_type="image/svg+xml")


def errors(request: HttpRequest) -> HttpResponse:
    """Show every error code; the `type` of a problem document points here."""
    problems = sorted(Problem.registry.values(), key=lambda problem: (problem.status, problem.code))
    return render(request, "huntaze/errors.html", {"problems": problems})


class Nowhere(ApiView):
    """Every address of the API that is none: counted like the others, so that guessing addresses is limited too."""

    permission_classes = [AllowAny]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise NotFound, after what every operation asks first."""
        super().initial(request, *args, **kwargs)
        raise NotFound


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_valkey() -> None:
    valkey.connection().ping()


def _answers(ask: Callable[[], None]) -> bool:
    try:
        ask()
    except (DatabaseError, PoolTimeout, RedisError):
        return False
    return True
