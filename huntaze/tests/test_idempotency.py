"""`Idempotency-Key`, on the operation that creates an asset."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from content.models import ContentAsset
from content.tests.factories import make_asset
from huntaze.api import idempotency
from huntaze.models import IdempotencyRecord

pytestmark = pytest.mark.django_db

ASSETS = "/api/v1/content/assets"
NEW = {"title": "Once", "type": "post"}


def post(client, body=NEW, key="key-1"):
    return client.post(ASSETS, body, headers={"Idempotency-Key": key})


def test_repeat_has_one_effect_and_the_same_answer(api):
    first, second = post(api), post(api)
    assert (second.status_code, second.content, second["Location"], ContentAsset.objects.count()) == (
        201,
        first.content,
        first["Location"],
        1,
    )


def test_only_the_repeat_says_that_it_is_one(api):
    assert [answer.headers.get("Idempotent-Replayed") for answer in (post(api), post(api))] == [None, "true"]


def test_other_spelling_of_the_same_body_is_the_same_request(api):
    first = post(api)
    body = '{"type": "post",\n "title":  "Onc\\u0065"}'
    second = api.post(ASSETS, body, content_type="application/json;charset=utf-8", headers={"Idempotency-Key": "key-1"})
    assert (second.status_code, second.content) == (201, first.content)


def test_key_with_another_body_is_refused(api):
    post(api)
    refused = post(api, NEW | {"title": "Twice"})
    assert (refused.status_code, refused.json()["code"], ContentAsset.objects.count()) == (422, "idempotency_key_reused", 1)


def test_key_with_another_query_string_is_refused(api):
    answers = [api.post(f"{ASSETS}{query}", NEW, headers={"Idempotency-Key": "key-1"}) for query in ("?a=1", "?a=1", "?a=2", "")]
    assert ([answer.status_code for answer in answers], ContentAsset.objects.count()) == ([201, 201, 422, 422], 1)


def test_body_that_is_not_json_is_the_same_by_its_bytes(api, workspace):
    address = f"{ASSETS}/{make_asset(workspace).id}"
    answers = [
        api.delete(address, body, content_type="application/octet-stream", headers={"Idempotency-Key": "key-1"})
        for body in (b"\xff{}", b"\xff{}", b"\xff{ }")
    ]
    assert [(answer.status_code, answer.headers.get("Idempotent-Replayed")) for answer in answers] == [
        (204, None),
        (204, "true"),
        (422, None),
    ]


def test_refused_request_leaves_its_key_unused(api):
    post(api, {"title": "Once"})
    assert post(api).status_code == 201


def test_key_of_another_person_is_another_key(api, stranger_api):
    assert post(api).json()["id"] != post(stranger_api).json()["id"]


def test_key_expires_after_a_day(api):
    post(api)
    IdempotencyRecord.objects.update(created_at=Now() - timedelta(hours=24))
    assert ("Idempotent-Replayed" in post(api), ContentAsset.objects.count()) == (False, 2)


def test_key_that_is_used_again_after_a_day_keeps_the_new_answer(api):
    post(api)
    IdempotencyRecord.objects.update(created_at=Now() - timedelta(hours=24))
    second, third = post(api), post(api)
    assert (third.content, third.headers.get("Idempotent-Replayed")) == (second.content, "true")


def test_expired_answers_are_deleted(api):
    post(api)
    IdempotencyRecord.objects.update(created_at=Now() - timedelta(hours=24))
    assert (idempotency.expire(), IdempotencyRecord.objects.count()) == (1, 0)


@pytest.mark.parametrize("key", ["", "x" * 256, "clé"])
def test_key_that_is_not_short_ascii_is_refused(api, key):
    assert post(api, key=key).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_key_in_flight_is_refused_until_the_first_call_ends(api, owner, workspace):
    scope = idempotency._digest(str(owner.id), str(workspace.id), "POST", ASSETS, "key-1")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s::bigint)", [int.from_bytes(scope[:8], signed=True)])
        refused = post(api)
    finally:
        other.close()
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (409, "idempotency_in_flight", "1")


def test_repeat_takes_five_queries(api, django_assert_num_queries):
    post(api)
    with django_assert_num_queries(5):
        post(api)
