"""Canned snippets: stored as given, and refused with their fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.tests.factories import make_user
from ai.models import QuickReply
from ai.services import PLACEHOLDERS
from ai.services.quick_replies import WrongQuickReply, require_placeholders
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)

REPLIES = "/api/v1/ai/quick-replies"
HELLO = {"title": "Hello", "text": "Hello {name}, it is {creator}."}
OFFER = {"title": "Offer", "text": "{preferred_content} for {price}?"}


def put(client, *replies):
    return client.put(REPLIES, {"quick_replies": replies}, format="json")


def faults(answer) -> tuple:
    return answer.status_code, [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_workspace_has_none_and_is_told_the_placeholders(api):
    assert api.get(REPLIES).json() == {"data": [], "placeholders": ["name", "creator", "preferred_content", "price"]}


def test_replies_are_shown_in_the_order_in_which_they_were_set(api):
    answer = put(api, OFFER, HELLO)
    shown = answer.json()["data"]
    assert (answer.status_code, [{"title": row["title"], "text": row["text"]} for row in shown]) == (200, [OFFER, HELLO])
    assert api.get(REPLIES).json()["data"] == shown


def test_reply_that_is_named_keeps_its_id_and_may_take_the_place_and_title_of_another(api):
    first, second = (row["id"] for row in put(api, HELLO, OFFER).json()["data"])
    shown = put(api, {"id": second, **HELLO}, {"id": first, **OFFER}, {"title": "New", "text": "x"}).json()["data"]
    assert ([(row["id"], row["title"]) for row in shown[:2]], len(shown), shown[2]["id"] in (first, second)) == (
        [(second, "Hello"), (first, "Offer")],
        3,
        False,
    )
    assert api.get(REPLIES).json()["data"] == shown


def test_reply_that_is_left_out_is_removed_and_audited(api):
    (first,) = (row["id"] for row in put(api, HELLO).json()["data"])
    put(api)
    said = {"position": 0, **HELLO}
    changes = [entry.changes for entry in AuditEntry.objects.filter(action="quick_replies.set").order_by("id")]
    assert (QuickReply.objects.count(), changes) == (0, [{first: [None, said]}, {first: [said, None]}])


@pytest.mark.parametrize(
    ("replies", "fault"),
    [
        ([HELLO, {"title": "hELLO", "text": "x"}], ("/quick_replies/1/title", "repeated")),
        ([HELLO, {"title": "x", "text": "{name} {fan}"}], ("/quick_replies/1/text", "unknown_placeholder")),
        ([{"title": "x", "text": "{}"}], ("/quick_replies/0/text", "unknown_placeholder")),
        ([{"title": "x", "text": "{name"}], ("/quick_replies/0/text", "unbalanced_braces")),
        ([{"title": "x", "text": "{{name}}"}], ("/quick_replies/0/text", "unbalanced_braces")),
        ([{"title": "x" * 61, "text": "x"}], ("/quick_replies/0/title", "max_length")),
        ([{"title": "x", "text": "x" * 1001}], ("/quick_replies/0/text", "max_length")),
        ([{"title": " ", "text": "x"}], ("/quick_replies/0/title", "blank")),
        ([{"title": f"{number}", "text": "x"} for number in range(21)], ("/quick_replies", "max_length")),
    ],
)
def test_wrong_replies_are_refused_and_nothing_is_stored(api, replies, fault):
    answer = put(api, *replies)
    assert (faults(answer), QuickReply.objects.count()) == ((422, [fault]), 0)


def test_unknown_placeholder_is_answered_with_those_that_exist(api):
    (error,) = put(api, {"title": "x", "text": "{fan}"}).json()["errors"]
    assert error["detail"] == "There is no placeholder {fan}. There are: {name}, {creator}, {preferred_content}, {price}."


def test_id_that_stands_twice_is_refused(api):
    (first,) = (row["id"] for row in put(api, HELLO).json()["data"])
    assert faults(put(api, {"id": first, **HELLO}, {"id": first, **OFFER})) == (422, [("/quick_replies/1/id", "repeated")])


def test_reply_of_a_stranger_is_not_found_and_stays(api, stranger_api):
    (theirs,) = put(stranger_api, HELLO).json()["data"]
    refused = faults(put(api, {"id": theirs["id"], **OFFER}))
    assert (refused, stranger_api.get(REPLIES).json()["data"]) == ((422, [("/quick_replies/0/id", "not_found")]), [theirs])


@pytest.mark.parametrize("rows", [1, 10])
def test_reading_takes_two_statements(api, django_assert_num_queries, rows):
    put(api, *({"title": f"{number}", "text": "x"} for number in range(rows)))
    with django_assert_num_queries(2):  # the caller, the replies
        assert len(api.get(REPLIES).json()["data"]) == rows


@pytest.mark.parametrize("rows", [1, 10])
def test_setting_takes_the_same_statements_whatever_their_number(api, django_assert_num_queries, rows):
    known = put(api, *({"title": f"{number}", "text": "x"} for number in range(rows))).json()["data"]
    changed = [row | {"text": "y"} for row in known]
    with django_assert_num_queries(8):  # the caller; begin, lock, read, delete, update, audit, commit
        assert put(api, *changed).status_code == 200


@pytest.mark.parametrize("rows", [1, 10])
def test_admin_takes_the_same_queries_whatever_it_shows(staff_browser, django_assert_num_queries, rows):
    for _row in range(rows):
        QuickReply.objects.create(workspace=make_user().default_workspace, position=0, title="x", text="x")
    with django_assert_num_queries(5):
        assert staff_browser.get("/admin/ai/quickreply/").context["cl"].result_count == rows


@given(st.lists(st.sampled_from([f"{{{name}}}" for name in PLACEHOLDERS]) | st.text(st.characters(exclude_characters="{}"))))
def test_text_of_words_and_placeholders_is_taken(parts):
    require_placeholders(0, "".join(parts))


@given(st.text(st.sampled_from("{}ab")).filter(lambda text: "{" in text or "}" in text))
def test_any_other_brace_is_refused(text):
    with pytest.raises(WrongQuickReply):
        require_placeholders(0, text)
