import time
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.db.models import F
from django.utils import timezone

from accounts import services
from accounts.authentication import Principal
from accounts.models import RefreshToken, Session, User
from accounts.services import EmailTaken, InvalidCredentials, InvalidRefreshToken, RefreshTokenReused
from accounts.tests.factories import PASSWORD, client_with, make_user, sign_in
from accounts.tests.parallel import in_parallel
from huntaze.api.errors import ValidationFailed
from huntaze.models import AuditEntry, Event, OutgoingEmail

pytestmark = pytest.mark.django_db
ME = "/api/v1/users/me"
LATER = timedelta(seconds=11)


def sign_up(**changes):
    return services.sign_up(**{"email": "Ann@Example.com", "password": PASSWORD, "name": "Ann"} | changes)


def age_rotations(by: timedelta) -> None:
    """Make every rotation of a refresh token look as if it happened earlier."""
    RefreshToken.objects.filter(rotated_at__isnull=False).update(rotated_at=F("rotated_at") - by)


def test_sign_up_makes_a_person_who_owns_a_workspace(settings):
    principal = sign_up().principal
    user = User.objects.get()
    assert (principal.role, principal.workspace_role, principal.plan, user.terms_version) == (
        "creator",
        "owner",
        "free",
        settings.TERMS_VERSION,
    )


def test_sign_up_stores_a_hash_of_the_password():
    sign_up()
    assert check_password(PASSWORD, User.objects.get().password)


def test_sign_up_is_audited_and_emitted():
    principal = sign_up().principal
    told = (list(AuditEntry.objects.order_by("id").values_list("action", "actor_id")), Event.objects.get().type)
    assert told == ([("user.create", principal.id), ("session.start", principal.id)], "user.created")


def test_sign_up_with_a_taken_address_changes_nothing(owner):
    with pytest.raises(EmailTaken):
        sign_up(email="OWNER@example.com")
    assert list(User.objects.all()) == [owner]


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("Tr0x4dor&3z", ["password_too_short"]),
        ("qwerty123456", ["password_too_common", "password_too_guessable"]),
        ("ann@example.com", ["password_too_similar", "password_too_guessable"]),
        ("purple purple purple", ["password_too_guessable"]),
        ("copper kettle on the ninth floor " * 8, ["password_too_long"]),
    ],
)
def test_weak_password_is_refused_at_its_pointer_for_every_reason(password, codes):
    with pytest.raises(ValidationFailed) as refusal:
        sign_up(password=password)
    assert [(error["pointer"], error["code"]) for error in refusal.value.extra["errors"]] == [("/password", code) for code in codes]


def test_sign_in_opens_a_session(owner):
    principal = services.sign_in(email="OWNER@example.com", password=PASSWORD, user_agent="curl/8").principal
    session = Session.objects.get()
    assert (session.id, session.user, session.user_agent) == (principal.session_id, owner, "curl/8")


@pytest.mark.parametrize(("email", "password"), [("owner@example.com", "wrong"), ("nobody@example.com", PASSWORD)])
def test_wrong_credentials_are_refused(owner, email, password):
    with pytest.raises(InvalidCredentials):
        services.sign_in(email=email, password=password)


def test_deleted_account_cannot_sign_in(owner):
    User.objects.filter(id=owner.id).update(deleted_at=timezone.now())
    with pytest.raises(InvalidCredentials):
        services.sign_in(email=owner.email, password=PASSWORD)


@pytest.mark.parametrize(("password", "told"), [(PASSWORD, services.AccountSuspended), ("wrong", InvalidCredentials)])
def test_only_who_knows_the_password_is_told_that_the_account_is_suspended(owner, password, told):
    User.objects.filter(id=owner.id).update(suspended_at=timezone.now())
    with pytest.raises(told):
        services.sign_in(email=owner.email, password=password)


@pytest.mark.parametrize(("password", "told"), [(PASSWORD, services.EmailNotVerified), ("wrong", InvalidCredentials)])
def test_only_who_knows_the_password_is_told_that_the_address_waits_to_be_confirmed(owner, settings, password, told):
    settings.EMAIL_VERIFICATION = "mandatory"
    with pytest.raises(told):
        services.sign_in(email=owner.email, password=password)


def test_confirmed_address_signs_in_where_that_is_mandatory(owner, settings):
    settings.EMAIL_VERIFICATION = "mandatory"
    services.verify_email_of(owner)
    assert services.sign_in(email=owner.email, password=PASSWORD).principal.id == owner.id


def test_unknown_address_costs_a_hash_too(owner):
    def cpu_seconds(email):
        start = time.thread_time()
        with pytest.raises(InvalidCredentials):
            services.sign_in(email=email, password="wrong password")
        return time.thread_time() - start

    known, unknown = (sorted(cpu_seconds(email) for _ in range(3))[1] for email in (owner.email, "nobody@example.com"))
    assert 0.5 < unknown / known < 2


def test_refresh_token_is_replaced(owner):
    first = sign_in(owner)
    second = services.refresh(refresh_token=first.refresh_token)
    third = services.refresh(refresh_token=second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert client_with(third.access_token).get(ME).status_code == 200


def test_only_hashes_of_refresh_tokens_are_stored(owner):
    token = services.refresh(refresh_token=sign_in(owner).refresh_token).refresh_token
    assert [len(bytes(row)) for row in RefreshToken.objects.values_list("token_hash", flat=True)] == [32, 32]
    assert not RefreshToken.objects.filter(token_hash=token.encode()).exists()


def test_repeat_within_ten_seconds_gets_the_same_successor(owner):
    parent = sign_in(owner).refresh_token
    first = services.refresh(refresh_token=parent).refresh_token
    age_rotations(timedelta(seconds=9))
    assert services.refresh(refresh_token=parent).refresh_token == first


def test_repeat_gets_the_same_successor_across_a_new_signing_key(owner, settings):
    parent = sign_in(owner).refresh_token
    first = services.refresh(refresh_token=parent).refresh_token
    settings.AUTH_TOKEN_KEYS = [f"next:{'n' * 40}", *settings.AUTH_TOKEN_KEYS]
    assert services.refresh(refresh_token=parent).refresh_token == first


def test_refresh_works_after_its_key_is_gone(owner, settings):
    token = services.refresh(refresh_token=sign_in(owner).refresh_token).refresh_token
    settings.AUTH_TOKEN_KEYS = [f"next:{'n' * 40}"]
    assert services.refresh(refresh_token=token).principal.id == owner.id


def test_reuse_after_ten_seconds_ends_the_session(owner):
    signed_in = sign_in(owner)
    successor = services.refresh(refresh_token=signed_in.refresh_token)
    age_rotations(LATER)
    with pytest.raises(RefreshTokenReused):
        services.refresh(refresh_token=signed_in.refresh_token)
    with pytest.raises(RefreshTokenReused):
        services.refresh(refresh_token=successor.refresh_token)
    assert [client_with(token).get(ME).status_code for token in (signed_in.access_token, successor.access_token)] == [401, 401]


def test_reuse_of_a_grandparent_ends_the_session_at_once(owner):
    parent = sign_in(owner).refresh_token
    child = services.refresh(refresh_token=parent).refresh_token
    services.refresh(refresh_token=child)
    with pytest.raises(RefreshTokenReused):
        services.refresh(refresh_token=parent)
    assert Session.objects.get().revoked_reason == "refresh_token_reused"


def test_reuse_is_audited_and_emitted_once(owner):
    parent = sign_in(owner).refresh_token
    services.refresh(refresh_token=parent)
    age_rotations(LATER)
    for _ in range(2):
        with pytest.raises(RefreshTokenReused):
            services.refresh(refresh_token=parent)
    event = Event.objects.get(type="session.revoked")
    assert (event.data, event.workspace_id) == ({"user_id": str(owner.id), "reason": "refresh_token_reused"}, owner.default_workspace_id)
    assert AuditEntry.objects.get(action="session.revoke").changes == {"revoked_reason": ["", "refresh_token_reused"]}


def test_reuse_is_mailed_to_the_owner_once(owner):
    parent = services.open_session(user=owner, user_agent="huntaze-app/1.0").refresh_token
    services.refresh(refresh_token=parent)
    age_rotations(LATER)
    for _ in range(2):
        with pytest.raises(RefreshTokenReused):
            services.refresh(refresh_token=parent)
    email = OutgoingEmail.objects.get()
    assert (email.to, email.subject, "huntaze-app" in email.text) == (owner.email, "One of your sessions was ended", True)


def test_reuse_leaves_other_sessions_alone(owner):
    other, parent = sign_in(owner), sign_in(owner).refresh_token
    services.refresh(refresh_token=parent)
    age_rotations(LATER)
    with pytest.raises(RefreshTokenReused):
        services.refresh(refresh_token=parent)
    assert services.refresh(refresh_token=other.refresh_token).principal.session_id == other.principal.session_id


def test_expired_refresh_token_is_refused(owner):
    token = sign_in(owner).refresh_token
    RefreshToken.objects.update(expires_at=timezone.now())
    with pytest.raises(InvalidRefreshToken):
        services.refresh(refresh_token=token)


@pytest.mark.parametrize("token", ["", "garbage", "é" * 43])
def test_unknown_refresh_token_is_refused(token):
    with pytest.raises(InvalidRefreshToken):
        services.refresh(refresh_token=token)


def test_refresh_token_of_a_deleted_person_is_refused(owner):
    token = sign_in(owner).refresh_token
    User.objects.filter(id=owner.id).update(deleted_at=timezone.now())
    with pytest.raises(InvalidRefreshToken):
        services.refresh(refresh_token=token)


def test_sign_out_ends_this_session_only(owner):
    here, there = sign_in(owner), sign_in(owner)
    services.sign_out(session_id=here.principal.session_id)
    with pytest.raises(InvalidRefreshToken):
        services.refresh(refresh_token=here.refresh_token)
    assert [client_with(one.access_token).get(ME).status_code for one in (here, there)] == [401, 200]


def test_staff_end_all_sessions_of_one_person(owner, stranger):
    sign_in(owner), sign_in(owner), sign_in(stranger)
    assert services.end_sessions(user_id=owner.id, actor_id=stranger.id) == 2
    assert [entry.actor_id for entry in AuditEntry.objects.filter(action="session.revoke")] == [stranger.id, stranger.id]
    assert list(Session.objects.filter(revoked_at=None).values_list("user", flat=True)) == [stranger.id]


def test_edit_of_a_person_is_audited_with_both_values(owner, stranger):
    services.edit_user(user_id=owner.id, name="Olga", role="creator", actor_id=stranger.id)
    entry = AuditEntry.objects.get(action="user.edit")
    assert (entry.changes, entry.actor_id, User.objects.get(id=owner.id).name) == ({"name": ["Olive Owner", "Olga"]}, stranger.id, "Olga")


def test_long_user_agent_is_cut(owner):
    services.open_session(user=owner, user_agent="x" * 1000)
    assert Session.objects.get().user_agent == "x" * 400


@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_refreshes_get_one_successor():
    token = sign_in(make_user()).refresh_token
    results = in_parallel(lambda: services.refresh(refresh_token=token).refresh_token, 50)
    assert (len(set(results)), RefreshToken.objects.count(), type(results[0])) == (1, 2, str)


@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_reuses_end_the_session_once():
    parent = sign_in(make_user()).refresh_token
    services.refresh(refresh_token=parent)
    age_rotations(LATER)
    results = in_parallel(lambda: services.refresh(refresh_token=parent), 50)
    assert ({type(result) for result in results}, AuditEntry.objects.filter(action="session.revoke").count()) == ({RefreshTokenReused}, 1)


@pytest.mark.django_db(transaction=True)
def test_parallel_sign_ups_with_one_address_make_one_account():
    results = in_parallel(lambda: sign_up().principal, 6)
    assert sorted(type(result).__name__ for result in results) == ["EmailTaken"] * 5 + [Principal.__name__]
    assert User.objects.count() == 1
