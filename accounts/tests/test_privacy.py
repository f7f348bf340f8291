"""Deleting an account, restoring it, and erasing it (guarantee S14)."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts import services
from accounts.models import Deletion, ErasureReceipt, LegalHold, Membership, PlanSource, Session, User, Workspace
from accounts.services import AccountErased, AccountHeld, AccountNotDeleted, EmailTaken
from accounts.tests.factories import PASSWORD, add_member, client_of, client_with, make_user, sign_in
from accounts.tests.parallel import in_parallel
from billing.services import grant_plan
from huntaze import audit
from huntaze.models import AuditEntry, Event, OutgoingEmail

pytestmark = pytest.mark.django_db
ME = "/api/v1/users/me"


def age_sign_in(user: User) -> None:
    """Make every session of the person look as if they had proved who they are long ago."""
    Session.objects.filter(user=user).update(authenticated_at=timezone.now() - timedelta(hours=1))


def actions(user: User) -> list[str]:
    return list(AuditEntry.objects.filter(subject_id=user.id).order_by("id").values_list("action", flat=True))


def test_deleted_account_is_out_at_once(api, anonymous, owner):
    other = sign_in(owner)
    refused = [
        (api.delete(ME).status_code, api.get(ME).status_code),
        client_with(other.access_token).get(ME).status_code,
        anonymous.post("/api/v1/auth/refresh", {"refresh_token": other.refresh_token}).status_code,
        anonymous.post("/api/v1/auth/signin", {"email": owner.email, "password": PASSWORD}).status_code,
    ]
    assert (refused, Session.objects.filter(user=owner, revoked_at=None).count()) == ([(204, 401), 401, 401, 401], 0)


def test_deleted_account_signs_its_browsers_out(staff_browser):
    before = staff_browser.get("/admin/").status_code
    services.delete_account(user_id=User.objects.get(role="admin").id)
    assert (before, staff_browser.get("/admin/").status_code) == (200, 302)


def test_api_keys_of_a_deleted_account_stop_at_once(owner):
    _key, secret = services.create_key(user_id=owner.id, workspace_id=owner.default_workspace_id, name="cron", scopes=["assets:read"])
    client = client_with(secret)
    before = client.get("/api/v1/content/assets").status_code
    services.delete_account(user_id=owner.id)
    assert (before, client.get("/api/v1/content/assets").status_code) == (200, 401)


def test_api_keys_of_a_restored_account_stay_revoked(owner):
    key, _secret = services.create_key(user_id=owner.id, workspace_id=owner.default_workspace_id, name="cron", scopes=["assets:read"])
    services.delete_account(user_id=owner.id)
    services.restore_account(user_id=owner.id, actor_id=None)
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_address_of_a_deleted_account_registers_again(owner):
    services.delete_account(user_id=owner.id)
    again = make_user(email=owner.email)
    assert (User.objects.get(email=owner.email), User.everyone.filter(email=owner.email).count()) == (again, 2)
    assert not EmailAddress.objects.filter(user=owner).exists()


def test_deleting_needs_a_recent_sign_in(api, owner):
    age_sign_in(owner)
    response = api.delete(ME)
    assert (response.status_code, response.json()["code"]) == (403, "reauthentication_required")
    assert User.objects.filter(id=owner.id).exists()


def test_deleting_is_audited_told_and_due_after_the_delay(api, owner, settings):
    settings.ERASURE_DELAY_DAYS = 12
    api.delete(ME)
    deletion = Deletion.objects.get()
    mail = OutgoingEmail.objects.filter(person_id=owner.id).latest("id")
    assert (deletion.due_at - deletion.created_at).days in (11, 12)
    assert (actions(owner)[-1], mail.template, mail.to) == ("user.delete", "accounts/mail/account_deletion_scheduled", owner.email)
    assert Event.objects.filter(type="user.deleted", subject_id=owner.id).count() == 1


def test_owner_of_a_workspace_with_members_must_hand_it_over_first(api, owner, stranger, workspace):
    add_member(workspace, stranger, "editor")
    response = api.delete(ME)
    problem = response.json()
    assert (response.status_code, problem["code"], problem["workspace_id"]) == (409, "workspace_has_members", str(workspace.id))
    assert User.objects.filter(id=owner.id).exists()


def test_member_of_a_workspace_of_others_may_go(owner, stranger):
    add_member(stranger.default_workspace, owner, "editor")
    assert services.delete_account(user_id=owner.id).user_id == owner.id


def test_owner_with_a_running_subscription_must_end_it_first(api, workspace):
    Workspace.objects.filter(id=workspace.id).update(plan="pro", plan_source=PlanSource.SUBSCRIPTION)
    response = api.delete(ME)
    assert (response.status_code, response.json()["code"]) == (409, "subscription_running")


def test_granted_plan_keeps_nobody(api, workspace):
    Workspace.objects.filter(id=workspace.id).update(plan="pro", plan_source=PlanSource.GRANT)
    assert api.delete(ME).status_code == 204


@pytest.mark.django_db(transaction=True)
def test_two_deletions_at_once_are_one():
    user = make_user()
    answers = in_parallel(lambda: services.delete_account(user_id=user.id).id, 4)
    assert (len(set(answers)), actions(user).count("user.delete")) == (1, 1)


def test_restored_account_signs_in_again(owner, anonymous):
    services.delete_account(user_id=owner.id)
    services.restore_account(user_id=owner.id, actor_id=None)
    answer = anonymous.post("/api/v1/auth/signin", {"email": owner.email, "password": PASSWORD})
    mail = OutgoingEmail.objects.filter(person_id=owner.id, template="accounts/mail/account_restored")
    assert (answer.status_code, actions(owner)[-1], mail.count(), Deletion.objects.count()) == (200, "user.restore", 1, 0)


@pytest.mark.parametrize("verified", [True, False])
def test_restored_address_is_verified_if_it_was(owner, verified):
    EmailAddress.objects.filter(user=owner).update(verified=verified)
    services.delete_account(user_id=owner.id)
    services.restore_account(user_id=owner.id, actor_id=None)
    assert [(row.email, row.primary, row.verified) for row in EmailAddress.objects.filter(user=owner)] == [(owner.email, True, verified)]


def test_account_whose_address_was_taken_is_not_restored(owner):
    services.delete_account(user_id=owner.id)
    make_user(email=owner.email)
    with pytest.raises(EmailTaken):
        services.restore_account(user_id=owner.id, actor_id=None)
    assert not User.objects.filter(id=owner.id).exists()


def test_account_that_is_not_deleted_is_neither_restored_nor_erased(owner):
    for refused in (lambda: services.restore_account(user_id=owner.id, actor_id=None), lambda: services.erase_account(user_id=owner.id)):
        with pytest.raises(AccountNotDeleted):
            refused()


def test_erased_account_is_not_restored(owner):
    services.delete_account(user_id=owner.id)
    services.erase_account(user_id=owner.id)
    with pytest.raises(AccountErased):
        services.restore_account(user_id=owner.id, actor_id=None)


def test_erased_person_is_an_anonymous_author(owner, workspace):
    services.delete_account(user_id=owner.id)
    services.erase_account(user_id=owner.id)
    row = User.everyone.get(id=owner.id)
    assert (row.email, row.name, row.password, row.is_active) == (f"erased-{owner.id}@erased.invalid", "", "!", False)
    assert (Workspace.objects.get(id=workspace.id).name, Membership.objects.filter(user=owner).count()) == ("", 0)


def test_what_was_made_for_others_stays_by_an_anonymous_author(owner, stranger):
    workspace = stranger.default_workspace
    add_member(workspace, owner, "editor")
    client = client_of(owner)
    asset_id = client.post("/api/v1/content/assets", {"title": "Soup", "type": "post"}, HTTP_HUNTAZE_WORKSPACE=str(workspace.id)).json()[
        "id"
    ]
    services.delete_account(user_id=owner.id)
    services.erase_account(user_id=owner.id)
    assert client_of(stranger).get(f"/api/v1/content/assets/{asset_id}").json()["title"] == "Soup"
    assert list(Membership.objects.filter(workspace=workspace).values_list("user_id", flat=True)) == [stranger.id]


def test_receipt_counts_rows_names_nobody_and_is_signed(owner):
    sign_in(owner)
    services.delete_account(user_id=owner.id)
    receipt = services.erase_account(user_id=owner.id)
    stored = ErasureReceipt.objects.get()
    assert (stored.person_id, stored.rows["accounts.session"], stored.rows["accounts.user"]) == (owner.id, 1, 1)
    assert (services.receipt_is_genuine(receipt), services.receipt_is_genuine(stored)) == (True, True)


@pytest.mark.parametrize(
    "change", [{"rows": {"accounts.user": 2}}, {"erased_at": timezone.now()}, {"signature": bytes(64)}, {"kid": "other"}]
)
def test_altered_receipt_is_not_genuine(owner, change):
    services.delete_account(user_id=owner.id)
    services.erase_account(user_id=owner.id)
    ErasureReceipt.objects.update(**change)
    assert services.receipt_is_genuine(ErasureReceipt.objects.get()) is False


def test_due_accounts_are_erased_and_others_wait(owner, stranger):
    for user in (owner, stranger):
        services.delete_account(user_id=user.id)
    Deletion.objects.filter(user=owner).update(due_at=timezone.now())
    assert (services.erase_due_accounts(), services.erase_due_accounts()) == (1, 0)
    assert list(Deletion.objects.exclude(erased_at=None).values_list("user_id", flat=True)) == [owner.id]


def test_legal_hold_keeps_a_person_until_it_is_released(owner):
    hold = services.place_hold(user_id=owner.id, reason="A dispute over an invoice", actor_id=None)
    services.delete_account(user_id=owner.id)
    Deletion.objects.update(due_at=timezone.now())
    with pytest.raises(AccountHeld):
        services.erase_account(user_id=owner.id)
    held = (services.erase_due_accounts(), User.everyone.get(id=owner.id).email)
    services.release_hold(hold_id=hold.id, actor_id=None)
    assert (held, services.erase_due_accounts(), LegalHold.objects.count()) == ((0, owner.email), 1, 0)


def test_hold_on_an_erased_account_is_refused(owner):
    services.delete_account(user_id=owner.id)
    services.erase_account(user_id=owner.id)
    with pytest.raises(AccountErased):
        services.place_hold(user_id=owner.id, reason="Too late", actor_id=None)


@pytest.mark.django_db(transaction=True)
def test_audit_chain_verifies_after_an_erasure():
    user = make_user()
    client_of(user).patch("/api/v1/users/profile", {"bio": "Cooks."})
    audit.seal()
    services.delete_account(user_id=user.id)
    services.erase_account(user_id=user.id)
    audit.seal()
    report = [finding for chain in audit.chains() for finding in audit.verify(chain).findings]
    assert report == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_trial", range(5))
def test_restoring_and_erasing_at_once_ends_in_one_of_both(_trial):
    user = make_user()
    services.delete_account(user_id=user.id)
    calls = iter([lambda: services.restore_account(user_id=user.id, actor_id=None), lambda: services.erase_account(user_id=user.id)])
    answers = in_parallel(lambda: next(calls)(), 2)  # noqa: PLW0108  (each thread takes its own)
    refusals = [type(answer) for answer in answers if isinstance(answer, Exception)]
    alive = User.objects.filter(id=user.id).exists()
    assert refusals == [AccountNotDeleted if alive else AccountErased]


def test_invitations_of_a_deleted_owner_end(owner, stranger, workspace):
    grant_plan(workspace_id=workspace.id, plan="pro", reason="seats")
    services.invite(workspace_id=workspace.id, email=stranger.email, role="editor", invited_by_id=owner.id)
    services.delete_account(user_id=owner.id)
    assert workspace.invitations.count() == 0


def test_workspace_whose_only_other_member_is_deleted_keeps_nobody(owner, stranger, workspace):
    add_member(workspace, stranger, "editor")
    services.delete_account(user_id=stranger.id)
    services.delete_account(user_id=owner.id)
    services.erase_account(user_id=owner.id)
    assert Workspace.objects.get(id=workspace.id).name == ""


def test_eraseuser_deletes_and_says_when_it_is_due(owner, capsys):
    call_command("eraseuser", owner.email)
    assert capsys.readouterr().out.startswith(f"Deleted {owner.id}; it is erased on ")


def test_eraseuser_now_erases_and_shows_the_receipt(owner, capsys):
    call_command("eraseuser", str(owner.id), "--now")
    receipt = ErasureReceipt.objects.get()
    assert capsys.readouterr().out.splitlines()[-1] == f"Erased {owner.id}; receipt {receipt.id}, signed by {receipt.kid}."


@pytest.mark.parametrize("person", ["nobody@example.com", "0190aaaa-0000-7000-8000-000000000000"])
def test_eraseuser_of_nobody_says_so(person, db):
    with pytest.raises(CommandError, match="There is no person"):
        call_command("eraseuser", person)


def test_eraseuser_says_what_stands_against_it(owner, stranger, workspace):
    add_member(workspace, stranger, "editor")
    with pytest.raises(CommandError, match="You own a workspace that others belong to"):
        call_command("eraseuser", owner.email)
