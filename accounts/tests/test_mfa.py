"""Second factors: authenticator apps and recovery codes, at the API and on the pages, and what they guard."""

from base64 import b64decode
from datetime import timedelta
from types import SimpleNamespace

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Role, Session
from accounts.services import mfa
from accounts.tests.factories import PASSWORD, client_of, client_with, code_of, make_key, make_user, turn_totp_on
from accounts.tests.parallel import in_parallel
from huntaze import crypto
from huntaze.models import AuditEntry, OutgoingEmail

TOTP, CONFIRM, CODES = "/api/v1/auth/mfa/totp", "/api/v1/auth/mfa/totp/confirm", "/api/v1/auth/mfa/recovery-codes"
SIGN_IN, REAUTHENTICATE = "/api/v1/auth/signin", "/api/v1/auth/reauthenticate"
OLD, NEW = "old:" + "o" * 32, "new:" + "n" * 32


def wrong_code(secret: str) -> str:
    """Return six digits that are no code of now."""
    good = {code_of(secret, later=step) for step in range(-2, 4)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666") if code not in good)


@pytest.fixture
def person(db):
    """Return somebody with an app that was turned on by the code of now, its secret and the recovery codes."""
    user = make_user(email="careful@example.com", email_verified=True)
    secret = totp.generate_totp_secret()
    codes = mfa.turn_totp_on(user_id=user.id, secret=secret, code=code_of(secret))
    return SimpleNamespace(user=user, secret=secret, codes=codes)


@pytest.fixture
def verified(db):
    """Return a client of somebody who could turn an app on."""
    return client_of(make_user(email="verified@example.com", email_verified=True))


def add_passkey(user):
    """Add a passkey, which only a browser could use."""
    return mfa.add_passkey(user_id=user.id, name="Laptop", credential={})


def refusal(response):
    return response.status_code, response.json()["code"]


def faults(response):
    return response.status_code, [(error["pointer"], error["code"]) for error in response.json()["errors"]]


def signing_in(person, anonymous, **more):
    return anonymous.post(SIGN_IN, {"email": person.user.email, "password": PASSWORD, **more})


def make_stale(user):
    Session.objects.filter(user=user).update(authenticated_at=timezone.now() - timedelta(minutes=16))


def test_state_says_what_is_on_and_never_the_secret(person):
    answer = client_of(person.user).get(TOTP).json()
    since = Authenticator.objects.get(type="totp").created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert {**answer, "since": answer["since"][:19]} == {"enabled": True, "since": since[:19], "recovery_codes_left": 10}


def test_state_of_nobodys_second_factor(api):
    assert api.get(TOTP).json() == {"enabled": False, "since": None, "recovery_codes_left": 0}


def test_start_answers_with_what_an_app_needs(verified):
    response = verified.post(TOTP)
    answer = response.json()
    secret = answer["secret"]
    assert (response.status_code, response["Cache-Control"], answer["otpauth_uri"], answer["qr_code_svg"][:5], answer["expires_in"]) == (
        201,
        "no-store",
        f"otpauth://totp/verified%40example.com?secret={secret}&issuer=Huntaze",
        "<?xml",
        600,
    )


def test_start_turns_nothing_on(verified):
    verified.post(TOTP)
    assert verified.get(TOTP).json()["enabled"] is False


def test_started_secret_waits_encrypted(verified):
    secret = verified.post(TOTP).json()["secret"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM huntaze_cache WHERE cache_key LIKE '%mfa.enrolment%'")
        stored = b64decode(cursor.fetchone()[0])
    assert (secret.encode() in stored, b"test." in stored) == (False, True)


def test_confirming_turns_it_on_and_gives_the_recovery_codes(verified):
    secret = verified.post(TOTP).json()["secret"]
    response = verified.post(CONFIRM, {"code": code_of(secret)})
    codes = response.json()["recovery_codes"]
    assert (response.status_code, len(set(codes)), verified.get(TOTP).json()["recovery_codes_left"]) == (201, 10, 10)


def test_code_that_confirmed_it_is_used(verified, anonymous):
    secret = verified.post(TOTP).json()["secret"]
    code = code_of(secret)
    verified.post(CONFIRM, {"code": code})
    response = anonymous.post(SIGN_IN, {"email": "verified@example.com", "password": PASSWORD, "mfa_code": code})
    assert refusal(response) == (401, "invalid_mfa_code")


def test_wrong_code_confirms_nothing(verified):
    secret = verified.post(TOTP).json()["secret"]
    response = verified.post(CONFIRM, {"code": wrong_code(secret)})
    assert (faults(response), verified.get(TOTP).json()["enabled"]) == ((422, [("/code", "wrong_code")]), False)


def test_wrong_code_may_be_followed_by_a_right_one(verified):
    secret = verified.post(TOTP).json()["secret"]
    verified.post(CONFIRM, {"code": wrong_code(secret)})
    assert verified.post(CONFIRM, {"code": code_of(secret)}).status_code == 201


def test_second_start_replaces_the_first(verified):
    first = verified.post(TOTP).json()["secret"]
    second = verified.post(TOTP).json()["secret"]
    assert [verified.post(CONFIRM, {"code": code_of(secret)}).status_code for secret in (first, second)] == [422, 201]


def test_nothing_started_is_not_confirmed(verified):
    assert refusal(verified.post(CONFIRM, {"code": "123456"})) == (409, "mfa_enrolment_expired")


def test_what_was_started_is_not_confirmed_after_ten_minutes(verified):
    secret = verified.post(TOTP).json()["secret"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE huntaze_cache SET expires = expires - interval '600 seconds'")
    assert refusal(verified.post(CONFIRM, {"code": code_of(secret)})) == (409, "mfa_enrolment_expired")


def test_what_was_started_under_a_dropped_key_is_started_again(verified, settings):
    settings.ENCRYPTION_KEYS = [OLD]
    secret = verified.post(TOTP).json()["secret"]
    settings.ENCRYPTION_KEYS = [NEW]
    assert refusal(verified.post(CONFIRM, {"code": code_of(secret)})) == (409, "mfa_enrolment_expired")


def test_second_app_is_refused(person):
    assert refusal(client_of(person.user).post(TOTP)) == (409, "mfa_on")


@pytest.mark.django_db
def test_unconfirmed_address_gets_no_second_factor():
    """Or who signed up with somebody else's address could lock its owner out for good."""
    assert refusal(client_of(make_user(email_verified=False)).post(TOTP)) == (403, "email_not_verified")


def test_turning_it_off_takes_the_recovery_codes_too(person, anonymous):
    client = client_of(person.user)
    assert (client.delete(TOTP).status_code, Authenticator.objects.count(), signing_in(person, anonymous).status_code) == (204, 0, 200)


def test_turning_it_off_leaves_the_codes_of_a_passkey(person):
    add_passkey(person.user)
    client_of(person.user).delete(TOTP)
    assert sorted(Authenticator.objects.values_list("type", flat=True)) == ["recovery_codes", "webauthn"]


def test_nothing_on_is_not_turned_off(api):
    assert refusal(api.delete(TOTP)) == (404, "not_found")


def test_new_recovery_codes_replace_the_old(person, anonymous):
    new = client_of(person.user).post(CODES).json()["recovery_codes"]
    answers = [signing_in(person, anonymous, mfa_code=code).status_code for code in (person.codes[0], new[0])]
    assert (len(set(new) | set(person.codes)), answers) == (20, [401, 200])


def test_recovery_codes_need_a_second_factor(api):
    assert refusal(api.post(CODES)) == (409, "mfa_off")


@pytest.mark.parametrize(
    ("method", "path", "body"), [("post", TOTP, None), ("post", CONFIRM, {"code": "123456"}), ("delete", TOTP, None), ("post", CODES, None)]
)
def test_old_sign_in_is_not_enough(method, path, body, person):
    client = client_of(person.user)
    make_stale(person.user)
    assert refusal(getattr(client, method)(path, body)) == (403, "reauthentication_required")


@pytest.mark.parametrize(("method", "path"), [("post", TOTP), ("delete", TOTP), ("post", CODES), ("post", REAUTHENTICATE)])
def test_key_may_not_touch_a_second_factor(method, path, owner):
    client = client_with(make_key(owner.default_workspace, owner, scopes=["account:read"])[1])
    assert getattr(client, method)(path, {}).status_code == 403


@pytest.mark.parametrize(
    "body", [{}, {"code": ""}, {"code": None}, {"code": "1" * 33}, {"code": "123456", "more": 1}, {"code": ["123456"]}]
)
def test_confirming_refuses_what_is_no_code(body, verified):
    assert verified.post(CONFIRM, body).status_code == 422


@pytest.mark.parametrize(
    ("call", "queries"),
    [
        (lambda client, person: client.get(TOTP), 2),
        (lambda client, person: client.delete(TOTP), 10),
        (lambda client, person: client.post(CODES), 11),
        (lambda client, person: client.post(REAUTHENTICATE, {"password": PASSWORD, "mfa_code": code_of(person.secret, later=1)}), 12),
        (lambda client, person: client.post(REAUTHENTICATE, {"password": PASSWORD, "mfa_code": person.codes[0]}), 18),
    ],
)
def test_calls_make_a_known_number_of_queries(call, queries, person, django_assert_num_queries):
    client = client_of(person.user)
    with django_assert_num_queries(queries):
        assert call(client, person).status_code < 300


def test_turning_it_on_makes_a_known_number_of_queries(verified, django_assert_num_queries):
    with django_assert_num_queries(12):
        secret = verified.post(TOTP).json()["secret"]
    with django_assert_num_queries(15):
        verified.post(CONFIRM, {"code": code_of(secret)})


def test_sign_in_without_a_code_says_that_one_is_needed(person, anonymous):
    assert refusal(signing_in(person, anonymous)) == (401, "mfa_required")


def test_sign_in_with_a_wrong_code_opens_no_session(person, anonymous):
    response = signing_in(person, anonymous, mfa_code=wrong_code(person.secret))
    assert (refusal(response), Session.objects.count()) == ((401, "invalid_mfa_code"), 0)


def test_sign_in_with_a_code_opens_a_session(person, anonymous):
    assert signing_in(person, anonymous, mfa_code=code_of(person.secret, later=1)).status_code == 200


def test_wrong_password_tells_nothing_of_a_second_factor(person, anonymous):
    bodies = [
        {"email": person.user.email, "password": "wrong"},
        {"email": person.user.email, "password": "wrong", "mfa_code": code_of(person.secret, later=1)},
        {"email": "nobody@example.com", "password": "wrong"},
    ]
    answers = [anonymous.post(SIGN_IN, body) for body in bodies]
    assert {(answer.status_code, str({**answer.json(), "request_id": ""})) for answer in answers} == {
        (401, str({**answers[0].json(), "request_id": ""}))
    }


def test_wrong_password_uses_no_code_up(person, anonymous):
    code = code_of(person.secret, later=1)
    anonymous.post(SIGN_IN, {"email": person.user.email, "password": "wrong", "mfa_code": code})
    assert signing_in(person, anonymous, mfa_code=code).status_code == 200


def test_passkey_alone_asks_for_a_code_too(anonymous, owner):
    add_passkey(owner)
    assert refusal(anonymous.post(SIGN_IN, {"email": owner.email, "password": PASSWORD})) == (401, "mfa_required")


def test_code_is_accepted_once(person, anonymous):
    code = code_of(person.secret, later=1)
    assert [signing_in(person, anonymous, mfa_code=code).status_code for _ in range(2)] == [200, 401]


def test_code_of_a_time_before_a_used_one_is_refused(person, anonymous):
    codes = [code_of(person.secret, later=later) for later in (1, 0, -1)]
    assert [signing_in(person, anonymous, mfa_code=code).status_code for code in codes] == [200, 401, 401]


def test_code_of_another_time_is_refused(person):
    assert [mfa.use_code(user_id=person.user.id, code=code_of(person.secret, later=later)) for later in (-2, 3)] == [None, None]


def test_code_may_be_written_with_a_space(person):
    code = code_of(person.secret, later=1)
    assert mfa.use_code(user_id=person.user.id, code=f"{code[:3]} {code[3:]}").type == "totp"


def test_recovery_code_is_accepted_once(person, anonymous):
    assert [signing_in(person, anonymous, mfa_code=person.codes[3]).status_code for _ in range(2)] == [200, 401]


def test_codes_of_another_person_are_refused(person, stranger, anonymous):
    add_passkey(stranger)
    assert mfa.use_code(user_id=stranger.id, code=person.codes[0]) is None


@pytest.mark.parametrize("code", ["é23456", "١٢٣٤٥٦", " ", "\u0000", "12345", "1234567"])
def test_strange_codes_are_wrong(code, person):
    assert mfa.use_code(user_id=person.user.id, code=code) is None


def test_guesses_at_codes_are_counted_by_person(person, anonymous, settings):
    settings.API_ATTEMPTS_PER_ACCOUNT = 3
    for _ in range(3):
        mfa.use_code(user_id=person.user.id, code=wrong_code(person.secret))
    response = signing_in(person, anonymous, mfa_code=code_of(person.secret, later=1))
    assert refusal(response) == (429, "rate_limited")


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_uses_of_one_code_let_one_in(person):
    code = code_of(person.secret, later=1)
    answers = in_parallel(lambda: mfa.use_code(user_id=person.user.id, code=code), 20)
    assert sorted(str(answer) for answer in answers) == ["None"] * 19 + ["TOTP Authenticator"]


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_uses_of_one_recovery_code_let_one_in(person):
    answers = in_parallel(lambda: mfa.use_code(user_id=person.user.id, code=person.codes[0]), 20)
    assert sorted(str(answer) for answer in answers) == ["None"] * 19 + ["Recovery codes"]


@pytest.mark.django_db(transaction=True)
def test_ten_recovery_codes_used_at_once_are_all_used(person):
    codes = iter(person.codes)
    in_parallel(lambda: mfa.use_code(user_id=person.user.id, code=next(codes)), 10)
    assert mfa.totp_state(person.user.id)["recovery_codes_left"] == 0


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_confirmations_turn_it_on_once(settings):
    settings.API_ATTEMPTS_PER_ACCOUNT = 100
    user = make_user(email_verified=True)
    code = code_of(mfa.start_totp(user_id=user.id)["secret"])
    answers = in_parallel(lambda: mfa.confirm_totp(user_id=user.id, code=code), 20)
    assert (sum(isinstance(answer, list) for answer in answers), Authenticator.objects.count()) == (1, 2)


def test_password_renews_the_proof(owner):
    client = client_of(owner)
    make_stale(owner)
    answers = [client.post(REAUTHENTICATE, {"password": PASSWORD}).status_code, client.delete(TOTP).status_code]
    assert answers == [204, 404]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"password": PASSWORD}, [("/mfa_code", "required")]),
        ({"mfa_code": "code"}, [("/password", "required")]),
        ({}, [("/password", "required"), ("/mfa_code", "required")]),
        ({"password": "wrong", "mfa_code": "code"}, [("/password", "wrong_password")]),
        ({"password": PASSWORD, "mfa_code": "wrong"}, [("/mfa_code", "wrong_code")]),
    ],
)
def test_second_factor_is_needed_beside_the_password(body, wrong, person):
    client = client_of(person.user)
    make_stale(person.user)
    if body.get("mfa_code") == "code":
        body = {**body, "mfa_code": code_of(person.secret, later=1)}
    assert (faults(client.post(REAUTHENTICATE, body)), client.delete(TOTP).status_code) == ((422, wrong), 403)


def test_password_and_code_renew_the_proof(person):
    client = client_of(person.user)
    make_stale(person.user)
    client.post(REAUTHENTICATE, {"password": PASSWORD, "mfa_code": code_of(person.secret, later=1)})
    assert client.delete(TOTP).status_code == 204


def test_proof_is_of_the_session_that_gave_it_alone(owner):
    here, there = client_of(owner), client_of(owner)
    make_stale(owner)
    here.post(REAUTHENTICATE, {"password": PASSWORD})
    assert refusal(there.delete(TOTP)) == (403, "reauthentication_required")


def test_proof_is_audited(owner):
    client_of(owner).post(REAUTHENTICATE, {"password": PASSWORD})
    entry = AuditEntry.objects.get(action="session.reauthenticate")
    assert (entry.actor_id, entry.subject_id) == (owner.id, Session.objects.get().id)


def test_who_has_nothing_to_prove_it_by_signs_in_again(owner):
    owner.set_unusable_password()
    owner.save()
    assert refusal(client_of(owner).post(REAUTHENTICATE, {"password": PASSWORD})) == (403, "reauthentication_unavailable")


def test_who_has_no_password_proves_it_by_a_code(person):
    person.user.set_unusable_password()
    person.user.save()
    client = client_of(person.user)
    assert client.post(REAUTHENTICATE, {"mfa_code": code_of(person.secret, later=1)}).status_code == 204


def test_guesses_at_the_password_are_counted(owner, settings):
    settings.API_ATTEMPTS_PER_ACCOUNT = 2
    client = client_of(owner)
    answers = [client.post(REAUTHENTICATE, {"password": "wrong"}).status_code for _ in range(3)]
    assert answers == [422, 422, 429]


def test_changes_are_audited(person):
    mfa.make_recovery_codes(user_id=person.user.id)
    passkey = add_passkey(person.user)
    mfa.rename_passkey(user_id=person.user.id, passkey_id=passkey.pk, name="Key")
    mfa.remove_passkey(user_id=person.user.id, passkey_id=passkey.pk)
    mfa.use_code(user_id=person.user.id, code=mfa.make_recovery_codes(user_id=person.user.id)[0])
    mfa.turn_totp_off(user_id=person.user.id)
    actions = AuditEntry.objects.filter(subject_id=person.user.id).exclude(action__startswith="user.").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "mfa.add",
        "recovery_codes.create",
        "recovery_codes.create",
        "mfa.add",
        "mfa.rename",
        "mfa.remove",
        "recovery_codes.create",
        "recovery_codes.use",
        "mfa.remove",
    ]


def test_person_is_told_of_changes(person):
    mfa.make_recovery_codes(user_id=person.user.id)
    mfa.turn_totp_off(user_id=person.user.id)
    mails = [(mail.template, mail.text) for mail in OutgoingEmail.objects.filter(to=person.user.email).order_by("pk")]
    wanted = ["mfa_changed", "recovery_codes_made", "mfa_changed"]
    told = [(template, "Authenticator app was added" in text, "Authenticator app was removed" in text) for template, text in mails]
    assert told == [(f"accounts/mail/{kind}", kind == "mfa_changed" and number == 0, number == 2) for number, kind in enumerate(wanted)]


def test_secrets_stand_encrypted(person):
    stored = {row.type: row.data for row in Authenticator.objects.all()}
    told = str(stored)
    assert (person.secret in told, any(code in told for code in person.codes), stored["totp"]["secret"][:5]) == (False, False, "test.")


def read(row):
    """Read the secret of a row as allauth does."""
    return get_adapter().decrypt(row.data["secret" if row.type == "totp" else "seed"])


def test_secret_is_read_in_its_own_row(person):
    assert read(Authenticator.objects.get(type="totp")) == person.secret


@pytest.mark.parametrize("kind", ["totp", "recovery_codes"])
def test_secret_that_was_moved_to_another_persons_row_cannot_be_read(person, kind):
    other = make_user(email="thief@example.com")
    turn_totp_on(other)
    moved = Authenticator.objects.get(user=person.user, type=kind).data
    Authenticator.objects.filter(user=other, type=kind).update(data=moved)
    with pytest.raises(crypto.CannotDecrypt):
        read(Authenticator.objects.get(user=other, type=kind))


def test_secret_that_was_moved_to_another_kind_of_the_same_person_cannot_be_read(person):
    secret = Authenticator.objects.get(type="totp").data["secret"]
    Authenticator.objects.filter(type="recovery_codes").update(data={"seed": secret, "used_mask": 0})
    with pytest.raises(crypto.CannotDecrypt):
        read(Authenticator.objects.get(type="recovery_codes"))


def test_text_that_comes_from_no_row_cannot_be_read(person):
    with pytest.raises(crypto.CannotDecrypt):
        get_adapter().decrypt(str(Authenticator.objects.get(type="totp").data["secret"]))


def test_allauth_writes_no_secret_by_itself():
    with pytest.raises(TypeError):
        get_adapter().encrypt("secret")


@pytest.mark.django_db
def test_rotation_names_a_secret_that_was_moved(settings, person):
    other = make_user(email="thief@example.com")
    turn_totp_on(other)
    row = Authenticator.objects.get(user=other, type="totp")
    Authenticator.objects.filter(pk=row.pk).update(data=Authenticator.objects.get(user=person.user, type="totp").data)
    settings.ENCRYPTION_KEYS = [NEW, *settings.ENCRYPTION_KEYS]
    assert crypto.rotate().unreadable == [f"mfa_authenticator.data:{row.pk}"]


@pytest.mark.django_db
def test_rotation_reaches_second_factors(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    user, secret = make_user(email_verified=True), totp.generate_totp_secret()
    codes = mfa.turn_totp_on(user_id=user.id, secret=secret, code=code_of(secret))
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotatekeys")
    settings.ENCRYPTION_KEYS = [NEW]
    assert [mfa.use_code(user_id=user.id, code=code).type for code in (code_of(secret, later=1), codes[0])] == ["totp", "recovery_codes"]


def test_looking_at_the_codes_writes_nothing(person):
    """Or a look that began before a code was used would bring it back."""
    seen = Authenticator.objects.get(type="recovery_codes")
    mfa.use_code(user_id=person.user.id, code=person.codes[0])
    seen.wrap().mark_as_viewed()
    assert mfa.totp_state(person.user.id)["recovery_codes_left"] == 9


def test_passkeys_are_for_the_configured_host(settings):
    settings.HUNTAZE_URL = "https://app.example.com:8443"
    assert get_adapter().get_public_key_credential_rp_entity() == {"id": "app.example.com", "name": "Huntaze"}


def enter(client, user, *, code=None, to="/accounts/sessions/"):
    """Sign in on the pages, with a code where one is given; return the last answer."""
    answer = client.post(f"/accounts/login/?next={to}", {"login": user.email, "password": PASSWORD})
    return client.post("/accounts/2fa/authenticate/", {"code": code}) if code else answer


def test_page_asks_for_the_code_after_the_password(person, client):
    answer = enter(client, person.user)
    assert (answer.status_code, answer.url, client.get("/accounts/sessions/").status_code) == (302, "/accounts/2fa/authenticate/", 302)


def test_page_lets_in_by_a_code(person, client):
    answer = enter(client, person.user, code=code_of(person.secret, later=1))
    assert (answer.status_code, client.get("/accounts/sessions/").status_code) == (302, 200)


def test_page_refuses_a_code_that_the_api_has_taken(person, client):
    code = code_of(person.secret, later=1)
    mfa.use_code(user_id=person.user.id, code=code)
    answer = enter(client, person.user, code=code)
    assert (answer.status_code, "Incorrect code." in answer.content.decode()) == (200, True)


def test_page_refuses_too_many_guesses(person, client, settings):
    settings.API_ATTEMPTS_PER_ACCOUNT = 1
    mfa.use_code(user_id=person.user.id, code="wrong")
    answer = enter(client, person.user, code=code_of(person.secret, later=1))
    assert (answer.status_code, answer.context["form"].errors["code"][0][:40]) == (200, "1 requests are allowed in this window. T")


def test_page_wants_the_second_factor_again_and_not_the_password(person, client):
    enter(client, person.user, code=code_of(person.secret, later=1))
    make_stale(person.user)
    answers = [client.get("/accounts/2fa/totp/deactivate/"), client.get("/accounts/reauthenticate/")]
    assert [answer.url.partition("?")[0] for answer in answers] == ["/accounts/2fa/reauthenticate/"] * 2


@pytest.mark.django_db
def test_page_turns_the_app_on_and_off(client):
    user = make_user(email_verified=True)
    enter(client, user)
    secret = client.get("/accounts/2fa/totp/activate/").context["form"].secret
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    codes = client.get(answer.url).context["unused_codes"]
    state = mfa.totp_state(user.id)["enabled"]
    client.post("/accounts/2fa/totp/deactivate/")
    assert (answer.url, len(codes), state, mfa.totp_state(user.id)["enabled"]) == ("/accounts/2fa/recovery-codes/", 10, True, False)


def test_page_makes_new_recovery_codes(person, client):
    enter(client, person.user, code=code_of(person.secret, later=1))
    client.post("/accounts/2fa/recovery-codes/generate/")
    assert mfa.use_code(user_id=person.user.id, code=person.codes[0]) is None


def test_page_removes_and_renames_only_ones_own_passkeys(person, stranger, client):
    theirs = add_passkey(stranger)
    enter(client, person.user, code=code_of(person.secret, later=1))
    answers = [client.post(f"/accounts/2fa/webauthn/keys/{theirs.pk}/{verb}/", {"name": "Mine"}).status_code for verb in ("edit", "remove")]
    assert (answers, Authenticator.objects.get(pk=theirs.pk).wrap().name) == ([404, 404], "Laptop")


@pytest.fixture
def guarded(settings):
    settings.ADMIN_REQUIRES_MFA = True
    return settings


@pytest.fixture
def staff(db):
    return make_user(email="boss@example.com", role=Role.ADMIN, is_superuser=True, email_verified=True)


@pytest.mark.django_db
def test_admin_sends_to_the_account_pages_to_sign_in(client):
    to_login = client.get("/admin/accounts/user/")
    answer = client.get(to_login.url)
    assert (answer.status_code, answer.url) == (302, "/accounts/login/?next=%2Fadmin%2Faccounts%2Fuser%2F")


def test_admin_takes_no_password_itself(client, staff):
    answer = client.post("/admin/login/", {"username": staff.email, "password": PASSWORD})
    assert (answer.status_code, answer.url.partition("?")[0], "_auth_user_id" in client.session) == (302, "/accounts/login/", False)


def test_staff_enter_by_password_where_that_is_allowed(client, staff):
    answer = enter(client, staff, to="/admin/")
    assert (answer.url, client.get("/admin/").status_code) == ("/admin/", 200)


@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/", "/admin/jsi18n/", "/admin/login/"])
def test_staff_with_a_password_only_are_sent_to_add_a_second_factor(path, client, staff, guarded):
    enter(client, staff)
    answer = client.get(path)
    assert (answer.status_code, answer.url) == (302, "/accounts/2fa/")


def test_staff_with_a_password_only_change_nothing(client, staff, owner, guarded):
    enter(client, staff)
    answer = client.post(f"/admin/accounts/user/{owner.id}/change/", {"name": "Olga", "role": "admin"})
    owner.refresh_from_db()
    assert (answer.status_code, owner.role) == (302, "creator")


def test_staff_enter_once_they_have_added_one(client, staff, guarded):
    enter(client, staff)
    secret = client.get("/accounts/2fa/totp/activate/").context["form"].secret
    client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})
    assert client.get("/admin/").status_code == 200


def test_staff_with_a_second_factor_enter_by_it(client, staff, guarded):
    secret = turn_totp_on(staff)
    answer = enter(client, staff, code=code_of(secret, later=1), to="/admin/")
    assert (answer.url, client.get("/admin/").status_code) == ("/admin/", 200)


def test_browser_that_signed_in_before_there_was_one_is_asked_for_it(client, staff, guarded):
    enter(client, staff)
    secret = turn_totp_on(staff)
    answer = client.get("/admin/")
    client.post(answer.url, {"code": code_of(secret, later=1)})
    assert (answer.url, client.get("/admin/").status_code) == ("/accounts/2fa/reauthenticate/?next=%2Fadmin%2F", 200)


def test_staff_may_sign_out_without_one(client, staff, guarded):
    enter(client, staff)
    client.post("/admin/logout/")
    assert "_auth_user_id" not in client.session


def test_removing_the_second_factor_keeps_no_other_browser_in_the_admin(client, staff, guarded):
    enter(client, staff)
    other = Client()
    enter(other, staff)
    secret = turn_totp_on(staff)
    assert [other.get("/admin/").url.partition("?")[0], enter(Client(), staff, code=code_of(secret, later=1), to="/admin/").url] == [
        "/accounts/2fa/reauthenticate/",
        "/admin/",
    ]


def test_guesses_at_a_members_of_staff_password_are_counted(client, staff, settings):
    settings.API_ATTEMPTS_PER_ACCOUNT = 2
    for _ in range(2):
        client.post("/accounts/login/?next=/admin/", {"login": staff.email, "password": "wrong"})
    enter(client, staff, to="/admin/")
    assert "_auth_user_id" not in client.session


def test_guesses_from_one_address_are_counted(client, staff, settings):
    settings.API_REQUESTS_PER_MINUTE = {**settings.API_REQUESTS_PER_MINUTE, "auth": 2}
    answers = [client.post("/accounts/login/?next=/admin/", {"login": staff.email, "password": "wrong"}).status_code for _ in range(3)]
    assert answers == [200, 200, 429]
