"""Workspaces and who belongs to them, through the API."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey, MemberRole, Membership, Session, User, Workspace
from accounts.services.workspaces import MAXIMUM_ON_DEFAULT_PLAN
from accounts.tests.factories import add_member, client_of, client_with, make_key, make_user, make_workspace
from accounts.tests.parallel import in_parallel
from billing.services import grant_plan
from huntaze.models import AuditEntry, Event

pytestmark = pytest.mark.django_db

WORKSPACES = "/api/v1/workspaces"


@pytest.fixture
def member(workspace):
    person = make_user(email="editor@example.com", name="Edi Editor")
    add_member(workspace, person, MemberRole.EDITOR)
    return person


def address(workspace, *rest) -> str:
    return "/".join([WORKSPACES, str(workspace.id), *map(str, rest)])


def roles(workspace) -> dict[str, str]:
    return dict(Membership.objects.filter(workspace=workspace).values_list("user__email", "role"))


def written(workspace) -> tuple[list[str], list[str]]:
    """Return the actions of the audit log and the events of a workspace, oldest first, without those of its making."""
    actions = AuditEntry.objects.filter(workspace_id=workspace.id).order_by("id").values_list("action", flat=True)
    types = Event.objects.filter(workspace_id=workspace.id).order_by("id").values_list("type", flat=True)
    return [a for a in actions if not a.startswith(("user.", "session."))], [t for t in types if not t.startswith("user.")]


def test_list_shows_the_workspaces_of_the_person_with_their_role(api, owner, stranger):
    other = make_workspace(owner=stranger)
    add_member(other, owner, MemberRole.ANALYST)
    shown = api.get(WORKSPACES).json()["data"]
    assert [(row["id"], row["role"]) for row in shown] == [(str(other.id), "analyst"), (str(owner.default_workspace_id), "owner")]


def test_creating_makes_a_workspace_that_the_caller_owns_on_the_default_plan(api, owner):
    made = api.post(WORKSPACES, {"name": "Second", "sells": "courses", "niche": "yoga"})
    body = made.json()
    assert (made.status_code, made["Location"], body) == (
        201,
        f"{WORKSPACES}/{body['id']}",
        {**body, "name": "Second", "sells": "courses", "niche": "yoga", "role": "owner", "plan": "free"},
    )


def test_new_workspace_has_its_limits_and_is_audited(api):
    workspace = Workspace.objects.get(id=api.post(WORKSPACES, {"name": "Second"}).json()["id"])
    assert (workspace.limits["seats"]["value"], written(workspace)) == (1, (["workspace.create"], ["workspace.created"]))


def test_one_person_owns_only_so_many_workspaces_on_the_default_plan(api):
    answers = [api.post(WORKSPACES, {"name": "More"}) for _ in range(MAXIMUM_ON_DEFAULT_PLAN)]
    assert ([answer.status_code for answer in answers], answers[-1].json()["code"]) == ([201] * 4 + [409], "too_many_workspaces")


def test_workspace_with_a_plan_of_its_own_is_not_counted(api, workspace):
    grant_plan(workspace_id=workspace.id, plan="pro", reason="Tried here.")
    assert [api.post(WORKSPACES, {"name": "More"}).status_code for _ in range(MAXIMUM_ON_DEFAULT_PLAN)] == [201] * 5


@pytest.mark.django_db(transaction=True)
def test_eight_parallel_calls_make_no_workspace_too_many(owner):
    made = in_parallel(lambda: services.create_workspace(user_id=owner.id, name="More"), 8)
    refused = [answer for answer in made if isinstance(answer, services.TooManyWorkspaces)]
    assert (len(refused), owner.memberships.count()) == (4, MAXIMUM_ON_DEFAULT_PLAN)


def test_reading_a_workspace_acts_in_it(api, owner, stranger):
    other = make_workspace(owner=stranger)
    add_member(other, owner, MemberRole.ANALYST)
    assert api.get(address(other)).json()["role"] == "analyst"


def test_changing_writes_what_is_named(api, workspace):
    answer = api.patch(address(workspace), {"name": "New", "niche": "gardens"})
    assert (answer.status_code, answer.json()["name"], answer.json()["niche"], answer.json()["sells"]) == (200, "New", "gardens", "")


def test_change_is_audited_with_old_and_new(api, workspace):
    api.patch(address(workspace), {"name": "New", "sells": ""})
    entry = AuditEntry.objects.get(action="workspace.update")
    assert (entry.workspace_id, entry.changes) == (workspace.id, {"name": ["Olive Owner", "New"]})


def test_change_that_changes_nothing_writes_nothing(api, workspace):
    assert (api.patch(address(workspace), {"name": "Olive Owner"}).status_code, written(workspace)) == (200, ([], []))


def test_plan_cannot_be_written(api, workspace):
    assert api.patch(address(workspace), {"plan": "enterprise"}).status_code == 422


def test_foreign_and_absent_workspaces_answer_the_same(api, stranger_workspace):
    foreign, absent = api.get(address(stranger_workspace)).json(), api.get(f"{WORKSPACES}/{uuid4()}").json()
    assert (foreign["code"], {**foreign, "request_id": ""}) == ("workspace_not_found", {**absent, "request_id": ""})


def test_address_and_header_that_name_two_workspaces_are_refused(api, owner, workspace):
    other = make_workspace(owner=owner)
    assert api.get(address(workspace), HTTP_HUNTAZE_WORKSPACE=str(other.id)).status_code == 404


def test_members_are_shown_with_their_roles(api, workspace, member, owner):
    shown = api.get(address(workspace, "members")).json()["data"]
    joined = Membership.objects.get(user=member, workspace=workspace).created_at.isoformat().replace("+00:00", "Z")
    assert (len(shown), shown[0]) == (
        2,
        {"id": str(member.id), "name": "Edi Editor", "email": "editor@example.com", "avatar": "", "role": "editor", "joined_at": joined},
    )


def test_role_changes_what_a_member_may_at_once(api, workspace, member):
    client, path = client_of(member), {"path": "/api/v1/content/assets", "data": {"title": "a", "type": "post"}}
    before = client.post(**path, HTTP_HUNTAZE_WORKSPACE=str(workspace.id)).status_code
    changed = api.patch(address(workspace, "members", member.id), {"role": "analyst"})
    after = client.post(**path, HTTP_HUNTAZE_WORKSPACE=str(workspace.id)).status_code
    assert (before, changed.status_code, changed.json()["role"], after) == (201, 200, "analyst", 403)


def test_role_change_is_audited_and_emitted(api, workspace, member):
    api.patch(address(workspace, "members", member.id), {"role": "chatter"})
    entry = AuditEntry.objects.get(action="member.change")
    assert (entry.subject_id, entry.changes, written(workspace)) == (
        member.id,
        {"role": ["editor", "chatter"]},
        (["member.change"], ["member.changed"]),
    )


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_owners_place_is_not_changed_by_others_nor_by_themselves(method, workspace, owner):
    manager = make_user()
    add_member(workspace, manager, MemberRole.MANAGER)
    answers = [getattr(client_of(by), method)(address(workspace, "members", owner.id), {"role": "editor"}) for by in (manager, owner)]
    assert ([answer.json()["code"] for answer in answers], roles(workspace)["owner@example.com"]) == (["owner_stays"] * 2, "owner")


def test_absent_member_is_not_found(api, workspace, stranger):
    answers = [
        api.patch(address(workspace, "members", stranger.id), {"role": "editor"}),
        api.patch(address(workspace, "members", stranger.id), {"role": "owner"}),
        api.delete(address(workspace, "members", stranger.id)),
    ]
    assert [answer.json()["code"] for answer in answers] == ["not_found"] * 3


def test_handing_on_makes_the_old_owner_a_manager(api, workspace, member):
    answer = api.patch(address(workspace, "members", member.id), {"role": "owner"})
    assert (answer.status_code, roles(workspace)) == (200, {"owner@example.com": "manager", "editor@example.com": "owner"})


def test_handing_on_is_audited_for_both(api, workspace, member):
    api.patch(address(workspace, "members", member.id), {"role": "owner"})
    events = ["member.changed", "member.changed", "notice.ownership_changed"]  # the heir's is in their default workspace
    assert written(workspace) == (["member.change", "member.change"], events)


def test_handing_on_to_oneself_changes_nothing(api, workspace, owner):
    answer = api.patch(address(workspace, "members", owner.id), {"role": "owner"})
    assert (answer.json()["role"], written(workspace)) == ("owner", ([], []))


def test_only_the_owner_hands_on(workspace, member):
    manager = make_user()
    add_member(workspace, manager, MemberRole.MANAGER)
    answer = client_of(manager).patch(address(workspace, "members", member.id), {"role": "owner"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_handing_on_asks_for_a_recent_sign_in(api, workspace, member):
    Session.objects.update(authenticated_at=timezone.now() - timedelta(minutes=16))
    answer = api.patch(address(workspace, "members", member.id), {"role": "owner"})
    assert (answer.status_code, answer.json()["code"], roles(workspace)["editor@example.com"]) == (
        403,
        "reauthentication_required",
        "editor",
    )


def test_workspace_is_not_handed_to_somebody_suspended(api, workspace, member):
    User.objects.filter(id=member.id).update(suspended_at=timezone.now())
    assert api.patch(address(workspace, "members", member.id), {"role": "owner"}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_handings_on_at_once_leave_one_owner(owner, workspace):
    heirs = [make_user(), make_user()]
    for heir in heirs:
        add_member(workspace, heir, MemberRole.EDITOR)
    waiting = list(heirs)
    results = in_parallel(lambda: services.hand_over(workspace_id=workspace.id, owner_id=owner.id, user_id=waiting.pop().id), 2)
    assert (sorted(type(result).__name__ for result in results), sorted(roles(workspace).values())) == (
        ["Forbidden", "NoneType"],
        ["editor", "manager", "owner"],
    )


def test_removed_member_loses_access_and_keys_at_once(api, workspace, member):
    key, _ = make_key(workspace, member)
    client = client_of(member)
    answer = api.delete(address(workspace, "members", member.id))
    key.refresh_from_db()
    assert (answer.status_code, client.get(address(workspace)).status_code, key.revoked_at is not None) == (204, 404, True)


def test_removal_is_audited_and_emitted(api, workspace, member):
    make_key(workspace, member)
    api.delete(address(workspace, "members", member.id))
    assert written(workspace) == (
        ["api_key.create", "api_key.revoke", "member.remove"],
        ["api_key.created", "notice.api_key_created", "api_key.revoked", "member.removed"],
    )


def test_keys_of_a_removed_member_do_not_come_back_with_them(api, workspace, member):
    make_key(workspace, member)
    api.delete(address(workspace, "members", member.id))
    add_member(workspace, member, MemberRole.MANAGER)
    assert ApiKey.objects.not_revoked().count() == 0


@pytest.mark.parametrize("role", ["manager", "editor", "chatter", "analyst"])
def test_everybody_but_the_owner_may_leave(role, workspace):
    person = make_user()
    add_member(workspace, person, role)
    assert client_of(person).delete(address(workspace, "members", person.id)).status_code == 204


def test_somebody_who_leaves_their_default_workspace_gets_another_of_theirs(workspace, member):
    User.objects.filter(id=member.id).update(default_workspace=workspace)
    client_of(member).delete(address(workspace, "members", member.id))
    member.refresh_from_db()
    assert Membership.objects.get(user=member).workspace_id == member.default_workspace_id


def test_somebody_who_leaves_their_last_workspace_gets_a_new_one(owner, workspace, member):
    services.hand_over(workspace_id=workspace.id, owner_id=owner.id, user_id=member.id)
    client_of(owner).delete(address(workspace, "members", owner.id))
    owner.refresh_from_db()
    left = Membership.objects.get(user=owner)
    assert (left.role, left.workspace_id, left.workspace.limits["seats"]["value"]) == ("owner", owner.default_workspace_id, 1)


def test_key_sees_its_own_workspace_only(owner, workspace):
    make_workspace(owner=owner)
    _, secret = make_key(workspace, owner, scopes=["account:read", "workspaces:read"])
    shown = client_with(secret).get(WORKSPACES).json()["data"]
    assert [row["id"] for row in shown] == [str(workspace.id)]


@pytest.mark.parametrize("rows", [1, 10])
def test_list_of_workspaces_makes_two_queries(rows, api, owner, django_assert_num_queries):
    for _ in range(rows - 1):
        make_workspace(owner=owner)
    with django_assert_num_queries(2):
        assert len(api.get(WORKSPACES).json()["data"]) == rows


@pytest.mark.parametrize("rows", [1, 10])
def test_list_of_members_makes_two_queries(rows, api, workspace, django_assert_num_queries):
    for _ in range(rows - 1):
        add_member(workspace, make_user(), MemberRole.EDITOR)
    with django_assert_num_queries(2):
        assert len(api.get(address(workspace, "members")).json()["data"]) == rows


def test_reading_a_workspace_makes_two_queries(api, workspace, django_assert_num_queries):
    with django_assert_num_queries(2):
        api.get(address(workspace))


@pytest.mark.parametrize("rows", [1, 10])
@pytest.mark.parametrize(
    ("call", "queries"),
    [
        (lambda api, workspace, member: api.post(WORKSPACES, {"name": "More"}), 16),
        (lambda api, workspace, member: api.patch(address(workspace), {"name": "New"}), 8),
        (lambda api, workspace, member: api.patch(address(workspace, "members", member.id), {"role": "analyst"}), 12),
        (lambda api, workspace, member: api.patch(address(workspace, "members", member.id), {"role": "owner"}), 17),
        (lambda api, workspace, member: api.delete(address(workspace, "members", member.id)), 15),
    ],
    ids=["create", "update", "change role", "hand over", "remove"],
)
def test_writes_make_as_many_queries_whatever_the_rows(call, queries, rows, api, member, django_assert_num_queries):
    workspace = Workspace.objects.get(memberships__role=MemberRole.EDITOR)
    for _ in range(rows - 1):
        add_member(workspace, make_user(), MemberRole.ANALYST)
    with django_assert_num_queries(queries):
        assert call(api, workspace, member).status_code < 300
