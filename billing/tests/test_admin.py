from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Role
from accounts.tests.factories import make_user
from billing import services
from billing.models import PlanGrant

pytestmark = pytest.mark.django_db
LIST = "/admin/billing/plangrant/"


@pytest.fixture
def staff(client):
    """Return a superuser who is signed in to the admin by `client`."""
    user = make_user(email="staff@example.com", role=Role.ADMIN, is_superuser=True)
    client.force_login(user)
    return user


@pytest.mark.parametrize("rows", [1, 10])
def test_changelist_makes_as_many_queries_for_one_row_as_for_ten(rows, client, staff, django_assert_num_queries):
    for _ in range(rows):
        services.grant_plan(workspace_id=make_user().default_workspace_id, plan="pro", reason="test", granted_by_id=staff.id)
    with django_assert_num_queries(5):
        assert client.get(LIST).status_code == 200


def test_changelist_finds_by_email(client, staff, owner, stranger):
    for user in (owner, stranger):
        services.grant_plan(workspace_id=user.default_workspace_id, plan="pro", reason="test")
    page = client.get(LIST, {"q": owner.email})
    assert [grant.workspace_id for grant in page.context["cl"].result_list] == [owner.default_workspace_id]


def test_adding_a_grant_gives_the_plan(client, staff, owner):
    client.post(f"{LIST}add/", {"workspace": str(owner.default_workspace_id), "plan": "pro", "reason": "Partner"})
    owner.default_workspace.refresh_from_db()
    grant = PlanGrant.objects.get()
    assert (owner.default_workspace.plan, grant.granted_by, grant.reason, grant.ends_at) == ("pro", staff, "Partner", None)


def test_grant_that_ends_in_the_past_is_refused(client, staff, owner):
    past = timezone.now() - timedelta(days=1)
    fields = {"workspace": str(owner.default_workspace_id), "plan": "pro", "reason": "Late"}
    page = client.post(f"{LIST}add/", fields | {"ends_at_0": f"{past:%Y-%m-%d}", "ends_at_1": "00:00:00"})
    assert (page.status_code, "The end must lie ahead." in page.content.decode(), PlanGrant.objects.count()) == (200, True, 0)


def test_grants_cannot_be_rewritten_or_removed(client, staff, owner):
    grant = services.grant_plan(workspace_id=owner.default_workspace_id, plan="pro", reason="test")
    client.post(f"{LIST}{grant.id}/change/", {"plan": "enterprise"})
    grant.refresh_from_db()
    assert (grant.plan, client.get(f"{LIST}{grant.id}/delete/").status_code) == ("pro", 403)


def test_grant_shows_who_gave_it(client, staff, owner):
    grant = services.grant_plan(workspace_id=owner.default_workspace_id, plan="pro", reason="test", granted_by_id=staff.id)
    page = client.get(f"{LIST}{grant.id}/change/")
    shown = page.context["adminform"].fieldsets[0][1]["fields"]
    assert (shown[-2:], "staff@example.com</a>" in page.content.decode()) == (("starts_at", "granted_by"), True)


def test_action_ends_grants(client, staff, owner):
    grant = services.grant_plan(workspace_id=owner.default_workspace_id, plan="pro", reason="test")
    client.post(LIST, {"action": "end", "_selected_action": [str(grant.id)]})
    owner.default_workspace.refresh_from_db()
    assert owner.default_workspace.plan == "free"
