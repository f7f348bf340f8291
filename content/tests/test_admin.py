"""The library's staff screens."""

import pytest

from accounts.tests.factories import make_user
from content.models import ContentAsset
from content.tests.factories import make_asset
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db

LIST = "/admin/content/contentasset/"


@pytest.mark.parametrize("rows", [1, 10])
def test_list_takes_the_same_queries_whatever_it_shows(staff_browser, django_assert_num_queries, rows):
    for _row in range(rows):
        make_asset(make_user().default_workspace)
    with django_assert_num_queries(5):
        assert staff_browser.get(LIST).status_code == 200


def test_asset_is_shown_and_cannot_be_edited(staff_browser, workspace):
    page = staff_browser.get(f"{LIST}{make_asset(workspace).id}/change/")
    assert (page.status_code, page.context["has_change_permission"]) == (200, False)


@pytest.mark.parametrize("query", ["q=kitchen", "type=post&status=draft", "q=not-a-uuid"])
def test_list_can_be_searched_and_filtered(staff_browser, workspace, query):
    make_asset(workspace, title="Kitchen")
    assert staff_browser.get(f"{LIST}?{query}").status_code == 200


@pytest.mark.parametrize(("action", "before", "after"), [("archive", "draft", "archived"), ("restore", "archived", "draft")])
def test_action_changes_assets_through_the_service(staff_browser, workspace, action, before, after):
    asset = make_asset(workspace, status=before)
    staff_browser.post(LIST, {"action": action, "_selected_action": [str(asset.id)]})
    assert (ContentAsset.objects.get().status, AuditEntry.objects.filter(action="asset.update").count()) == (after, 1)


def test_creator_has_no_admin(client, owner):
    client.force_login(owner)
    assert client.get(LIST).status_code == 302
