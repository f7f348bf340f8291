"""The devices that a person is signed in on, and what they are told of them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from accounts import devices, services
from accounts.models import Session
from accounts.tests.factories import client_with, make_user, sign_in
from accounts.tests.letters import templates
from huntaze.models import Event, OutgoingEmail

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/auth/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/19.0 Safari/604.1"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        (IPHONE, "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 OPR/120.0", "Opera, Mac"),
        ("curl/8.5.0", "curl"),
        ("huntaze-app (Android 16)", "huntaze-app (Android 16)"),
        ("", "Unknown device"),
    ],
)
def test_device_is_named_as_people_call_it(user_agent, name):
    assert str(devices.name(user_agent)) == name


def test_sessions_are_listed_with_their_device_and_which_is_this_one(owner):
    there = services.open_session(user=owner, user_agent=IPHONE)
    here = services.open_session(user=owner, user_agent=FIREFOX)
    listed = client_with(here.access_token).get(SESSIONS).json()["data"]
    assert [(row["id"], row["kind"], row["device"], row["current"]) for row in listed] == [
        (str(here.principal.session_id), "api", "Firefox, Linux", True),
        (str(there.principal.session_id), "api", "Safari, iPhone", False),
    ]


def test_list_shows_when_and_from_where_a_session_was_used(api):
    (row,) = api.get(SESSIONS).json()["data"]
    session = Session.objects.get()
    assert row == {
        "id": str(session.id),
        "kind": "api",
        "device": "Unknown device",
        "address": session.address,
        "current": True,
        "created_at": session.created_at.isoformat().replace("+00:00", "Z"),
        "last_used_at": session.last_used_at.isoformat().replace("+00:00", "Z"),
    }


def test_sessions_that_ended_or_ran_out_are_not_listed(api, owner, settings):
    services.sign_out(session_id=sign_in(owner).principal.session_id)
    idle = sign_in(owner).principal.session_id
    Session.objects.filter(id=idle).update(last_used_at=Now() - settings.REFRESH_TOKEN_LIFETIME - timedelta(seconds=1))
    assert [row["current"] for row in api.get(SESSIONS).json()["data"]] == [True]


def test_sessions_of_others_are_not_listed(api, stranger):
    sign_in(stranger)
    assert len(api.get(SESSIONS).json()["data"]) == 1


@pytest.mark.parametrize("rows", [1, 10])
def test_list_makes_as_many_queries_for_one_session_as_for_ten(rows, api, owner, django_assert_num_queries):
    for _ in range(rows - 1):
        sign_in(owner)
    with django_assert_num_queries(2):
        assert len(api.get(SESSIONS).json()["data"]) == rows


def test_device_is_signed_out_at_once(api, owner):
    other = sign_in(owner)
    answer = api.delete(f"{SESSIONS}/{other.principal.session_id}")
    assert (answer.status_code, client_with(other.access_token).get("/api/v1/users/me").status_code) == (204, 401)
    assert Session.objects.get(id=other.principal.session_id).revoked_reason == "signed_out_elsewhere"


def test_foreign_ended_and_absent_sessions_answer_the_same(api, owner, stranger):
    ended = sign_in(owner).principal.session_id
    services.sign_out(session_id=ended)
    answers = [api.delete(f"{SESSIONS}/{id}") for id in (sign_in(stranger).principal.session_id, ended, uuid4())]
    assert {(answer.status_code, answer.content.replace(answer["X-Request-ID"].encode(), b"")) for answer in answers} == {
        (404, answers[0].content.replace(answers[0]["X-Request-ID"].encode(), b""))
    }
    assert Session.objects.filter(user=stranger, revoked_at=None).count() == 1


def test_sign_out_everywhere_ends_all_sessions_of_this_person(api, owner, stranger):
    sign_in(owner), sign_in(stranger)
    answer = api.post("/api/v1/auth/signout-all")
    assert (answer.status_code, list(Session.objects.filter(revoked_at=None).values_list("user", flat=True))) == (204, [stranger.id])
    assert set(Session.objects.filter(user=owner).values_list("revoked_reason", flat=True)) == {"signed_out_everywhere"}


@pytest.mark.parametrize(("call", "queries"), [("delete", 7), ("signout-all", 10)])
def test_query_count(call, queries, api, owner, django_assert_num_queries):
    other = sign_in(owner).principal.session_id
    with django_assert_num_queries(queries):
        api.delete(f"{SESSIONS}/{other}") if call == "delete" else api.post("/api/v1/auth/signout-all")


def test_first_session_is_no_news(owner):
    services.open_session(user=owner, user_agent=FIREFOX)
    assert templates() == []


def test_sign_in_from_a_new_device_is_told(owner):
    services.open_session(user=owner, user_agent=FIREFOX)
    services.open_session(user=owner, user_agent=IPHONE)
    email = OutgoingEmail.objects.get()
    assert (email.to, email.template, "from Safari, iPhone at" in email.text) == (owner.email, "accounts/mail/new_device", True)
    assert Event.objects.get(type="notice.new_device").subject_id == owner.id


def test_next_version_of_a_browser_is_no_new_device(owner):
    services.open_session(user=owner, user_agent=FIREFOX)
    services.open_session(user=owner, user_agent=FIREFOX.replace("140", "141"))
    assert templates() == []


def test_device_of_another_person_is_new_to_this_one(owner):
    services.open_session(user=make_user(), user_agent=IPHONE)
    services.open_session(user=owner, user_agent=FIREFOX)
    services.open_session(user=owner, user_agent=IPHONE)
    assert templates() == ["new_device"]
