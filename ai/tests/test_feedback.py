"""What people made of generations."""

import pytest

from accounts.tests.factories import add_member, client_of, make_user
from ai.models import GenerationFeedback
from ai.tests.factories import make_generation
from ai.tests.test_ledger import allow
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)

ENDED = {"status": "succeeded", "finished_at": "2026-11-01T00:00Z"}


def rate(client, generation, **body):
    return client.post(f"/api/v1/ai/generations/{generation.id}/feedback", body)


def stored() -> list[tuple]:
    return list(GenerationFeedback.objects.order_by("id").values_list("person__email", "rating", "comment"))


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_feedback_on_what_has_ended_is_stored_and_shown(api, workspace, owner, status):
    generation = make_generation(workspace, status=status, finished_at="2026-11-01T00:00Z")
    answer = rate(api, generation, rating="edited", comment="Too long.")
    shown = {name: answer.json()[name] for name in ("generation_id", "rating", "comment")}
    assert (answer.status_code, shown, stored()) == (
        201,
        {"generation_id": str(generation.id), "rating": "edited", "comment": "Too long."},
        [(owner.email, "edited", "Too long.")],
    )


def test_second_word_of_a_person_replaces_their_first(api, workspace, owner):
    generation = make_generation(workspace, **ENDED)
    codes = [rate(api, generation, **body).status_code for body in ({"rating": "edited", "comment": "Hm."}, {"rating": "accepted"})]
    changes = [entry.changes for entry in AuditEntry.objects.filter(action="generation.rate").order_by("id")]
    assert (codes, stored(), changes) == (
        [201, 200],
        [(owner.email, "accepted", "")],
        [{"rating": [None, "edited"], "comment": [None, "Hm."]}, {"rating": ["edited", "accepted"], "comment": ["Hm.", ""]}],
    )


def test_each_person_has_their_own_word(api, workspace, owner):
    allow(workspace, seats=3)
    add_member(workspace, member := make_user(), "chatter")
    generation, theirs = make_generation(workspace, **ENDED), client_of(member)
    theirs.credentials(HTTP_HUNTAZE_WORKSPACE=str(workspace.id), **theirs._credentials)
    rate(api, generation, rating="accepted")
    rate(theirs, generation, rating="discarded")
    assert stored() == [(owner.email, "accepted", ""), (member.email, "discarded", "")]


@pytest.mark.parametrize("status", ["queued", "running"])
def test_what_has_not_ended_takes_no_feedback(api, workspace, status):
    answer = rate(api, make_generation(workspace, status=status), rating="accepted")
    assert (answer.status_code, answer.json()["code"], stored()) == (409, "generation_not_ended", [])


@pytest.mark.parametrize(
    ("body", "pointer"), [({}, "/rating"), ({"rating": "good"}, "/rating"), ({"rating": "edited", "comment": "x" * 1001}, "/comment")]
)
def test_wrong_feedback_is_refused(api, workspace, body, pointer):
    answer = rate(api, make_generation(workspace, **ENDED), **body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]], stored()) == (422, [pointer], [])


@pytest.mark.parametrize(("said", "statements"), [(0, 9), (1, 7)])
def test_feedback_takes_nine_statements_or_seven_when_it_replaces(api, workspace, said, statements, django_assert_num_queries):
    generation = make_generation(workspace, **ENDED)
    for _time in range(said):
        rate(api, generation, rating="accepted")
    # the caller, the row; begin, look, savepoint, insert, its release (or update), audit, commit
    with django_assert_num_queries(statements):
        assert rate(api, generation, rating="edited").status_code in (200, 201)


def test_staff_see_it_with_the_generation(api, workspace, staff_browser):
    generation = make_generation(workspace, **ENDED)
    rate(api, generation, rating="discarded", comment="Not my voice.")
    assert "Not my voice." in staff_browser.get(f"/admin/ai/generation/{generation.id}/change/").content.decode()
