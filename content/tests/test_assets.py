"""The library's operations, as a client sees them."""

from functools import partial

import pytest

from content import services
from content.models import AssetStatus, AssetType, ContentAsset
from content.serializers import AssetSerializer
from content.tests.factories import make_asset
from huntaze.api.errors import NotFound
from huntaze.api.renderers import dumps
from huntaze.models import AuditEntry, Event

pytestmark = pytest.mark.django_db

ASSETS = "/api/v1/content/assets"
NEW = {"title": "Sunday roast", "content": "Come and cook with me.", "type": "post"}


def codes(response) -> dict[str, str]:
    return {error["pointer"]: error["code"] for error in response.json()["errors"]}


def test_created_asset_is_a_draft_of_the_person_who_made_it(api, owner):
    created = api.post(ASSETS, NEW | {"tags": ["food"], "metadata": {"mood": "warm"}, "category": "cooking"})
    body = created.json()
    assert (created.status_code, body["status"], body["provenance"], body["tags"], body["metadata"]) == (
        201,
        "draft",
        {"origin": "person", "user_id": str(owner.id)},
        ["food"],
        {"mood": "warm"},
    )


def test_created_asset_is_where_location_says(api):
    created = api.post(ASSETS, NEW)
    assert api.get(created["Location"]).json() == created.json()


def test_creating_writes_an_audit_entry_and_an_event(api, owner):
    asset_id = api.post(ASSETS, NEW).json()["id"]
    entry, event = AuditEntry.objects.get(action="asset.create"), Event.objects.get(type="asset.created")
    assert (str(entry.subject_id), entry.actor_id, str(event.subject_id)) == (asset_id, owner.id, asset_id)


@pytest.mark.parametrize("type", AssetType.values)
def test_every_type_can_be_created(api, type):
    assert api.post(ASSETS, NEW | {"type": type}).json()["type"] == type


def test_unknown_field_is_refused_by_name(api):
    refused = api.post(ASSETS, NEW | {"colour": "red"})
    assert (refused.status_code, codes(refused)) == (422, {"/colour": "unknown_field"})


@pytest.mark.parametrize("field", ["id", "created_at", "provenance", "workspace", "created_by_id"])
def test_field_that_only_the_product_writes_is_refused(api, field):
    assert codes(api.post(ASSETS, NEW | {field: "x"})) == {f"/{field}": "unknown_field"}


def test_asset_without_title_and_type_is_refused(api):
    assert codes(api.post(ASSETS, {"content": "text"})) == {"/title": "required", "/type": "required"}


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"title": "x" * 201}, "/title", "max_length"),
        ({"title": ""}, "/title", "blank"),
        ({"type": "poem"}, "/type", "invalid_choice"),
        ({"tags": "food"}, "/tags", "not_a_list"),
        ({"tags": ["x" * 65]}, "/tags/0", "max_length"),
        ({"metadata": []}, "/metadata", "not_a_dict"),
        ({"status": "published"}, "/status", "invalid_choice"),
        ({"title": 5}, "/title", "wrong_type"),
        ({"tags": ["a", 1]}, "/tags/1", "wrong_type"),
        ({"generation_id": "00000000-0000-7000-8000-000000000000", "variant": "1"}, "/variant", "wrong_type"),
    ],
)
def test_wrong_value_is_refused_with_its_place(api, change, pointer, code):
    refused = api.post(ASSETS, NEW | change)
    assert (refused.status_code, codes(refused)) == (422, {pointer: code})


def test_body_that_is_no_object_is_refused(api):
    assert api.post(ASSETS, "[1]", content_type="application/json").status_code == 422


def test_malformed_body_is_refused(api):
    refused = api.post(ASSETS, "{", content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_request")


def test_nul_character_is_refused(api):
    refused = api.post(ASSETS, '{"title": "a", "type": "post", "metadata": {"a": "\\u0000"}}', content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_request")


def test_form_body_is_refused(api):
    refused = api.post(ASSETS, "title=a", content_type="application/x-www-form-urlencoded")
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


def test_huge_body_is_refused(api, settings):
    refused = api.post(ASSETS, NEW | {"content": "x" * settings.API_MAX_BODY_BYTES})
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")


def test_change_writes_only_what_it_names(api, workspace):
    asset = make_asset(workspace, category="kitchen")
    changed = api.patch(f"{ASSETS}/{asset.id}", {"title": "New title"})
    assert (changed.status_code, changed.json()["title"], changed.json()["category"]) == (200, "New title", "kitchen")


def test_change_that_names_nothing_changes_nothing(api, workspace):
    asset = make_asset(workspace)
    api.patch(f"{ASSETS}/{asset.id}", {})
    assert (ContentAsset.objects.get().updated_at, Event.objects.filter(type="asset.updated").count()) == (asset.updated_at, 0)


@pytest.mark.parametrize(("status", "answer"), [("archived", 200), ("draft", 200), ("approved", 422)])
def test_person_sets_only_draft_and_archived_by_hand(api, workspace, status, answer):
    assert api.patch(f"{ASSETS}/{make_asset(workspace).id}", {"status": status}).status_code == answer


def test_deleted_asset_is_gone(api, workspace):
    asset = make_asset(workspace)
    deleted = api.delete(f"{ASSETS}/{asset.id}")
    assert (deleted.status_code, "Content-Length" in deleted, ContentAsset.objects.count()) == (204, False, 0)


@pytest.mark.parametrize("write", [partial(services.update_asset, title="New"), services.delete_asset])
def test_asset_deleted_meanwhile_is_not_found_and_announces_nothing(workspace, write):
    asset = make_asset(workspace)
    services.delete_asset(asset=ContentAsset.objects.get(pk=asset.pk))
    before = Event.objects.count(), AuditEntry.objects.count()
    with pytest.raises(NotFound):
        write(asset=asset)
    assert (Event.objects.count(), AuditEntry.objects.count()) == before


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_stranger_gets_the_bytes_of_an_absent_asset(stranger_api, workspace, method):
    foreign, absent = f"{ASSETS}/{make_asset(workspace).id}", f"{ASSETS}/00000000-0000-7000-8000-000000000000"
    answers = [getattr(stranger_api, method)(address, headers={"X-Request-ID": "same"}) for address in (foreign, absent)]
    assert (answers[0].status_code, answers[0].content) == (404, answers[1].content)


@pytest.mark.parametrize(("method", "path"), [("get", ASSETS), ("post", ASSETS), ("post", "/api/v1/content/generate")])
def test_anonymous_is_refused(anonymous, method, path):
    refused = getattr(anonymous, method)(path)
    assert (refused.status_code, refused.json()["code"], refused["WWW-Authenticate"]) == (401, "unauthenticated", "Bearer")


def test_list_shows_only_the_workspace_newest_first(api, workspace, stranger_workspace):
    make_asset(stranger_workspace)
    first, second = make_asset(workspace), make_asset(workspace)
    assert [row["id"] for row in api.get(ASSETS).json()["data"]] == [str(second.id), str(first.id)]


def test_list_and_serializer_agree(api, workspace):
    asset = make_asset(workspace, tags=["a"], metadata={"b": [1, None]})
    asset.refresh_from_db()
    assert dumps(api.get(ASSETS).json()["data"][0]) == dumps(AssetSerializer(asset).data)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("type=story", ["Bread"]),
        ("status=archived", ["Cake"]),
        ("category=sweet", ["Cake"]),
        ("tag=oven", ["Cake", "Bread"]),
        ("q=rising dough", ["Bread"]),
        ("q=cake OR bread", ["Cake", "Bread"]),
        ("type=story&tag=none", []),
    ],
)
def test_list_filters(api, workspace, query, titles):
    make_asset(workspace, title="Bread", content="Rising dough", type="story", tags=["oven", "flour"])
    make_asset(workspace, title="Cake", content="Sugar", status=AssetStatus.ARCHIVED, category="sweet", tags=["oven"])
    assert [row["title"] for row in api.get(f"{ASSETS}?{query}").json()["data"]] == titles


@pytest.mark.parametrize("query", ["type=poem", "limit=0", "limit=201", "limit=x", "colour=red", "tag="])
def test_wrong_query_is_refused(api, query):
    assert api.get(f"{ASSETS}?{query}").status_code == 422


@pytest.mark.parametrize(
    "cursor", ["x", "%00", "AAAA", "ä", "AAAAAAAAAAAAAAAAAAAAAAAA", "!AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB"]
)
def test_cursor_that_no_list_gave_out_is_refused(api, cursor):
    refused = api.get(ASSETS, {"cursor": cursor})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")


def test_pages_cover_every_row_once_while_rows_are_added(api, workspace):
    expected = [str(make_asset(workspace).id) for _row in range(5)][::-1]
    seen, cursor = [], None
    while True:
        page = api.get(ASSETS, {"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [row["id"] for row in page["data"]]
        make_asset(workspace)
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert seen == expected


@pytest.mark.parametrize("rows", [1, 10])
def test_list_takes_two_queries(api, workspace, django_assert_num_queries, rows):
    for _row in range(rows):
        make_asset(workspace)
    with django_assert_num_queries(2):
        api.get(ASSETS)


def test_reading_one_takes_two_queries(api, workspace, django_assert_num_queries):
    asset = make_asset(workspace)
    with django_assert_num_queries(2):
        api.get(f"{ASSETS}/{asset.id}")


# Eight for itself: who calls, the row, the row locked, written, audited and announced, in a transaction. A key adds a transaction
# around them, its lock, the answer looked for and the answer stored.
@pytest.mark.parametrize(("headers", "queries"), [({}, 8), ({"Idempotency-Key": "key-1"}, 13)])
def test_changing_takes_a_fixed_number_of_queries(api, workspace, django_assert_num_queries, headers, queries):
    asset = make_asset(workspace)
    with django_assert_num_queries(queries):
        api.patch(f"{ASSETS}/{asset.id}", {"title": "New"}, headers=headers)


@pytest.mark.parametrize(("headers", "queries"), [({}, 7), ({"Idempotency-Key": "key-1"}, 12)])
def test_deleting_takes_a_fixed_number_of_queries(api, workspace, django_assert_num_queries, headers, queries):
    asset = make_asset(workspace)
    with django_assert_num_queries(queries):
        api.delete(f"{ASSETS}/{asset.id}", headers=headers)


def test_sixth_asset_of_the_free_plan_is_refused_with_the_way_out(api, workspace):
    for _asset in range(5):
        make_asset(workspace)
    refused = api.post(ASSETS, NEW)
    assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (
        402,
        "plan_limit_reached",
        {"name": "content_assets", "used": 5, "value": 5, "resets_at": None, "lifted_by": "pro"},
    )
