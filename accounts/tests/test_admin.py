import pytest

from accounts.models import MemberRole, Role, Session, User
from accounts.tests.factories import add_member, make_user, sign_in
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    """Return a superuser who is signed in to the admin by `client`."""
    user = make_user(email="staff@example.com", role=Role.ADMIN, is_superuser=True)
    client.force_login(user)
    return user


@pytest.mark.parametrize("screen", ["user", "workspace", "session"])
@pytest.mark.parametrize("rows", [1, 10])
def test_changelist_makes_as_many_queries_for_one_row_as_for_ten(screen, rows, client, staff, django_assert_num_queries):
    for _ in range(rows):
        sign_in(make_user())
    with django_assert_num_queries(4):
        response = client.get(f"/admin/accounts/{screen}/")
    assert response.status_code == 200


@pytest.mark.parametrize("screen", ["user", "workspace", "session"])
def test_changelist_finds_by_email(screen, client, staff):
    user = make_user(email="needle@example.com", name="Needle")
    sign_in(user), sign_in(staff)
    page = client.get(f"/admin/accounts/{screen}/", {"q": "needle@example.com"})
    assert page.context["cl"].result_count == 1


@pytest.mark.parametrize(
    ("screen", "query"),
    [
        ("user", {"role": "admin"}),
        ("user", {"deleted_at__isempty": "0"}),
        ("user", {"default_workspace__plan": "free"}),
        ("workspace", {"plan_source": "default"}),
        ("session", {"revoked_reason": "signed_out"}),
    ],
)
def test_changelist_filters(screen, query, client, staff):
    assert client.get(f"/admin/accounts/{screen}/", query).status_code == 200


def test_workspace_screen_shows_its_members_in_a_fixed_number_of_queries(client, staff, owner, django_assert_num_queries):
    for _ in range(5):
        add_member(owner.default_workspace, make_user(), MemberRole.EDITOR)
    with django_assert_num_queries(5):
        page = client.get(f"/admin/accounts/workspace/{owner.default_workspace_id}/change/").content.decode()
    assert page.count("person") >= 5


def test_user_screen_never_shows_a_password(client, staff, owner):
    page = client.get(f"/admin/accounts/user/{owner.id}/change/").content.decode()
    assert (owner.password in page, "argon2" in page, owner.email in page) == (False, False, True)


def test_edit_goes_through_the_service(client, staff, owner):
    client.post(f"/admin/accounts/user/{owner.id}/change/", {"name": "Olga", "role": "admin"})
    owner.refresh_from_db()
    entry = AuditEntry.objects.get(action="user.edit")
    assert (owner.name, owner.is_staff, entry.actor_id) == ("Olga", True, staff.id)


def test_staff_without_superuser_rights_cannot_change_a_role(client, owner):
    from django.contrib.auth.models import Permission

    clerk = make_user(role=Role.ADMIN)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    client.force_login(clerk)
    client.post(f"/admin/accounts/user/{owner.id}/change/", {"name": "Olga", "role": "admin"})
    owner.refresh_from_db()
    assert (owner.name, owner.role) == ("Olga", "creator")


def test_users_cannot_be_added_or_removed(client, staff, owner):
    paths = ["add", f"{owner.id}/delete"]
    assert [client.get(f"/admin/accounts/user/{path}/").status_code for path in paths] == [403, 403]


def test_action_ends_all_sessions_of_a_person(client, staff, owner):
    sign_in(owner), sign_in(owner)
    client.post("/admin/accounts/user/", {"action": "end_sessions", "_selected_action": [str(owner.id)]})
    assert list(Session.objects.values_list("revoked_reason", flat=True)) == ["ended_by_staff"] * 2


def test_action_ends_one_session(client, staff, owner):
    here, there = sign_in(owner), sign_in(owner)
    client.post("/admin/accounts/session/", {"action": "end", "_selected_action": [str(here.principal.session_id)]})
    assert Session.objects.get(revoked_at=None).id == there.principal.session_id


def test_creator_cannot_enter_the_admin(client, owner):
    client.force_login(owner)
    assert client.get("/admin/accounts/user/").status_code == 302


def test_deleted_staff_cannot_enter_the_admin(client, staff):
    from django.utils import timezone

    User.objects.filter(id=staff.id).update(deleted_at=timezone.now())
    assert client.get("/admin/accounts/user/").status_code == 302
