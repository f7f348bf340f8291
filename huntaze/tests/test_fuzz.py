"""Wrong input of every kind that the OpenAPI document lets schemathesis think of, the same in each run."""

import os
from collections.abc import Callable
from uuid import UUID

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck
from hypothesis import settings as runs
from schemathesis.checks import positive_data_acceptance
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case

from accounts.models import ApiKey, Deletion, Invitation, Membership, User, Workspace
from accounts.services import invite, request_export, restore_account
from accounts.tests.factories import add_member, make_key, make_user, sign_in
from ai.tests.factories import make_generation
from billing.services import grant_plan
from content.tests.factories import make_asset
from huntaze.api.errors import Problem
from huntaze.models import IdempotencyRecord

pytestmark = pytest.mark.django_db

SEED = 20261122
# How many examples are drawn for each operation, beside those against each constraint: PYTEST_FUZZ_EXAMPLES=100 for a long run by hand.
EXAMPLES = int(os.environ.get("PYTEST_FUZZ_EXAMPLES", "3"))
# The fixtures stay as they are from one example to the next: what an example writes is meant to be there for those after it.
STEADY = runs(derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def operations(*, every_constraint: bool):
    """Return the operations to try: with one example against each constraint of the document, or with drawn ones only.

    A stream ends only when its generation has, so it is left out, and its wrong input is tested by hand below.
    """
    document = schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application(), config=schemathesis.Config(seed=SEED))
    document.config.phases.coverage.enabled = every_constraint
    return document.exclude(operation_id="ai_generations_stream")


@pytest.fixture(autouse=True)
def _one_connection():
    """Keep the connection, and with it the test's transaction, from one request to the next, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _no_limit(settings, owner):
    settings.API_REQUESTS_PER_MINUTE = dict.fromkeys(settings.API_REQUESTS_PER_MINUTE, 1_000_000)
    settings.API_ANONYMOUS_REQUESTS_PER_MINUTE = settings.API_ATTEMPTS_PER_ACCOUNT = 1_000_000
    grant_plan(workspace_id=owner.default_workspace_id, plan="enterprise", reason="The limiter is not what is tried here.")


def make_member(workspace: Workspace) -> UUID:
    return add_member(workspace, make_user(), "editor").user_id


def make_invitation(workspace: Workspace) -> UUID:
    person = make_user()
    Membership.objects.filter(workspace=workspace).exclude(role="owner").delete()  # a workspace has only so many seats
    Invitation.objects.all().delete()
    add_member(workspace, person, "manager")
    return invite(workspace_id=workspace.id, email=f"guest-of-{person.email}", role="editor", invited_by_id=person.id).id


def owner_of(workspace: Workspace) -> User:
    return User.objects.get(memberships__workspace=workspace, memberships__role="owner")


def owners_key(workspace: Workspace) -> UUID:
    ApiKey.objects.all().delete()  # a workspace has only so many
    return make_key(workspace, owner_of(workspace))[0].id


# What makes a row for the id in an address that has this part.
ROWS: dict[str, Callable[[Workspace], UUID]] = {
    "/members/": make_member,
    "/invitations/": make_invitation,
    "/api-keys/": owners_key,
    "/users/me/exports/": lambda workspace: request_export(user_id=owner_of(workspace).id).id,
    "/content/assets/": lambda workspace: make_asset(workspace).id,
    "/ai/generations/": lambda workspace: make_generation(workspace).id,
}


def is_uuid(text: object) -> bool:
    try:
        return str(UUID(str(text))) == text
    except ValueError:
        return False


def aim(case: Case, workspace) -> None:
    """Let ids that are well-formed name rows that exist, so that an example reaches what lies behind them."""
    for user_id in Deletion.objects.values_list("user_id", flat=True):
        restore_account(user_id=user_id, actor_id=None)  # an example before has deleted the caller
    if is_uuid(case.headers.get("Huntaze-Workspace")):
        case.headers["Huntaze-Workspace"] = str(workspace.id)
    if is_uuid(case.path_parameters.get("workspace_id")):
        case.path_parameters["workspace_id"] = str(workspace.id)
    for name in ("id", "user_id"):
        if is_uuid(case.path_parameters.get(name)):
            make = next((make for part, make in ROWS.items() if part in case.path), None)
            case.path_parameters[name] = str(make(workspace)) if make else case.path_parameters[name]
    IdempotencyRecord.objects.all().delete()  # most examples have the same key


def validate(case: Case, headers: dict[str, str]) -> None:
    """Make the request and hold the answer to the document, to every check of schemathesis and to our form of a refusal.

    Only that good data is always accepted is not asked for: a schema cannot say that a password is common, an address
    taken, an id of another workspace, or that text with NUL characters is no text.
    """
    response = case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])
    assert "ratelimit" in response.headers, response.headers
    if response.status_code >= 400:
        assert refusal(response) == (["application/problem+json"], response.status_code, response.headers["x-request-id"])


def refusal(response: Response) -> tuple[list[str], int, list[str]]:
    """Return the type, the status that belongs to the code, and the request's id, as the body says them."""
    problem = response.json()
    return response.headers["content-type"], Problem.registry[problem["code"]].status, [problem["request_id"]]


@operations(every_constraint=True).parametrize()
@runs(STEADY, max_examples=EXAMPLES)
def test_creator_gets_what_the_document_says(case, owner, workspace):
    aim(case, workspace)
    validate(case, {"Authorization": f"Bearer {sign_in(owner).access_token}"})


@operations(every_constraint=False).parametrize()
@runs(STEADY, max_examples=EXAMPLES)
def test_anonymous_gets_what_the_document_says(case, workspace):
    aim(case, workspace)
    validate(case, {})


@pytest.mark.parametrize("event_id", ["x", "1", "-1", "0-0-0", "$", "+", "9" * 19 + "-0", "1-1\n2-2", "é"])
def test_stream_refuses_what_is_no_id_of_an_event(api, workspace, event_id):
    refused = api.get(f"/api/v1/ai/generations/{make_generation(workspace).id}/stream", headers={"Last-Event-ID": event_id})
    assert (refused.status_code, [error["header"] for error in refused.json()["errors"]]) == (422, ["Last-Event-ID"])


def test_stream_of_an_absent_generation_is_a_problem_even_for_a_reader_of_events(api):
    refused = api.get(
        "/api/v1/ai/generations/00000000-0000-7000-8000-000000000000/stream",
        headers={"Accept": "text/event-stream", "Last-Event-ID": "0-0"},
    )
    assert (refused.status_code, refused["Content-Type"], refused.json()["code"]) == (404, "application/problem+json", "not_found")


def test_stream_for_nobody_is_refused_before_its_input_is_looked_at(anonymous):
    refused = anonymous.get("/api/v1/ai/generations/00000000-0000-7000-8000-000000000000/stream", headers={"Last-Event-ID": "x"})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


def test_stream_in_another_form_is_refused(api, workspace):
    refused = api.get(f"/api/v1/ai/generations/{make_generation(workspace).id}/stream", headers={"Accept": "text/csv"})
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")
