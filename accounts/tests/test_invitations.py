"""Inviting people into a workspace, and coming."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import services
from accounts.limits import PlanLimitReached
from accounts.models import Invitation, MemberRole, Membership, User
from accounts.services.invitations import hash_token
from accounts.tasks import expire_invitations
from accounts.tests.factories import add_member, client_of, make_user
from accounts.tests.letters import mailed_token
from accounts.tests.parallel import in_parallel
from accounts.views.workspaces import INVITATIONS_A_DAY
from billing.services import grant_plan
from huntaze.models import AuditEntry, Event, OutgoingEmail

pytestmark = pytest.mark.django_db

ACCEPT = "/api/v1/invitations/accept"
ORDER = {"email": "guest@example.com", "role": "editor"}


@pytest.fixture
def workspace(workspace):
    """Return the owner's workspace, on the plan with three seats."""
    grant_plan(workspace_id=workspace.id, plan="pro", reason="Seats are what is tried here.")
    return workspace


@pytest.fixture
def guest(db):
    return make_user(email="guest@example.com", name="Gus Guest")


def address(workspace, *rest) -> str:
    return "/".join(["/api/v1/workspaces", str(workspace.id), "invitations", *map(str, rest)])


def test_inviting_answers_the_invitation_without_its_token(api, workspace):
    answer = api.post(address(workspace), {"email": "Guest@Example.com", "role": "editor"})
    invitation = Invitation.objects.get()
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "id": str(invitation.id),
            "email": "guest@example.com",
            "role": "editor",
            "expires_at": invitation.expires_at.isoformat().replace("+00:00", "Z"),
            "created_at": invitation.created_at.isoformat().replace("+00:00", "Z"),
        },
    )


def test_invitation_ends_after_seven_days(api, workspace):
    api.post(address(workspace), ORDER)
    invitation = Invitation.objects.get()
    assert timedelta(days=7, seconds=-5) < invitation.expires_at - timezone.now() <= timedelta(days=7)


def test_token_is_mailed_and_only_its_hash_is_kept(api, workspace):
    api.post(address(workspace), ORDER)
    assert bytes(Invitation.objects.get().token_hash) == hash_token(mailed_token())


def test_mail_says_who_invites_whereto_and_as_what(api, workspace):
    api.post(address(workspace), ORDER)
    mail = OutgoingEmail.objects.get(to="guest@example.com")
    assert (mail.subject, mail.text.splitlines()[0]) == (
        "Olive Owner invites you to Olive Owner",
        "Olive Owner invites you to the workspace Olive Owner at Huntaze, as editor.",
    )


@pytest.mark.parametrize(("known", "role"), [(True, "rédacteur"), (False, "editor")])
def test_mail_is_in_the_language_of_who_is_invited_or_else_of_who_invites(api, workspace, known, role):
    if known:
        make_user(email="guest@example.com", language="fr")
    api.post(address(workspace), ORDER)
    mail = OutgoingEmail.objects.get(to="guest@example.com")
    assert (mail.language, f" {role}." in mail.text) == ("fr" if known else "en", True)


def test_mail_of_a_french_inviter_speaks_french_to_who_has_no_account(workspace, owner):
    User.objects.filter(id=owner.id).update(language="fr")
    services.invite(workspace_id=workspace.id, email="guest@example.com", role="chatter", invited_by_id=owner.id)
    assert OutgoingEmail.objects.get(to="guest@example.com").text.splitlines()[0].endswith(", en tant que chargé des messages.")


def test_times_are_in_the_zone_of_who_reads_the_mail(api, workspace):
    make_user(email="guest@example.com", timezone="Asia/Tokyo")
    api.post(address(workspace), ORDER)
    assert "JST" in OutgoingEmail.objects.get(to="guest@example.com").text


def test_inviting_is_audited_and_emitted(api, workspace):
    api.post(address(workspace), ORDER)
    entry = AuditEntry.objects.get(action="invitation.create")
    event = Event.objects.get(type="invitation.created")
    assert (entry.workspace_id, entry.changes, event.data) == (workspace.id, {"role": [None, "editor"]}, {"role": "editor"})


def test_nobody_is_invited_as_owner(api, workspace):
    assert api.post(address(workspace), {**ORDER, "role": "owner"}).status_code == 422


def test_address_with_an_open_invitation_is_refused(api, workspace):
    api.post(address(workspace), ORDER)
    assert api.post(address(workspace), ORDER).json()["code"] == "already_invited"


def test_member_is_not_invited(api, workspace, guest):
    add_member(workspace, guest, MemberRole.ANALYST)
    assert api.post(address(workspace), ORDER).json()["code"] == "already_member"


def test_answer_does_not_tell_whether_the_address_has_an_account(api, workspace, guest):
    known, unknown = (api.post(address(workspace), {"email": f"{name}@example.com", "role": "editor"}) for name in ("guest", "nobody"))
    assert (known.status_code, set(known.json())) == (unknown.status_code, set(unknown.json()))


def test_list_shows_the_open_invitations_only(api, workspace):
    for name in ("open", "late"):
        api.post(address(workspace), {"email": f"{name}@example.com", "role": "editor"})
    Invitation.objects.filter(email="late@example.com").update(expires_at=timezone.now())
    assert [row["email"] for row in api.get(address(workspace)).json()["data"]] == ["open@example.com"]


def test_expired_invitation_makes_room_for_another(api, workspace):
    api.post(address(workspace), ORDER)
    Invitation.objects.update(expires_at=timezone.now())
    assert (api.post(address(workspace), ORDER).status_code, Invitation.objects.count()) == (201, 1)


@pytest.mark.parametrize("accepted", [False, True])
def test_invitation_is_forgotten_a_month_after_its_end(api, workspace, guest, accepted):
    for email in ("guest@example.com", "other@example.com"):
        api.post(address(workspace), {"email": email, "role": "editor"})
    if accepted:
        client_of(guest).post(ACCEPT, {"token": mailed_token()})
    for email, days in (("guest@example.com", 31), ("other@example.com", 29)):
        Invitation.objects.filter(email=email).update(expires_at=timezone.now() - timedelta(days=days))
    expire_invitations.apply()
    assert list(Invitation.objects.values_list("email", flat=True)) == ["other@example.com"]


def test_somebody_who_left_can_be_invited_again(api, workspace, guest):
    for _ in range(2):
        api.post(address(workspace), ORDER)
        client_of(guest).post(ACCEPT, {"token": mailed_token()})
        services.remove_member(workspace_id=workspace.id, user_id=guest.id)
    assert (Invitation.objects.count(), Invitation.objects.open().count()) == (2, 0)


def test_accepted_invitation_cannot_be_taken_back(api, workspace, guest):
    invitation = api.post(address(workspace), ORDER).json()
    client_of(guest).post(ACCEPT, {"token": mailed_token()})
    assert (api.delete(address(workspace, invitation["id"])).status_code, Invitation.objects.count()) == (404, 1)


def test_revoking_ends_the_token_and_frees_the_seat(api, workspace, guest):
    invitation = api.post(address(workspace), ORDER).json()
    revoked = api.delete(address(workspace, invitation["id"]))
    refused = client_of(guest).post(ACCEPT, {"token": mailed_token()})
    assert (revoked.status_code, refused.json()["code"], AuditEntry.objects.filter(action="invitation.revoke").count()) == (
        204,
        "invitation_not_found",
        1,
    )


def test_accepting_makes_a_member_with_the_role(api, workspace, guest):
    api.post(address(workspace), ORDER)
    answer = client_of(guest).post(ACCEPT, {"token": mailed_token()})
    assert (answer.status_code, answer.json()["id"], answer.json()["role"], Invitation.objects.open().count()) == (
        200,
        str(workspace.id),
        "editor",
        0,
    )


def test_accepting_is_audited_and_emitted_in_the_workspace(api, workspace, guest):
    api.post(address(workspace), ORDER)
    client_of(guest).post(ACCEPT, {"token": mailed_token()})
    entry = AuditEntry.objects.get(action="member.join")
    assert (entry.workspace_id, entry.actor_id, entry.subject_id, Event.objects.get(type="member.joined").workspace_id) == (
        workspace.id,
        guest.id,
        guest.id,
        workspace.id,
    )


def test_every_fault_of_a_token_answers_the_same_bytes(api, workspace, guest, stranger_api):
    api.post(address(workspace), ORDER)
    token = mailed_token()
    foreign = stranger_api.post(ACCEPT, {"token": token}).json()
    absent = client_of(guest).post(ACCEPT, {"token": "absent"}).json()
    Invitation.objects.update(expires_at=timezone.now())
    late = client_of(guest).post(ACCEPT, {"token": token}).json()
    assert ({**foreign, "request_id": ""}, {**late, "request_id": ""}) == ({**absent, "request_id": ""},) * 2


def test_address_may_be_in_any_case(api, workspace):
    guest = make_user(email="Guest@example.com")
    api.post(address(workspace), {"email": "gUEST@example.com", "role": "editor"})
    assert client_of(guest).post(ACCEPT, {"token": mailed_token()}).status_code == 200


def test_invitations_and_members_share_the_seats(api, workspace, guest):
    answers = [api.post(address(workspace), {"email": f"p{number}@example.com", "role": "editor"}) for number in range(3)]
    assert ([answer.status_code for answer in answers], answers[-1].json()["limit"]) == (
        [201, 201, 402],
        {"name": "seats", "used": 3, "value": 3, "resets_at": None, "lifted_by": "enterprise"},
    )


def test_plan_without_a_free_seat_invites_nobody(stranger_api, stranger_workspace):
    assert stranger_api.post(address(stranger_workspace), ORDER).json()["code"] == "plan_limit_reached"


def test_deleted_members_take_no_seat(api, workspace, guest):
    add_member(workspace, guest, MemberRole.EDITOR)
    User.objects.filter(id=guest.id).update(deleted_at=timezone.now())
    answers = [api.post(address(workspace), {"email": f"p{number}@example.com", "role": "editor"}) for number in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]


def test_plan_that_has_become_too_small_lets_nobody_in(api, owner, workspace, guest):
    api.post(address(workspace), ORDER)
    token = mailed_token()
    workspace.refresh_from_db()
    workspace.limits["seats"] = {"value": 1, "lifted_by": "pro"}
    workspace.save()
    assert client_of(guest).post(ACCEPT, {"token": token}).json()["code"] == "plan_limit_reached"


@pytest.mark.django_db(transaction=True)
def test_last_seat_is_taken_once(owner, workspace):
    add_member(workspace, make_user(), MemberRole.EDITOR)
    names = [f"p{number}@example.com" for number in range(8)]
    results = in_parallel(lambda: services.invite(workspace_id=workspace.id, email=names.pop(), role="editor", invited_by_id=owner.id), 8)
    assert (sum(isinstance(result, PlanLimitReached) for result in results), Invitation.objects.count()) == (7, 1)


@pytest.mark.django_db(transaction=True)
def test_eight_parallel_acceptances_make_one_member(owner, workspace, guest):
    services.invite(workspace_id=workspace.id, email=guest.email, role="editor", invited_by_id=owner.id)
    token = mailed_token()
    results = in_parallel(lambda: services.accept_invitation(token_hash=hash_token(token), user_id=guest.id, email=guest.email), 8)
    assert sorted(type(result).__name__ for result in results) == ["InvitationNotFound"] * 7 + ["Membership"]


def test_workspace_sends_only_so_many_invitations_a_day(api, workspace):
    for _ in range(INVITATIONS_A_DAY):
        assert api.post(address(workspace), {"email": "no address", "role": "editor"}).status_code in (422, 429)
    assert api.post(address(workspace), ORDER).json()["limit"]["name"] == "invitations"


@pytest.mark.parametrize("rows", [1, 10])
def test_list_of_invitations_makes_two_queries(rows, api, workspace, owner, django_assert_num_queries):
    grant_plan(workspace_id=workspace.id, plan="enterprise", reason="Rows.")
    for number in range(rows):
        services.invite(workspace_id=workspace.id, email=f"p{number}@example.com", role="editor", invited_by_id=owner.id)
    with django_assert_num_queries(2):
        assert len(api.get(address(workspace)).json()["data"]) == rows


@pytest.mark.parametrize("rows", [1, 10])
def test_writes_make_as_many_queries_whatever_the_rows(rows, api, workspace, owner, guest, django_assert_num_queries):
    grant_plan(workspace_id=workspace.id, plan="enterprise", reason="Rows.")
    for number in range(rows):
        services.invite(workspace_id=workspace.id, email=f"p{number}@example.com", role="editor", invited_by_id=owner.id)
    client = client_of(guest)
    with django_assert_num_queries(17):
        api.post(address(workspace), ORDER)
    with django_assert_num_queries(16):
        client.post(ACCEPT, {"token": mailed_token()})
    invitation = Invitation.objects.earliest("id")
    with django_assert_num_queries(6):
        api.delete(address(workspace, invitation.id))
    assert Membership.objects.filter(workspace=workspace).count() == 2
