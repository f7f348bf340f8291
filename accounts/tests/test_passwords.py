"""Passwords: forgotten, reset, changed, and looked up among leaked ones."""

import hashlib
import re
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount

from accounts import services
from accounts.models import EmailChallenge, Session, User, write_email_address
from accounts.services import mfa
from accounts.services.passwords import check_password
from accounts.tests.breach_server import LEAKED, PADDED
from accounts.tests.factories import PASSWORD, client_of, client_with, make_key, make_user, sign_in, turn_totp_on
from accounts.tests.letters import answer_all, templates, token_in
from huntaze.api.errors import Problem, ValidationFailed
from huntaze.models import AuditEntry, OutgoingEmail

pytestmark = pytest.mark.django_db
NEW = "seven lanterns over brackish water"
RESET, CHANGE = "/api/v1/auth/password/reset", "/api/v1/auth/password/change"


def link_for(user: User) -> str:
    services.forgot_password(email=user.email.upper(), language="en")
    return token_in(answer_all()[0])


def reasons(call) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as refusal:
        call()
    return [(error["pointer"], error["code"]) for error in refusal.value.extra["errors"]]


def test_forgot_answers_the_same_bytes_whether_or_not_the_address_has_an_account(anonymous, owner):
    answers = [anonymous.post("/api/v1/auth/password/forgot", {"email": email}) for email in (owner.email, "nobody@example.com")]
    told = [(answer.status_code, answer.content.replace(answer["X-Request-ID"].encode(), b"")) for answer in answers]
    assert (told[0], answers[0].json()) == (told[1], {"status": "accepted"})


@pytest.mark.parametrize("email", ["owner@example.com", "nobody@example.com"])
def test_forgot_makes_one_query_whether_or_not_the_address_has_an_account(email, anonymous, owner, django_assert_num_queries):
    with django_assert_num_queries(1):
        anonymous.post("/api/v1/auth/password/forgot", {"email": email})


def test_unknown_address_is_mailed_nothing(owner):
    services.forgot_password(email="nobody@example.com", language="en")
    assert (answer_all(), EmailChallenge.objects.get().status) == ([], "ignored")


def test_suspended_person_gets_no_link(owner):
    from django.utils import timezone

    User.objects.filter(id=owner.id).update(suspended_at=timezone.now())
    services.forgot_password(email=owner.email, language="en")
    assert answer_all() == []


def test_reset_sets_the_password_and_ends_all_sessions(anonymous, owner):
    signed_in = sign_in(owner)
    answer = anonymous.post(RESET, {"token": link_for(owner), "password": NEW})
    owner.refresh_from_db()
    assert (answer.status_code, owner.check_password(NEW), client_with(signed_in.access_token).get("/api/v1/users/me").status_code) == (
        204,
        True,
        401,
    )
    assert Session.objects.get().revoked_reason == "password_reset"


def test_reset_is_audited_and_told(owner):
    services.reset_password(token=link_for(owner), password=NEW)
    assert (templates(), AuditEntry.objects.get(action="user.set_password").actor_id) == (
        ["reset_password", "password_changed", "email_verified"],
        owner.id,
    )


def test_reset_proves_the_address(owner, settings):
    settings.EMAIL_VERIFICATION = "mandatory"
    services.reset_password(token=link_for(owner), password=NEW)
    assert services.sign_in(email=owner.email, password=NEW).principal.id == owner.id


def test_reset_works_once(anonymous, owner):
    body = {"token": link_for(owner), "password": NEW}
    anonymous.post(RESET, body)
    again = anonymous.post(RESET, body)
    assert (again.status_code, again.json()["code"]) == (400, "invalid_email_token")


def test_reset_ends_the_other_links(owner):
    first, second = link_for(owner), link_for(owner)
    services.reset_password(token=second, password=NEW)
    with pytest.raises(services.InvalidEmailToken):
        services.reset_password(token=first, password=PASSWORD)


def test_reset_with_a_weak_password_leaves_the_link_good(owner):
    token = link_for(owner)
    assert reasons(lambda: services.reset_password(token=token, password="qwertyuiop")) == [
        ("/password", "password_too_short"),
        ("/password", "password_too_common"),
        ("/password", "password_too_guessable"),
    ]
    services.reset_password(token=token, password=NEW)


def test_change_ends_the_other_sessions_only(owner):
    other = sign_in(owner)
    client = client_of(owner)
    answer = client.post(CHANGE, {"current_password": PASSWORD, "new_password": NEW})
    statuses = [one.get("/api/v1/users/me").status_code for one in (client, client_with(other.access_token))]
    assert (answer.status_code, statuses, templates()) == (204, [200, 401], ["password_changed"])


def test_change_proves_who_the_session_is(owner):
    from django.db.models.functions import Now

    signed_in = sign_in(owner)
    Session.objects.update(authenticated_at="2026-01-01T00:00Z")
    client_with(signed_in.access_token).post(CHANGE, {"current_password": PASSWORD, "new_password": NEW})
    assert Session.objects.annotate(now=Now()).get().authenticated_at.year > 2025
    assert Session.objects.filter(authenticated_at__gt="2026-01-01T00:00Z").count() == 1


@pytest.mark.parametrize(
    ("current", "new", "fault"),
    [("wrong", NEW, ("/current_password", "wrong_password")), (PASSWORD, "Tr0x4dor&3z", ("/new_password", "password_too_short"))],
)
def test_change_says_which_password_is_at_fault(api, current, new, fault):
    refused = api.post(CHANGE, {"current_password": current, "new_password": new})
    assert (refused.status_code, [(error["pointer"], error["code"]) for error in refused.json()["errors"]]) == (422, [fault])


def test_password_appears_in_no_audit_entry(owner):
    services.reset_password(token=link_for(owner), password=NEW)
    assert AuditEntry.objects.get(action="user.set_password").changes == {"password": ["…", "…"]}


@pytest.fixture
def breaches(start_simulator, settings):
    """Return a function that starts a service which knows leaked passwords, and lets Huntaze ask it."""

    def start(*arguments):
        settings.BREACH_CHECK_URL = f"{start_simulator('accounts.tests.breach_server', *arguments).url}/range"

    return start


def test_leaked_password_is_refused(owner, breaches):
    breaches()
    assert reasons(lambda: check_password(LEAKED, user=owner)) == [("/password", "password_breached")]


@pytest.mark.parametrize("password", [NEW, PADDED])
def test_password_that_did_not_leak_passes(owner, breaches, password):
    breaches()
    check_password(password, user=owner)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/range", "http://127.0.0.1:9"])
def test_passwords_pass_while_the_breach_check_is_away(owner, settings, caplog, url):
    settings.BREACH_CHECK_URL = url
    check_password(LEAKED, user=owner)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "The breach check does not answer, and passwords pass without it"
    ]


def test_breach_check_that_drips_is_given_up(owner, breaches):
    breaches("--drip")
    start = time.monotonic()
    check_password(LEAKED, user=owner)
    assert time.monotonic() - start < 5


def test_score_is_not_asked_for_where_it_is_zero(owner, settings):
    settings.PASSWORD_MINIMUM_SCORE = 0
    check_password("purple purple purple", user=owner)


def test_reset_is_told_to_the_address(owner):
    services.reset_password(token=link_for(owner), password=NEW)
    assert set(OutgoingEmail.objects.values_list("to", flat=True)) == {owner.email}


# An account that somebody else made for the address, before its owner did


@dataclass
class Squatter:
    """Every way in that the maker of an account left themselves, and how to look whether it is open."""

    key: str
    code: str
    address_link: str
    codes: list[str]

    def get_in(self, user: User) -> dict[str, bool]:
        """Return which of the ways in are open."""
        return {
            "API key": client_with(self.key).get("/api/v1/workspaces").status_code == 200,
            "one-time code": is_done(lambda: services.exchange_code(code=self.code, code_verifier="v" * 43)),
            "other address": is_done(lambda: services.change_email(token=self.address_link)),
            "provider": SocialAccount.objects.filter(user=user).exists(),
            "authenticator app": Authenticator.objects.filter(user=user, type="totp").exists(),
            "passkey": Authenticator.objects.filter(user=user, type="webauthn").exists(),
            "recovery code": mfa.use_code(user_id=user.id, code=self.codes[0]) is not None,
        }


def is_done(call) -> bool:
    try:
        call()
    except Problem:
        return False
    return True


def squat(user: User, settings) -> Squatter:
    """Do all that keeps a door open; as if the address had been theirs for the time of it."""
    settings.CLIENT_REDIRECT_URIS = ["https://app.example.com/callback"]
    challenge = urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    browser = services.open_browser_session(user=user)
    services.request_email_change(user_id=user.id, email="squatter@example.com")
    link = re.search(r"/accounts/email/([^/]+)/", OutgoingEmail.objects.get(to="squatter@example.com").text)[1]
    was_verified = services.has_verified_email(user)
    turn_totp_on(user)
    mfa.add_passkey(user_id=user.id, name="Laptop", credential={})
    write_email_address(user, verified=was_verified)
    SocialAccount.objects.create(user=user, provider="google", uid="squatter")
    return Squatter(
        key=make_key(user.default_workspace, user)[1],
        code=services.issue_code(session_id=browser, redirect_uri=settings.CLIENT_REDIRECT_URIS[0], code_challenge=challenge),
        address_link=link,
        codes=mfa.make_recovery_codes(user_id=user.id),
    )


@pytest.mark.parametrize("verified", [False, True])
def test_reset_closes_every_door_where_the_address_was_never_shown_to_be_ones_own(verified, settings):
    user = make_user(email="victim@example.com", email_verified=verified)
    squatter = squat(user, settings)
    services.reset_password(token=link_for(user), password=NEW)
    stay = {"API key", "one-time code", "provider", "authenticator app", "passkey", "recovery code"} if verified else set()
    assert {name for name, is_open in squatter.get_in(user).items() if is_open} == stay


def test_every_door_is_open_before_the_reset(settings):
    user = make_user(email="victim@example.com")
    assert set(squat(user, settings).get_in(user).values()) == {True}


def test_closed_doors_are_audited(settings):
    user = make_user(email="victim@example.com")
    squat(user, settings)
    before = set(AuditEntry.objects.values_list("id", flat=True))
    services.reset_password(token=link_for(user), password=NEW)
    actions = AuditEntry.objects.exclude(id__in=before).filter(subject_id__isnull=False).values_list("action", flat=True)
    assert {action for action in actions if action.endswith((".revoke", ".remove", ".unlink"))} == {
        "api_key.revoke",
        "mfa.remove",
        "session.revoke",
        "social_account.unlink",
    }


@pytest.mark.parametrize(("operation", "queries"), [("reset", 32), ("change", 15)])
def test_query_count(operation, queries, owner, anonymous, django_assert_num_queries):
    sign_in(owner)
    client, path, body = anonymous, RESET, {"password": NEW}
    if operation == "reset":
        body["token"] = link_for(owner)
    else:
        client, path, body = client_of(owner), CHANGE, {"current_password": PASSWORD, "new_password": NEW}
    with django_assert_num_queries(queries):
        assert client.post(path, body).status_code == 204
