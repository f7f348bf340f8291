"""What the limiter counts, and how it counts when Valkey is gone (guarantee S13)."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from accounts.tests.factories import PASSWORD
from huntaze import valkey
from huntaze.api import throttling
from huntaze.api.errors import RateLimited
from huntaze.api.throttling import Quota
from huntaze.models import RateCounter
from huntaze.tests.client import ApiClient

ME = "/api/v1/users/me"
SIGN_IN = "/api/v1/auth/signin"


@pytest.fixture
def no_valkey(settings, monkeypatch):
    """Let the product look for Valkey where nothing answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{free.getsockname()[1]}/0"
    here = valkey.connection
    monkeypatch.setattr(throttling, "_counter", throttling._Counter())
    monkeypatch.setattr(valkey, "connection", here.__wrapped__)


def limits(settings, **changed):
    settings.API_REQUESTS_PER_MINUTE = {**settings.API_REQUESTS_PER_MINUTE, **changed}


def sign_in(client, email="nobody@example.com", password="wrong"):
    return client.post(SIGN_IN, {"email": email, "password": password})


def test_reads_and_writes_are_counted_apart(api, settings):
    limits(settings, read=1, write=1)
    statuses = [api.get(ME).status_code, api.post("/api/v1/content/assets", {}).status_code, api.get(ME).status_code]
    assert statuses == [200, 422, 429]


def test_ai_has_a_limit_of_its_own(api, settings):
    limits(settings, ai=1)
    statuses = [api.post("/api/v1/content/generate", {}).status_code for _request in range(2)]
    assert (statuses, api.get(ME).status_code) == ([422, 429], 200)


@pytest.mark.django_db
def test_signing_in_is_counted_by_address(anonymous, settings):
    limits(settings, auth=2)
    assert [sign_in(anonymous, f"person{guess}@example.com").status_code for guess in range(3)] == [401, 401, 429]


@pytest.mark.django_db
def test_guesses_at_one_account_are_counted_wherever_they_come_from(anonymous, settings):
    settings.HUNTAZE_PROXY_COUNT, settings.API_ATTEMPTS_PER_ACCOUNT = 1, 2
    answers = [
        anonymous.post(SIGN_IN, {"email": spelling, "password": "wrong"}, headers={"X-Forwarded-For": f"10.0.0.{guess}"})
        for guess, spelling in enumerate(["victim@example.com", "VICTIM@example.com", "victim@example.com"])
    ]
    assert ([answer.status_code for answer in answers], answers[2].json()["limit"]) == ([401, 401, 429], {"name": "account", "value": 2})


@pytest.mark.django_db
def test_forms_that_take_passwords_are_counted_too(settings):
    limits(settings, auth=1)
    browser = Client()
    answers = [browser.post("/accounts/login/", {}) for _guess in range(2)]
    assert ([answer.status_code for answer in answers], answers[1]["Content-Type"], answers[1]["Retry-After"]) == (
        [200, 429],
        "text/html; charset=utf-8",
        "60",
    )


def test_reads_pass_uncounted_without_valkey(no_valkey, api, settings):
    limits(settings, read=1)
    answers = [api.get(ME) for _request in range(3)]
    assert ([answer.status_code for answer in answers], "RateLimit" in answers[2], RateCounter.objects.count()) == ([200] * 3, False, 0)


@pytest.mark.django_db
def test_signing_in_is_counted_in_postgresql_without_valkey(no_valkey, anonymous, settings):
    limits(settings, auth=2)
    answers = [sign_in(anonymous, f"person{guess}@example.com") for guess in range(3)]
    told, _, seconds = answers[2]["RateLimit"].rpartition("=")
    assert ([answer.status_code for answer in answers], told) == ([401, 401, 429], '"auth";r=0;t')
    assert 50 <= int(seconds) <= 60  # the minute runs on while passwords are hashed


@pytest.mark.django_db
def test_guesses_at_one_account_are_counted_in_postgresql_without_valkey(no_valkey, anonymous, settings):
    settings.API_ATTEMPTS_PER_ACCOUNT = 1
    assert [sign_in(anonymous).status_code for _guess in range(2)] == [401, 429]


def test_ai_is_counted_in_postgresql_without_valkey(no_valkey, api, settings):
    limits(settings, ai=1)
    assert [api.post("/api/v1/content/generate", {}).status_code for _request in range(2)] == [422, 429]


@pytest.mark.django_db
def test_counter_in_postgresql_begins_anew_when_its_window_is_over(no_valkey):
    quota = Quota("auth", "rate:test", 1, 60)
    throttling.count([quota], guarded=True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE huntaze_ratecounter SET expires_at = statement_timestamp() - interval '1 second'")
    usage = throttling.count([quota], guarded=True)[0]
    assert (usage.used, usage.reset) == (1, 60)


@pytest.mark.django_db
def test_counters_that_ran_out_are_deleted(no_valkey):
    throttling.count([Quota("auth", "rate:old", 5, 60), Quota("auth", "rate:new", 5, 60)], guarded=True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE huntaze_ratecounter SET expires_at = now() - interval '1 second' WHERE key = 'rate:old'")
    assert (throttling.expire(), list(RateCounter.objects.values_list("key", flat=True))) == (1, ["rate:new"])


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_are_counted_one_by_one_in_postgresql(no_valkey):
    quotas = [Quota("auth", f"rate:{name}", 20, 60) for name in "ba"]

    def try_once(_number):
        try:
            throttling.count(quotas, guarded=True)
        except RateLimited:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as threads:
        allowed = list(threads.map(try_once, range(50)))
    assert (sum(allowed), set(RateCounter.objects.values_list("count", flat=True))) == (20, {50})


def test_s13_sign_in_stays_limited_while_valkey_is_gone(start_stack):
    stack = start_stack("web", API_AUTH_REQUESTS_PER_MINUTE="6", API_READS_PER_MINUTE="3")
    client = ApiClient(stack.url).sign_up()
    stack.kill("valkey")
    guesses = [
        client.call("POST", SIGN_IN, {"email": "creator@example.com", "password": f"{PASSWORD}{guess}"}).status for guess in range(8)
    ]
    reads = [client.call("GET", ME).status for _read in range(5)]
    assert (guesses, reads) == ([401] * 6 + [429] * 2, [200] * 5)
