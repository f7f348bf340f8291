"""The account pages as any client sees them: what they do is done by the services that the API calls."""

import re
import socket
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.adapters import SocialAccountAdapter
from accounts.browsers import why_no_passkeys
from accounts.models import RevokedReason, Session, SessionKind, User
from accounts.tests.factories import PASSWORD, make_user, sign_in
from huntaze.models import AuditEntry, OutgoingEmail

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "eleven quiet herons by the canal"
OPEN = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/email/sent/", "/accounts/inactive/")
OWN = (
    "/accounts/sessions/",
    "/accounts/email/",
    "/accounts/notices/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/providers/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
)
SIGN_UP = {"name": "Nora New", "email": "nora@example.com", "password1": PASSWORD, "accept_terms": "on"}


@pytest.fixture
def person(db: None) -> User:
    """Return a person whose address is verified."""
    return make_user(email="pia@example.com", name="Pia Person", email_verified=True)


@pytest.fixture
def browser(client: Client, person: User) -> Client:
    """Return a browser that is signed in as the person."""
    client.force_login(person)
    return client


def this_session(browser: Client) -> Session:
    """Return the session that the browser's cookie stands for."""
    return Session.objects.get(id=browser.session["huntaze_session"])


def link_in(email: OutgoingEmail) -> str:
    """Return the path of the link in an e-mail."""
    return re.search(r"^https?://[^/]+(/\S+)$", email.text, re.MULTILINE)[1]


@pytest.mark.parametrize("path", OPEN)
def test_open_page_is_shown_to_anybody(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", OWN)
def test_own_page_is_shown_to_who_is_signed_in(browser, path):
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize("path", OWN)
def test_own_page_sends_others_to_sign_in(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("path", [*OPEN, *OWN])
def test_page_speaks_french_to_who_reads_french(browser, path):
    answer = browser.get(path, headers={"Accept-Language": "fr"}, follow=True)
    assert (answer["Content-Language"], b'<html lang="fr">' in answer.content) == ("fr", True)


def test_api_ignores_the_readers_language(client):
    assert (
        client.get("/api/v1/users/me", headers={"Accept-Language": "fr"}).json()["title"]
        == "The access token is missing, expired or not valid."
    )


def test_page_allows_no_inline_script_or_style(client, settings):
    settings.CLIENT_REDIRECT_URIS = ["https://app.example.com/callback", "com.example.app:/callback"]
    policy = client.get("/accounts/login/")["Content-Security-Policy"]
    assert policy == (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; "
        "form-action 'self' com.example.app: https://app.example.com; frame-ancestors 'none'"
    )


# Browser sessions


def test_signing_in_makes_a_browser_session(client, person):
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD}, headers={"User-Agent": "Firefox"})
    assert Session.objects.filter(user=person).values_list("kind", "user_agent", "revoked_at").get() == ("browser", "Firefox", None)


def test_wrong_password_signs_nobody_in(client, person):
    answer = client.post("/accounts/login/", {"login": person.email, "password": "wrong"})
    assert (answer.status_code, Session.objects.count()) == (200, 0)


def test_signing_out_ends_the_session(browser):
    session = this_session(browser)
    browser.post("/accounts/logout/")
    session.refresh_from_db()
    assert session.revoked_reason == RevokedReason.SIGNED_OUT


def test_ending_the_session_anywhere_ends_the_cookie(browser):
    services.sign_out(session_id=this_session(browser).id)
    assert browser.get("/accounts/sessions/").status_code == 302


def test_suspended_person_is_out_at_once(browser, person):
    User.objects.filter(id=person.id).update(suspended_at=timezone.now())
    assert browser.get("/accounts/sessions/").status_code == 302


def test_deleted_person_is_out_at_once(browser, person):
    User.objects.filter(id=person.id).update(deleted_at=timezone.now())
    assert browser.get("/accounts/sessions/").status_code == 302


def test_cookie_without_a_session_of_ours_opens_nothing(browser):
    session = browser.session
    del session["huntaze_session"]
    session.save()
    assert browser.get("/accounts/sessions/").status_code == 302


def test_another_persons_session_opens_nothing(browser, stranger):
    session = browser.session
    session["huntaze_session"] = str(services.open_browser_session(user=stranger))
    session.save()
    assert browser.get("/accounts/sessions/").status_code == 302


def test_api_session_is_no_browsers(browser, person):
    session = browser.session
    session["huntaze_session"] = str(sign_in(person).principal.session_id)
    session.save()
    assert browser.get("/accounts/sessions/").status_code == 302


def test_cookie_opens_nothing_in_the_api(browser):
    assert browser.get("/api/v1/users/me").status_code == 401


def test_api_request_does_not_look_at_the_cookie(browser, person, django_assert_num_queries):
    token = sign_in(person).access_token
    with django_assert_num_queries(1):
        assert browser.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_use_is_noted_once_a_minute(browser):
    session = this_session(browser)
    Session.objects.filter(id=session.id).update(last_used_at=timezone.now() - timedelta(minutes=5))
    browser.get("/accounts/sessions/")
    assert timezone.now() - this_session(browser).last_used_at < timedelta(minutes=1)


def test_proving_again_who_one_is_renews_the_session(browser):
    Session.objects.update(authenticated_at=timezone.now() - timedelta(hours=1))
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert timezone.now() - this_session(browser).authenticated_at < timedelta(minutes=1)


@pytest.mark.parametrize(("age", "asked"), [(timedelta(minutes=14), False), (timedelta(minutes=16), True)])
def test_what_is_grave_asks_for_a_recent_proof(browser, age, asked):
    Session.objects.update(authenticated_at=timezone.now() - age)
    answer = browser.post("/accounts/email/", {"action_add": "1", "email": "other@example.com"})
    assert ("reauthenticate" in answer["Location"]) is asked


def test_person_who_cannot_prove_it_here_signs_in_again(browser, person):
    Session.objects.update(authenticated_at=timezone.now() - timedelta(hours=1))
    User.objects.filter(id=person.id).update(password="!")
    answer = browser.post("/accounts/email/", {"action_add": "1", "email": "other@example.com"})
    assert answer["Location"].partition("?")[0] == "/accounts/login/"


# Devices


def test_devices_of_both_kinds_are_listed_this_one_first(browser, person):
    sign_in(person)
    rows = browser.get("/accounts/sessions/").context["rows"]
    assert [(row["session"].kind, row["is_this"]) for row in rows] == [(SessionKind.BROWSER, True), (SessionKind.API, False)]


@pytest.mark.parametrize("others", [0, 9])
def test_devices_cost_the_same_queries_however_many(browser, person, others, django_assert_num_queries):
    for _ in range(others):
        services.open_browser_session(user=person)
    with django_assert_num_queries(4):  # the cookie, its session, the person, the devices
        browser.get("/accounts/sessions/")


def test_a_device_can_be_signed_out(browser, person):
    other = sign_in(person).principal.session_id
    browser.post(f"/accounts/sessions/{other}/end/")
    assert Session.objects.get(id=other).revoked_reason == RevokedReason.SIGNED_OUT_ELSEWHERE


def test_a_strangers_device_cannot_be_signed_out(browser, stranger):
    other = sign_in(stranger).principal.session_id
    browser.post(f"/accounts/sessions/{other}/end/")
    assert Session.objects.get(id=other).revoked_at is None


def test_all_other_devices_can_be_signed_out(browser, person):
    sign_in(person)
    services.open_browser_session(user=person)
    browser.post("/accounts/sessions/end-others/")
    assert [session.id for session in Session.objects.filter(user=person, revoked_at=None)] == [this_session(browser).id]


# Signing up


def test_sign_up_makes_the_account_and_signs_in(client):
    client.post("/accounts/signup/", SIGN_UP)
    user = User.objects.get(email="nora@example.com")
    assert (user.name, user.terms_version != "", user.declared_adult_at is not None, this_session(client).user) == (
        "Nora New",
        True,
        True,
        user,
    )


@pytest.mark.parametrize("missing", ["name", "email", "password1", "accept_terms"])
def test_sign_up_needs_every_field(client, missing):
    answer = client.post("/accounts/signup/", {name: value for name, value in SIGN_UP.items() if name != missing})
    assert (list(answer.context["form"].errors), User.objects.count()) == ([missing], 0)


def test_sign_up_refuses_a_password_like_the_name(client):
    answer = client.post("/accounts/signup/", SIGN_UP | {"password1": "nora new nora"})
    assert list(answer.context["form"].errors) == ["password1"]


def test_sign_up_says_all_that_is_wrong_at_once(client):
    answer = client.post("/accounts/signup/", {"name": "", "email": "no address", "password1": "password"})
    assert set(answer.context["form"].errors) == {"name", "email", "password1", "accept_terms"}


def test_sign_up_says_that_an_address_is_taken(client, person):
    answer = client.post("/accounts/signup/", SIGN_UP | {"email": person.email.upper()})
    assert answer.context["form"].errors == {"email": ["There is an account with this e-mail address."]}


def test_sign_up_tells_nobody_who_has_an_account_where_addresses_are_verified_first(client, person, settings):
    settings.EMAIL_VERIFICATION = settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    answers = [client.post("/accounts/signup/", SIGN_UP | {"email": email}) for email in (person.email, "nora@example.com")]
    assert {(answer.status_code, answer["Location"], answer.content) for answer in answers} == {(302, "/accounts/email/sent/", b"")}


def test_sign_up_leads_to_no_foreign_page(client):
    answer = client.post("/accounts/signup/?next=https://evil.example/", SIGN_UP)
    assert answer["Location"] == "/"


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"])
def test_sign_in_leads_to_no_foreign_page(client, person, next_page):
    answer = client.post("/accounts/login/", {"login": person.email, "password": PASSWORD, "next": next_page})
    assert answer["Location"] == "/"


def test_language_button_leads_to_no_foreign_page(client):
    answer = client.post("/accounts/language/", {"language": "fr", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


# Passwords


def test_password_change_ends_the_other_devices_and_keeps_this_one(browser, person):
    other = sign_in(person).principal.session_id
    browser.post("/accounts/password/change/", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    person.refresh_from_db()
    ended = Session.objects.get(id=other).revoked_reason
    assert (person.check_password(NEW_PASSWORD), ended, browser.get("/accounts/sessions/").status_code) == (True, "password_changed", 200)


def test_password_change_refuses_a_wrong_one(browser, person):
    answer = browser.post("/accounts/password/change/", {"current_password": "wrong", "new_password": NEW_PASSWORD})
    assert answer.context["form"].errors == {"current_password": ["This is not your password."]}


def test_person_without_a_password_is_sent_a_link(browser, person):
    User.objects.filter(id=person.id).update(password="!")
    browser.force_login(User.objects.get(id=person.id))
    assert browser.get("/accounts/password/change/")["Location"] == "/accounts/password/set/"
    assert browser.post("/accounts/password/set/").templates[0].name == "account/password_reset_done.html"


def test_forgotten_password_answers_the_same_for_nobodys_address(client, person):
    first, second = (client.post("/accounts/password/reset/", {"email": email}) for email in (person.email, "nobody@example.com"))
    token = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')
    assert token.sub(b"", first.content) == token.sub(b"", second.content)


def test_link_that_is_no_link_sets_no_password(client):
    answer = client.post(f"/accounts/password/reset/{'x' * 43}/", {"new_password": NEW_PASSWORD})
    assert answer.status_code == 400


# Addresses


def ask_for_another(browser: Client, email: str) -> None:
    browser.post("/accounts/email/", {"action_add": "1", "email": email})


def test_new_address_counts_once_its_link_is_followed(browser, person):
    ask_for_another(browser, "Pia.Next@example.com")
    path = link_in(OutgoingEmail.objects.get(to="pia.next@example.com"))
    before = User.objects.get(id=person.id).email
    browser.post(path)
    person.refresh_from_db()
    assert (before, person.email, services.has_verified_email(person)) == ("pia@example.com", "pia.next@example.com", True)


def test_new_address_is_told_to_the_old_one_and_audited(browser, person):
    ask_for_another(browser, "next@example.com")
    browser.post(link_in(OutgoingEmail.objects.get(to="next@example.com")))
    told = OutgoingEmail.objects.filter(template="accounts/mail/email_changed").values_list("to", flat=True)
    audited = AuditEntry.objects.filter(action="user.change_email", subject_id=person.id).count()
    assert (sorted(told), audited) == (["next@example.com", "pia@example.com"], 1)


def test_looking_at_the_link_changes_nothing(browser, person):
    ask_for_another(browser, "next@example.com")
    browser.get(link_in(OutgoingEmail.objects.get(to="next@example.com")))
    assert User.objects.get(id=person.id).email == "pia@example.com"


def test_link_of_an_address_works_once(browser, person):
    ask_for_another(browser, "next@example.com")
    path = link_in(OutgoingEmail.objects.get(to="next@example.com"))
    assert [browser.post(path).status_code, browser.post(path).status_code] == [302, 400]


def test_taken_address_is_sent_nothing_and_nobody_is_told(browser, stranger):
    ask_for_another(browser, stranger.email)
    assert OutgoingEmail.objects.filter(to=stranger.email).count() == 0


def test_address_that_was_taken_meanwhile_is_refused(browser, person):
    ask_for_another(browser, "next@example.com")
    make_user(email="next@example.com")
    assert browser.post(link_in(OutgoingEmail.objects.get(to="next@example.com", template="accounts/mail/change_email"))).status_code == 400


def test_altered_link_is_refused(browser):
    ask_for_another(browser, "next@example.com")
    path = link_in(OutgoingEmail.objects.get(to="next@example.com"))
    assert browser.post(path[:-3] + "xx/").status_code == 400


# Passkeys


@pytest.mark.parametrize(
    ("address", "host", "reason"),
    [
        ("http://localhost:8000", "localhost:8000", ""),
        ("http://huntaze.localhost", "huntaze.localhost", ""),
        ("https://app.example.com", "app.example.com", ""),
        ("https://example.com", "app.example.com", ""),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", "Passkeys need a name such"),
        ("https://[::1]:8443", "[::1]:8443", "Passkeys need a name such"),
        ("http://app.example.com", "app.example.com", "Passkeys need https"),
        ("http://localhost:8000", "127.0.0.1:8000", "Passkeys work at http://localhost:8000 only."),
    ],
)
def test_reason_against_passkeys_is_told_where_there_is_one(settings, address, host, reason):
    settings.HUNTAZE_URL = address
    told = why_no_passkeys(host)
    assert (told.startswith(reason), bool(told)) == (True, bool(reason))


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/2fa/", "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/"])
@pytest.mark.parametrize("works", [True, False])
def test_passkeys_are_offered_where_they_work_only(settings, browser, path, works):
    settings.HUNTAZE_URL = "https://testserver" if works else "http://127.0.0.1:8000"
    signed_in = {} if path == "/accounts/login/" else browser.cookies
    visitor = Client()
    visitor.cookies.update(signed_in)
    page = visitor.get(path).content.decode()
    offers = ('id="passkey_login"', 'href="/accounts/2fa/webauthn/add/"', 'id="mfa_webauthn_add"')
    assert (any(offer in page for offer in offers), "Passkeys need a name" in page) == (works, not works)


# Providers


def oidc(server_url: str) -> dict:
    """Return the setting of one provider."""
    app = {"provider_id": "studio", "name": "Studio login", "client_id": "id", "secret": "secret", "settings": {"server_url": server_url}}
    return {"openid_connect": {"APPS": [app]}}


def test_provider_that_is_away_is_no_fault_of_ours(client, settings):
    with socket.create_server(("127.0.0.1", 0)) as nobody:  # closed below: whoever is called there is away
        port = nobody.getsockname()[1]
    settings.SOCIALACCOUNT_PROVIDERS = oidc(f"http://127.0.0.1:{port}")
    answer = client.post("/accounts/oidc/studio/login/", follow=True)
    assert (answer.status_code, answer.templates[0].name) == (401, "socialaccount/authentication_error.html")


def test_going_to_a_provider_needs_the_pages_own_form(settings):
    settings.SOCIALACCOUNT_PROVIDERS = oidc("https://login.example.com")
    assert Client(enforce_csrf_checks=True).post("/accounts/oidc/studio/login/").status_code == 403


def test_looking_at_a_provider_goes_nowhere(client, settings):
    settings.SOCIALACCOUNT_PROVIDERS = oidc("https://login.example.com")
    assert client.get("/accounts/oidc/studio/login/").status_code == 200


def test_provider_that_is_not_configured_does_not_exist(client):
    assert client.get("/accounts/oidc/nobody/login/").status_code == 404


@pytest.mark.parametrize(("said", "verified"), [(True, True), ("true", True), ("false", False), (False, False), (None, False)])
def test_only_what_a_provider_says_to_be_true_is_verified(rf, said, verified):
    login = SocialLogin(user=User(), account=SocialAccount(), email_addresses=[EmailAddress(email="a@example.com", verified=said)])
    SocialAccountAdapter().populate_user(rf.get("/"), login, {"name": "Anna"})
    assert login.email_addresses[0].verified is verified


# The admin


def test_ending_the_session_closes_the_admin(staff_browser):
    services.sign_out(session_id=this_session(staff_browser).id)
    assert staff_browser.get("/admin/").status_code == 302
