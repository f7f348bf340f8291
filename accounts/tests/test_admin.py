"""Staff screens of people and of how they come in, and what staff can do there."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts import services
from accounts.models import (
    ApiKey,
    AuthorizationCode,
    Deletion,
    EmailChallenge,
    ErasureReceipt,
    Export,
    Invitation,
    LegalHold,
    MemberRole,
    Membership,
    NoticePreference,
    OnboardingStep,
    Purpose,
    Role,
    Session,
    User,
)
from accounts.tests.factories import add_member, client_with, make_key, make_user, sign_in
from huntaze.models import AuditEntry, OutgoingEmail

pytestmark = pytest.mark.django_db

SCREENS = [
    "accounts/apikey",
    "accounts/authorizationcode",
    "accounts/deletion",
    "accounts/emailchallenge",
    "accounts/erasurereceipt",
    "accounts/export",
    "accounts/invitation",
    "accounts/legalhold",
    "accounts/membership",
    "accounts/noticepreference",
    "accounts/onboardingstep",
    "accounts/session",
    "accounts/user",
    "accounts/workspace",
    "account/emailaddress",
    "mfa/authenticator",
    "socialaccount/socialaccount",
]
# Those that ask which values their filter can have.
SIX = ("accounts/noticepreference", "socialaccount/socialaccount")
# Each action of a person's page: the right that it asks for.
RIGHTS = {
    "impersonate": "accounts.impersonate_user",
    "end-sessions": "accounts.change_session",
    "resend-verification": "accounts.change_user",
    "revoke-keys": "accounts.change_apikey",
    "remove-second-factors": "mfa.delete_authenticator",
    "place-hold": "accounts.add_legalhold",
    "suspend": "accounts.change_user",
    "unsuspend": "accounts.change_user",
    "delete": "accounts.delete_user",
    "restore": "accounts.delete_user",
}


@pytest.fixture
def staff(client):
    """Return a superuser who is signed in to the admin by `client`."""
    user = make_user(email="staff@example.com", role=Role.ADMIN, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def clerk(client):
    """Return what signs `client` in as a member of staff with the rights that are named, such as `accounts.change_user`."""

    def sign_in_with(*rights):
        person = make_user(role=Role.ADMIN)
        for right in rights:
            app, _, codename = right.partition(".")
            person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
        client.force_login(person)
        return person

    return sign_in_with


def act(client, person, name, **fields):
    """Take an action on a person, as from the page that asks."""
    return client.post(f"/admin/accounts/user/{person.id}/act/{name}/", {"confirmed": "yes", "reason": "Ticket 7", **fields})


def fill(number):
    """Make `number` people, each with a row in every table of `SCREENS` that tests can fill."""
    for _row in range(number):
        person = make_user()
        sign_in(person)
        make_key(person.default_workspace, person)
        services.place_hold(user_id=person.id, reason="A dispute", actor_id=person.id)
        services.delete_account(user_id=make_user().id)
        Export.objects.create(user=person)
        EmailChallenge.objects.create(purpose=Purpose.VERIFY_EMAIL, email=person.email, language="en", user=person)
        soon = timezone.now() + timedelta(days=1)
        workspace, hash_ = person.default_workspace, person.id.bytes * 2
        Invitation.objects.create(
            workspace=workspace, email=person.email, role="editor", invited_by=person, token_hash=hash_, expires_at=soon
        )
        AuthorizationCode.objects.create(
            user=person, code_hash=hash_, code_challenge="c", redirect_uri="app:/", authenticated_at=soon, expires_at=soon
        )
        ErasureReceipt.objects.create(person_id=person.id, deleted_at=soon, erased_at=soon, rows={}, kid="test", signature=b"s")
        OnboardingStep.objects.create(user=person, step="profile", state="done")
        NoticePreference.objects.create(user=person, kind="email_verified", by_email=False)
        Authenticator.objects.create(user=person, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
        SocialAccount.objects.create(user=person, provider="google", uid=f"uid-{person.id}", extra_data={"token": "t0ken"})


@pytest.mark.parametrize("screen", SCREENS)
def test_changelist_makes_as_many_queries_for_one_row_as_for_ten(screen, client, staff, django_assert_num_queries):
    fill(1)
    with django_assert_num_queries(6 if screen in SIX else 5):
        assert client.get(f"/admin/{screen}/").status_code == 200
    fill(9)
    with django_assert_num_queries(6 if screen in SIX else 5):
        assert client.get(f"/admin/{screen}/").status_code == 200


@pytest.mark.parametrize("rows", [1, 10])
def test_persons_page_makes_as_many_queries_for_one_row_of_each_as_for_ten(rows, client, staff, owner, django_assert_num_queries):
    for number in range(rows):
        sign_in(owner)
        make_key(owner.default_workspace, owner)
        SocialAccount.objects.create(user=owner, provider="google", uid=f"uid-{number}")
        services.place_hold(user_id=owner.id, reason="A dispute", actor_id=staff.id)
    client.get(f"/admin/accounts/user/{owner.id}/change/")  # so that what is remembered for all, such as content types, is known
    with django_assert_num_queries(23):
        page = client.get(f"/admin/accounts/user/{owner.id}/change/")
    assert [len(panel.rows) for panel in page.context["panels"] if panel.title == "API keys"] == [min(rows, 5)]


@pytest.mark.parametrize("screen", SCREENS)
def test_every_row_of_every_screen_has_a_page_without_secrets(screen, client, staff):
    fill(1)
    (model,) = [model for model in admin.site._registry if model._meta.label_lower == screen.replace("/", ".")]
    row = model._default_manager.order_by("pk").last()
    page = client.get(f"/admin/{screen}/{row.pk}/change/")
    assert page.status_code == 200
    assert [word for word in ("JBSWY3DPEHPK3PXP", "t0ken", "argon2") if word in page.content.decode()] == []


@pytest.mark.parametrize("screen", ["accounts/user", "accounts/workspace", "accounts/session", "accounts/apikey", "account/emailaddress"])
def test_changelist_finds_by_email(screen, client, staff):
    user = make_user(email="needle@example.com", name="Needle")
    sign_in(user), sign_in(staff)
    make_key(user.default_workspace, user)
    page = client.get(f"/admin/{screen}/", {"q": "needle@example.com"})
    assert page.context["cl"].result_count == 1


@pytest.mark.parametrize(
    ("screen", "query"),
    [
        ("user", {"role": "admin"}),
        ("user", {"deleted_at__isempty": "0"}),
        ("user", {"suspended_at__isempty": "0"}),
        ("user", {"default_workspace__plan": "free"}),
        ("workspace", {"plan_source": "default"}),
        ("session", {"revoked_reason": "signed_out"}),
        ("apikey", {"revoked_at__isempty": "1"}),
        ("export", {"status": "queued"}),
    ],
)
def test_changelist_filters(screen, query, client, staff):
    assert client.get(f"/admin/accounts/{screen}/", query).status_code == 200


def test_persons_page_leads_to_lists_of_their_rows_alone(client, staff, owner):
    fill(1)
    sign_in(owner)
    panels = client.get(f"/admin/accounts/user/{owner.id}/change/").context["panels"]
    counts = {str(panel.title): client.get(panel.link).context["cl"].result_count for panel in panels}
    assert (len(panels), counts["Sign-ins and sessions"], counts["Workspaces"], counts["API keys"]) == (12, 1, 1, 0)


def test_persons_page_shows_only_panels_that_staff_may_see(client, clerk, owner):
    clerk("accounts.view_user", "accounts.view_session")
    panels = client.get(f"/admin/accounts/user/{owner.id}/change/").context["panels"]
    assert [str(panel.title) for panel in panels] == ["Sign-ins and sessions"]


@pytest.mark.parametrize("model", [SocialApp, SocialToken])
def test_tables_that_are_not_in_use_have_no_screen(model):
    assert admin.site.is_registered(model) is False


def test_workspace_screen_shows_its_members_in_a_fixed_number_of_queries(client, staff, owner, django_assert_num_queries):
    for _ in range(5):
        add_member(owner.default_workspace, make_user(), MemberRole.EDITOR)
    client.get(
        f"/admin/accounts/workspace/{owner.default_workspace_id}/change/"
    )  # so that what is remembered for all, such as content types, is known
    with django_assert_num_queries(5):
        page = client.get(f"/admin/accounts/workspace/{owner.default_workspace_id}/change/").content.decode()
    assert page.count("person") >= 5


def test_edit_goes_through_the_service(client, staff, owner):
    client.post(f"/admin/accounts/user/{owner.id}/change/", {"name": "Olga", "role": "admin"})
    owner.refresh_from_db()
    entry = AuditEntry.objects.get(action="user.edit")
    assert (owner.name, owner.is_staff, entry.actor_id) == ("Olga", True, staff.id)


def test_staff_without_superuser_rights_cannot_change_a_role(client, clerk, owner):
    clerk("accounts.view_user", "accounts.change_user")
    client.post(f"/admin/accounts/user/{owner.id}/change/", {"name": "Olga", "role": "admin"})
    owner.refresh_from_db()
    assert (owner.name, owner.role) == ("Olga", "creator")


def test_users_cannot_be_added_or_removed(client, staff, owner):
    paths = ["add", f"{owner.id}/delete"]
    assert [client.get(f"/admin/accounts/user/{path}/").status_code for path in paths] == [403, 403]


def test_action_ends_all_sessions_of_a_person(client, staff, owner):
    sign_in(owner), sign_in(owner)
    client.post("/admin/accounts/user/", {"action": "end_sessions", "_selected_action": [str(owner.id)]})
    assert list(Session.objects.filter(user=owner).values_list("revoked_reason", flat=True)) == ["ended_by_staff"] * 2


def test_action_ends_one_session(client, staff, owner):
    here, there = sign_in(owner), sign_in(owner)
    client.post("/admin/accounts/session/", {"action": "end", "_selected_action": [str(here.principal.session_id)]})
    assert Session.objects.get(user=owner, revoked_at=None).id == there.principal.session_id


def test_list_actions_spare_staff_over_whom_one_has_no_authority(client, clerk, staff):
    session_id = sign_in(staff).principal.session_id
    clerk("accounts.view_user", "accounts.change_user", "accounts.view_session", "accounts.change_session")
    client.post("/admin/accounts/user/", {"action": "end_sessions", "_selected_action": [str(staff.id)]})
    client.post("/admin/accounts/session/", {"action": "end", "_selected_action": [str(session_id)]})
    assert Session.objects.get(id=session_id).revoked_at is None


def test_keys_are_revoked_from_their_list_after_asking(client, staff, owner):
    key, _secret = make_key(owner.default_workspace, owner)
    fields = {"action": "revoke", "_selected_action": [str(key.id)]}
    asked = client.post("/admin/accounts/apikey/", fields)
    assert (asked.status_code, ApiKey.objects.get().revoked_at) == (200, None)
    client.post("/admin/accounts/apikey/", {**fields, "confirmed": "yes"})
    assert (ApiKey.objects.get().revoked_at is None, AuditEntry.objects.get(action="api_key.revoke").actor_id) == (False, staff.id)


def test_hold_is_placed_and_released_in_its_screen(client, staff, owner):
    client.post("/admin/accounts/legalhold/add/", {"user": str(owner.id), "reason": "A dispute"})
    hold = LegalHold.objects.get()
    assert (hold.user_id, hold.reason, hold.placed_by_id, hold.released_at) == (owner.id, "A dispute", staff.id, None)
    fields = {"action": "release", "_selected_action": [str(hold.id)]}
    client.post("/admin/accounts/legalhold/", fields)
    assert LegalHold.objects.get().released_at is None
    client.post("/admin/accounts/legalhold/", {**fields, "confirmed": "yes"})
    assert LegalHold.objects.get().released_at is not None


def test_creator_cannot_enter_the_admin(client, owner):
    client.force_login(owner)
    assert client.get("/admin/accounts/user/").status_code == 302


def test_deleted_staff_cannot_enter_the_admin(client, staff):
    User.objects.filter(id=staff.id).update(deleted_at=timezone.now())
    assert client.get("/admin/accounts/user/").status_code == 302


@pytest.mark.parametrize("name", RIGHTS)
def test_action_is_refused_without_its_right(name, client, clerk, owner):
    clerk("accounts.view_user", *(set(RIGHTS.values()) - {RIGHTS[name]}))
    assert act(client, owner, name).status_code == 403


@pytest.mark.parametrize("name", RIGHTS)
def test_action_is_open_with_its_right_and_no_other(name, client, clerk, owner):
    if name == "unsuspend":
        User.objects.filter(id=owner.id).update(suspended_at=timezone.now())
    if name == "restore":
        services.delete_account(user_id=owner.id)
    clerk("accounts.view_user", RIGHTS[name])
    page = client.get(f"/admin/accounts/user/{owner.id}/change/")
    assert name in [offered for offered, _action in page.context["offered"]]
    assert act(client, owner, name).status_code == 302
    assert AuditEntry.objects.filter(subject_id=owner.id).exists()


@pytest.mark.parametrize("name", RIGHTS)
def test_action_on_staff_is_for_superusers(name, client, clerk):
    colleague = make_user(role=Role.ADMIN)
    clerk("accounts.view_user", *RIGHTS.values())
    assert act(client, colleague, name).status_code == 403


@pytest.mark.parametrize("name", RIGHTS)
def test_action_on_oneself_is_refused(name, client, staff):
    assert act(client, staff, name).status_code == 403


@pytest.mark.parametrize("name", sorted(RIGHTS.keys() - {"end-sessions", "resend-verification", "unsuspend", "restore"}))
def test_grave_action_asks_first(name, client, staff, owner):
    before = AuditEntry.objects.count()
    page = client.post(f"/admin/accounts/user/{owner.id}/act/{name}/")
    assert (page.status_code, 'name="confirmed"' in page.content.decode(), AuditEntry.objects.count()) == (200, True, before)


@pytest.mark.parametrize("name", ["impersonate", "place-hold", "suspend"])
def test_action_that_asks_for_a_reason_is_not_taken_without_one(name, client, staff, owner):
    before = AuditEntry.objects.count()
    page = act(client, owner, name, reason=" ")
    assert (page.status_code, list(page.context["form"].errors), AuditEntry.objects.count()) == (200, ["reason"], before)


def test_action_that_no_longer_fits_changes_nothing(client, staff, owner):
    before = AuditEntry.objects.count()
    assert (act(client, owner, "unsuspend").status_code, AuditEntry.objects.count()) == (302, before)


def test_unknown_action_is_not_found(client, staff, owner):
    assert act(client, owner, "promote").status_code == 404


def test_suspension_stops_tokens_keys_and_browsers_at_once(client, staff, owner, anonymous):
    signed_in = sign_in(owner)
    _key, secret = make_key(owner.default_workspace, owner)
    browser = type(client)()
    browser.force_login(owner)
    act(client, owner, "suspend")
    statuses = [client_with(token).get("/api/v1/users/me").status_code for token in (signed_in.access_token, secret)]
    assert (statuses, browser.get("/accounts/sessions/").status_code) == ([401, 401], 302)
    with pytest.raises(services.InvalidRefreshToken):
        services.refresh(refresh_token=signed_in.refresh_token)


def test_suspension_is_audited_with_its_reason_and_told(client, staff, owner):
    act(client, owner, "suspend", reason="Chargebacks")
    entry = AuditEntry.objects.get(action="user.suspend")
    assert (entry.actor_kind, entry.actor_id, entry.changes["reason"]) == ("staff", staff.id, [None, "Chargebacks"])
    assert OutgoingEmail.objects.filter(template="accounts/mail/account_suspended").values_list("to", flat=True).get() == owner.email


def test_lifted_suspension_lets_keys_work_again(client, staff, owner):
    _key, secret = make_key(owner.default_workspace, owner)
    act(client, owner, "suspend")
    act(client, owner, "unsuspend")
    assert client_with(secret).get("/api/v1/users/me").status_code == 200
    assert OutgoingEmail.objects.filter(template="accounts/mail/account_unsuspended").count() == 1


def test_verification_is_mailed_again(client, staff, owner):
    act(client, owner, "resend-verification")
    assert EmailChallenge.objects.values_list("purpose", "email").get() == ("verify_email", owner.email)


def test_verification_is_not_offered_for_a_confirmed_address(client, staff, owner):
    EmailAddress.objects.filter(user=owner).update(verified=True)
    page = client.get(f"/admin/accounts/user/{owner.id}/change/")
    assert "resend-verification" not in [name for name, _action in page.context["offered"]]


def test_all_keys_of_a_person_are_revoked(client, staff, owner, stranger):
    for person in (owner, owner, stranger):
        make_key(person.default_workspace, person)
    act(client, owner, "revoke-keys")
    assert list(ApiKey.objects.filter(revoked_at=None).values_list("user", flat=True)) == [stranger.id]


def test_second_factors_are_removed_audited_and_told(client, staff, owner):
    for type_ in ("totp", "recovery_codes"):
        Authenticator.objects.create(user=owner, type=type_, data={"secret": "JBSWY3DPEHPK3PXP"})
    act(client, owner, "remove-second-factors")
    removed = AuditEntry.objects.filter(action="mfa.remove", actor_id=staff.id, subject_id=owner.id)
    mails = OutgoingEmail.objects.filter(template="accounts/mail/mfa_changed")
    assert (Authenticator.objects.count(), removed.count(), mails.count()) == (0, 2, 1)


def test_deleted_account_is_restored(client, staff, owner):
    act(client, owner, "delete")
    assert Deletion.objects.get().user_id == owner.id
    act(client, owner, "restore")
    assert (User.objects.filter(id=owner.id).exists(), Deletion.objects.exists()) == (True, False)


def test_refusal_of_a_service_is_shown(client, staff, owner):
    add_member(owner.default_workspace, make_user(), MemberRole.EDITOR)
    client.post(f"/admin/accounts/user/{owner.id}/act/delete/", {"confirmed": "yes"})
    page = client.get(f"/admin/accounts/user/{owner.id}/change/").content.decode()
    assert ("Hand " in page, User.objects.filter(id=owner.id).exists(), Membership.objects.filter(user=owner).exists()) == (
        True,
        True,
        True,
    )
