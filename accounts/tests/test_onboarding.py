"""Setting up: the steps and the checklist, over HTTP."""

import pytest

from accounts.models import OnboardingStep, Workspace
from accounts.services import onboarding_of, take_step
from accounts.tests.factories import add_member, client_of, make_user
from accounts.tests.parallel import in_parallel
from ai.models import Generation
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db
ONBOARDING = "/api/v1/users/onboarding"
STEPS = ("profile", "business", "platform", "ai_config", "plan")
BUSINESS = {"step": "business", "state": "done", "sells": "Cooking videos", "niche": "Vegan"}


def shown(current: str, *, checklist=None, **states: str) -> dict:
    steps = {step: {"state": states.get(step, "todo")} for step in STEPS}
    return {"current_step": current, "steps": steps, "checklist": checklist or {"first_generation": False}}


def test_new_person_begins_with_the_profile(api):
    assert api.get(ONBOARDING).json() == shown("profile")


def test_steps_are_done_and_skipped_in_any_order(api):
    api.patch(ONBOARDING, {"step": "plan", "state": "skipped"})
    response = api.patch(ONBOARDING, {"step": "profile", "state": "done"})
    assert (response.status_code, response.json()) == (200, shown("business", profile="done", plan="skipped"))
    assert api.get(ONBOARDING).json() == response.json()


def test_skipped_step_is_taken_up_again(api):
    for state in ("skipped", "todo"):
        answer = api.patch(ONBOARDING, {"step": "profile", "state": state}).json()
    assert (answer, api.patch(ONBOARDING, {"step": "profile", "state": "done"}).json()["current_step"]) == (shown("profile"), "business")


def test_onboarding_without_a_step_to_do_is_done(api):
    for step in STEPS:
        answer = api.patch(ONBOARDING, {"step": step, "state": "skipped"}).json()
    assert answer["current_step"] == "done"


def test_business_is_written_onto_the_workspace(api, workspace):
    answer = api.patch(ONBOARDING, BUSINESS).json()
    row = Workspace.objects.get(id=workspace.id)
    assert (row.sells, row.niche, answer["steps"]["business"]["state"]) == ("Cooking videos", "Vegan", "done")


def test_business_of_a_workspace_needs_its_manager(owner, stranger):
    workspace = stranger.default_workspace
    add_member(workspace, owner, "editor")
    response = client_of(owner).patch(ONBOARDING, BUSINESS, HTTP_HUNTAZE_WORKSPACE=str(workspace.id))
    assert (response.status_code, Workspace.objects.get(id=workspace.id).niche, OnboardingStep.objects.count()) == (403, "", 0)


def test_steps_are_audited_once(api, owner):
    for _repeat in range(2):
        api.patch(ONBOARDING, {"step": "plan", "state": "skipped"})
    entry = AuditEntry.objects.get(action="onboarding.take_step")
    assert (entry.actor_id, entry.subject_id, entry.changes) == (owner.id, owner.id, {"plan": ["todo", "skipped"]})


def test_first_generation_is_read_from_its_rows(api, workspace):
    Generation.objects.create(workspace=workspace, kind="post", input={})
    waiting = api.get(ONBOARDING).json()["checklist"]
    Generation.objects.update(status="succeeded", finished_at="2026-11-20T00:00:00Z")
    assert (waiting, api.get(ONBOARDING).json()["checklist"]) == ({"first_generation": False}, {"first_generation": True})


def test_generation_of_another_workspace_ticks_nothing(api, stranger_workspace):
    Generation.objects.create(workspace=stranger_workspace, kind="post", input={}, status="succeeded", finished_at="2026-11-20T00:00:00Z")
    assert api.get(ONBOARDING).json()["checklist"] == {"first_generation": False}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("/step", "required"), ("/state", "required")]),
        ({"step": "payment", "state": "done"}, [("/step", "invalid_choice")]),
        ({"step": "plan", "state": "started"}, [("/state", "invalid_choice")]),
        ({"step": "plan", "state": True}, [("/state", "invalid_choice")]),
        ({"step": "plan", "state": "done", "niche": "Vegan"}, [("/niche", "not_this_step")]),
        ({"step": "business", "state": "skipped", "sells": "Videos"}, [("/sells", "not_this_step")]),
        ({"step": "business", "state": "done"}, [("/niche", "needed"), ("/sells", "needed")]),
        (BUSINESS | {"niche": "x" * 101}, [("/niche", "max_length")]),
        (BUSINESS | {"current_step": "done"}, [("/current_step", "unknown_field")]),
    ],
)
def test_wrong_step_answers_422_and_changes_nothing(api, body, errors):
    response = api.patch(ONBOARDING, body)
    found = [(error["pointer"], error["code"]) for error in response.json()["errors"]]
    assert (response.status_code, found, api.get(ONBOARDING).json()) == (422, errors, shown("profile"))


def test_onboarding_needs_a_token(anonymous):
    assert [anonymous.get(ONBOARDING).status_code, anonymous.patch(ONBOARDING, {}).status_code] == [401, 401]


@pytest.mark.django_db(transaction=True)
def test_one_step_taken_twice_at_once_is_one_row():
    user = make_user()
    states = iter(["done", "skipped", "done", "skipped"])
    in_parallel(lambda: take_step(user_id=user.id, workspace_id=user.default_workspace_id, step="plan", state=next(states)), 4)
    onboarding = onboarding_of(user_id=user.id, workspace_id=user.default_workspace_id)
    assert [row.state for row in OnboardingStep.objects.all()] == [onboarding["steps"]["plan"]["state"]]


@pytest.mark.parametrize(("taken", "queries"), [(0, 3), (5, 3)])
def test_query_count_of_reading(api, taken, queries, django_assert_num_queries):
    for step in STEPS[:taken]:
        api.patch(ONBOARDING, {"step": step, "state": "skipped"})
    with django_assert_num_queries(queries):
        api.get(ONBOARDING)


def test_query_count_of_taking_a_step(api, django_assert_num_queries):
    with django_assert_num_queries(10):
        api.patch(ONBOARDING, {"step": "plan", "state": "done"})
