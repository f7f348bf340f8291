"""A Django project in one file: a view that inserts one row, no middleware, Huntaze's own settings of the database."""

import os

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from bench import insert
from huntaze import settings as product

SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = product.DATABASES
ROOT_URLCONF = "bench.control.bare"
USE_TZ = True

_prepared: list[insert.Statement] = []


def insert_row(request: HttpRequest) -> HttpResponse:
    """Write one row, durably (autocommit)."""
    with connection.cursor() as cursor:
        if not _prepared:
            _prepared.append(insert.statement(cursor))
        sql, values = _prepared[0]
        cursor.execute(sql, values())
    return HttpResponse(b"{}", content_type="application/json", status=201, headers={"Content-Length": "2"})


urlpatterns = [path("insert", insert_row)]
