"""Apps that sign people in through a browser: the one-time code, its PKCE challenge and its redirect address."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts import services
from accounts.models import AuthorizationCode, RevokedReason, Session, User
from accounts.tests.factories import PASSWORD, make_user
from accounts.views.oauth import _with_query
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db

APP = "https://app.example.com/callback"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
NEAR = (
    "https://app.example.com/callback/",
    "https://app.example.com/callback?x=1",
    "https://app.example.com/Callback",
    "https://APP.example.com/callback",
    "http://app.example.com/callback",
    "https://app.example.com:443/callback",
    "https://app.example.com/callback#",
    "https://app.example.com.evil.example/callback",
    "https://evil.example/?https://app.example.com/callback",
    " https://app.example.com/callback",
    "",
)


@pytest.fixture(autouse=True)
def _app_is_registered(settings):
    settings.CLIENT_REDIRECT_URIS = [APP, "com.example.app:/callback"]


@pytest.fixture
def person(db: None) -> User:
    """Return a person whose address is verified."""
    return make_user(email="pia@example.com", name="Pia Person", email_verified=True)


@pytest.fixture
def code(person: User) -> str:
    """Return a one-time code that was handed to the app for the person."""
    return services.issue_code(session_id=services.open_browser_session(user=person), redirect_uri=APP, code_challenge=CHALLENGE)


def authorize(client: Client, *, follow: bool = False, **changed: str | None):
    """Ask for a code as the app does, with some parameters changed, or left out where they are None."""
    query = {"redirect_uri": APP, "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "s-1", **changed}
    return client.get(
        "/accounts/authorize?" + urlencode({name: value for name, value in query.items() if value is not None}), follow=follow
    )


def exchange(client: Client, shown: str, **changed: str):
    """Exchange a code as the app does, with some values changed."""
    return client.post("/api/v1/auth/oauth/token", {"code": shown, "code_verifier": VERIFIER, **changed}, content_type="application/json")


# Handing out


@pytest.mark.parametrize("redirect_uri", NEAR)
def test_unregistered_address_gets_nothing(client, person, redirect_uri):
    client.force_login(person)
    answer = authorize(client, redirect_uri=redirect_uri)
    assert (answer.status_code, AuthorizationCode.objects.count()) == (400, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": None},
        {"state": None},
        {"state": ""},
        {"state": "x" * 513},
        {"code_challenge": None},
        {"code_challenge": "short"},
        {"code_challenge": CHALLENGE + "="},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"provider": "nobody"},
    ],
    ids=str,
)
def test_wrong_request_is_answered_on_the_page(client, person, changed):
    client.force_login(person)
    answer = authorize(client, **changed)
    assert (answer.status_code, AuthorizationCode.objects.count()) == (400, 0)


def test_person_signs_in_and_is_sent_to_the_app_with_a_code(client, person):
    to_sign_in = authorize(client)["Location"]
    back = client.post(to_sign_in, {"login": person.email, "password": PASSWORD, "next": parse_qs(urlsplit(to_sign_in).query)["next"][0]})
    address = urlsplit(client.get(back["Location"])["Location"])
    query = parse_qs(address.query)
    assert (address._replace(query="").geturl(), sorted(query), query["state"]) == (APP, ["code", "state"], ["s-1"])


def test_person_who_was_signed_in_is_asked_first(client, person):
    client.force_login(person)
    answer = authorize(client)
    assert (answer.status_code, AuthorizationCode.objects.count()) == (200, 0)


def test_person_who_says_yes_is_sent_to_the_app(client, person):
    client.force_login(person)
    answer = client.post(authorize(client).request["PATH_INFO"] + "?" + authorize(client).request["QUERY_STRING"], {"action": "continue"})
    assert answer["Location"].startswith(f"{APP}?code=")


def test_person_who_wants_another_account_signs_in_anew(client, person):
    client.force_login(person)
    asked = authorize(client).request
    answer = client.post(f"{asked['PATH_INFO']}?{asked['QUERY_STRING']}", {"action": "switch"})
    assert answer["Location"].partition("?")[0].endswith("/accounts/login/")


def test_saying_yes_needs_the_pages_own_form(person):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    asked = authorize(client).request
    assert client.post(f"{asked['PATH_INFO']}?{asked['QUERY_STRING']}", {"action": "continue"}).status_code == 403


def test_app_with_a_scheme_of_its_own_gets_its_code(client, person):
    client.force_login(person)
    asked = authorize(client, redirect_uri="com.example.app:/callback").request
    answer = client.post(f"{asked['PATH_INFO']}?{asked['QUERY_STRING']}", {"action": "continue"})
    assert answer["Location"].startswith("com.example.app:/callback?code=")


def test_named_provider_is_where_the_person_goes(client, settings):
    settings.SOCIALACCOUNT_PROVIDERS = {"google": {"APPS": [{"client_id": "id", "secret": "secret"}]}, "openid_connect": {"APPS": []}}
    assert urlsplit(authorize(client, provider="google")["Location"]).path == "/accounts/google/login/"


@given(st.sampled_from([APP, APP + "?a=1", "com.example.app:/callback"]), st.text(st.characters(codec="utf-8"), min_size=1))
def test_state_comes_back_as_it_was(redirect_uri, state):
    assert parse_qs(urlsplit(_with_query(redirect_uri, state=state)).query, keep_blank_values=True, strict_parsing=True)["state"] == [state]


# Exchanging


def test_code_is_exchanged_for_tokens(client, code, person):
    answer = exchange(client, code)
    assert (answer.status_code, answer.json()["user"]["id"], answer["Cache-Control"]) == (200, str(person.id), "no-store")


def test_tokens_open_the_api(client, code):
    token = exchange(client, code).json()["access_token"]
    assert client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_session_takes_over_when_the_person_proved_who_they_are(client, person):
    session_id = services.open_browser_session(user=person)
    long_ago = timezone.now() - timedelta(days=2)
    Session.objects.filter(id=session_id).update(authenticated_at=long_ago)
    exchange(client, services.issue_code(session_id=session_id, redirect_uri=APP, code_challenge=CHALLENGE))
    assert Session.objects.get(kind="api").authenticated_at == long_ago


def test_only_a_hash_of_the_code_is_stored(code):
    assert bytes(AuthorizationCode.objects.get().code_hash) == hashlib.sha256(code.encode()).digest()


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "w" * 43}, {"redirect_uri": "com.example.app:/callback"}, {"code": "x" * 43}],
    ids=min,
)
def test_what_is_not_the_apps_own_is_refused(client, code, changed):
    answer = exchange(client, code, **changed)
    assert (answer.status_code, answer.json()["code"], Session.objects.filter(kind="api").count()) == (401, "invalid_code", 0)


def test_every_refusal_reads_the_same(client, code):
    wrong, unknown = exchange(client, code, code_verifier="w" * 43), exchange(client, "x" * 43)
    assert {**wrong.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


def test_wrong_verifier_uses_the_code_up(client, code):
    exchange(client, code, code_verifier="w" * 43)
    assert exchange(client, code).status_code == 401


def test_expired_code_is_refused(client, code):
    AuthorizationCode.objects.update(expires_at=timezone.now())
    assert exchange(client, code).status_code == 401


def test_code_lives_for_a_minute(code):
    row = AuthorizationCode.objects.get()
    assert row.expires_at - row.created_at < timedelta(seconds=61)


def test_second_use_ends_the_session_of_the_first(client, code):
    token = exchange(client, code).json()["access_token"]
    answer = exchange(client, code)
    reason = Session.objects.get(kind="api").revoked_reason
    me = client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, reason, me.status_code) == (401, RevokedReason.CODE_REUSED, 401)


def test_second_use_with_a_wrong_verifier_ends_it_too(client, code):
    exchange(client, code)
    exchange(client, code, code_verifier="w" * 43)
    assert Session.objects.get(kind="api").revoked_reason == RevokedReason.CODE_REUSED


def test_suspended_persons_code_is_refused(client, code, person):
    User.objects.filter(id=person.id).update(suspended_at=timezone.now())
    assert exchange(client, code).status_code == 401


def test_code_of_an_address_that_is_registered_no_more_is_refused(client, code, settings):
    settings.CLIENT_REDIRECT_URIS = []
    assert exchange(client, code).status_code == 401


def test_codes_that_expired_a_day_ago_are_forgotten(person, code):
    AuthorizationCode.objects.update(expires_at=timezone.now() - timedelta(days=1, seconds=1))
    services.issue_code(session_id=services.open_browser_session(user=person), redirect_uri=APP, code_challenge=CHALLENGE)
    assert AuthorizationCode.objects.count() == 1


def test_codes_are_handed_to_registered_addresses_only(person):
    session_id = services.open_browser_session(user=person)
    with pytest.raises(ValueError, match=r"evil\.example"):
        services.issue_code(session_id=session_id, redirect_uri="https://evil.example/", code_challenge=CHALLENGE)


def test_code_and_its_session_are_audited(client, code, person):
    exchange(client, code)
    actions = AuditEntry.objects.filter(actor_id=person.id).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["user.create", "session.start", "authorization_code.create", "session.start"]


# Providers


def test_providers_are_listed_with_where_they_start(client, settings):
    oidc = {
        "provider_id": "studio",
        "name": "Studio login",
        "client_id": "id",
        "secret": "s",
        "settings": {"server_url": "https://login.example"},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {
        "google": {"APPS": [{"client_id": "id", "secret": "secret"}]},
        "openid_connect": {"APPS": [oidc]},
    }
    assert client.get("/api/v1/auth/providers").json()["data"] == [
        {"id": "google", "name": "Google", "url": f"{settings.HUNTAZE_URL}/accounts/google/login/"},
        {"id": "studio", "name": "Studio login", "url": f"{settings.HUNTAZE_URL}/accounts/oidc/studio/login/"},
    ]


def test_providers_cost_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/api/v1/auth/providers").json() == {"data": [], "has_more": False, "next_cursor": None}
