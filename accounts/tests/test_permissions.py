"""The one table of roles: what the page says, and what the permission class does with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from accounts import permissions
from accounts.models import MemberRole
from accounts.tests.factories import add_member, client_of, make_user
from huntaze.tests.test_docs import table

ASSETS = "/api/v1/content/assets"
NAMES = {"": "", "r": "read", "rw": "read, write"}


@dataclass
class Caller:
    workspace_role: str = "owner"
    key_scopes: frozenset[str] | None = None
    authenticated_at: datetime | None = None
    role: str = "creator"


def test_page_of_roles_shows_the_table():
    shown = table("docs/roles.md", "## The table")
    assert shown == [[resource, *(NAMES[row[role]] for role in MemberRole.values)] for resource, row in permissions.TABLE.items()]


def test_every_row_of_the_table_names_every_role():
    assert {tuple(row) for row in permissions.TABLE.values()} == {tuple(MemberRole.values)}


def test_lower_role_never_has_what_a_higher_one_has_not():
    scopes = [permissions.SCOPES[role] for role in MemberRole.values]
    assert [lower - higher for higher, lower in pairwise(scopes) if not lower <= higher] == []


def test_no_key_may_change_its_makers_account_or_hand_the_workspace_on():
    assert sorted(permissions.SCOPES["owner"] - set(permissions.KEY_SCOPES)) == ["account:write", "ownership:read", "ownership:write"]


@pytest.mark.parametrize(
    ("role", "key_scopes", "refusal"),
    [
        ("editor", None, None),
        ("analyst", None, permissions.Forbidden),
        ("editor", {"assets:write"}, None),
        ("editor", {"assets:read"}, permissions.InsufficientScope),
        ("analyst", {"assets:write"}, permissions.Forbidden),
    ],
)
def test_scope_is_needed_of_the_role_and_of_the_key(role, key_scopes, refusal):
    caller = Caller(role, key_scopes)
    if refusal is None:
        permissions.require_scope(caller, "assets:write")
    else:
        with pytest.raises(refusal):
            permissions.require_scope(caller, "assets:write")


def test_refusal_of_a_key_names_the_scope():
    with pytest.raises(permissions.InsufficientScope) as refusal:
        permissions.require_scope(Caller(key_scopes=frozenset()), "assets:write")
    assert refusal.value.extra == {"scope": "assets:write"}


def test_recent_sign_in_is_one_of_the_last_minutes(settings):
    settings.REAUTHENTICATION_WINDOW = timedelta(minutes=15)
    permissions.require_recent_sign_in(Caller(authenticated_at=timezone.now() - timedelta(minutes=14)))
    with pytest.raises(permissions.ReauthenticationRequired):
        permissions.require_recent_sign_in(Caller(authenticated_at=timezone.now() - timedelta(minutes=16)))


def test_key_has_never_signed_in():
    with pytest.raises(permissions.ReauthenticationRequired):
        permissions.require_recent_sign_in(Caller(key_scopes=frozenset({"api_keys:write"})))


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "status"), [("editor", 201), ("chatter", 403), ("analyst", 403)])
def test_role_decides_who_writes_an_asset(role, status, workspace):
    member = make_user()
    add_member(workspace, member, role)
    answer = client_of(member).post(ASSETS, {"title": "a", "type": "post"}, HTTP_HUNTAZE_WORKSPACE=str(workspace.id))
    assert (answer.status_code, answer.json().get("code")) == (status, None if status == 201 else "forbidden")


@pytest.mark.django_db
def test_lower_role_reads(workspace):
    analyst = make_user()
    add_member(workspace, analyst, "analyst")
    assert client_of(analyst).get(ASSETS, HTTP_HUNTAZE_WORKSPACE=str(workspace.id)).status_code == 200


@pytest.mark.parametrize(
    ("role", "key_scopes", "refusal"),
    [
        ("admin", None, None),
        ("creator", None, permissions.Forbidden),
        ("creator", permissions.KEY_SCOPES, permissions.InsufficientScope),
        ("admin", permissions.KEY_SCOPES, permissions.InsufficientScope),
    ],
)
def test_installation_is_for_staff_in_person(role, key_scopes, refusal):
    caller = Caller(role=role, workspace_role="analyst", key_scopes=key_scopes and frozenset(key_scopes))
    if refusal is None:
        permissions.require_scope(caller, "installation:write")
    else:
        with pytest.raises(refusal):
            permissions.require_scope(caller, "installation:write")
