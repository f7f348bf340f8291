"""What staff see of prompts, of spending, and of the route and the calls of a generation."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from django.contrib.auth.models import Permission
from hypothesis import given
from hypothesis import strategies as st

from accounts.tests.factories import make_user
from ai import prompts, queries
from ai.admin.routes import CHECKS, REASONS, ROLES, WHY
from ai.models import GenerationFeedback
from ai.queries.prompts import wilson
from ai.routing.router import Alternative, Attempt, Check, Reason, Role, Route, Why
from ai.tests.factories import make_generation, settle

PROMPTS, SPENDING = "/admin/ai/generation/prompts/", "/admin/ai/ledgerentry/spending/"


def ended(workspace, **fields):
    values = {"status": "succeeded", "finished_at": datetime.now(UTC), "prompt_name": "post", "prompt_hash": "a" * 64}
    return make_generation(workspace, **values | fields)


def rate(generation, rating) -> None:
    GenerationFeedback.objects.create(workspace=generation.workspace, generation=generation, person=make_user(), rating=rating)


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_wilson_interval_holds_the_share_and_stays_a_share(trials, part):
    successes = round(part * trials)
    low, high = wilson(successes, trials)
    assert -1e-9 <= low <= successes / trials + 1e-9 <= high + 2e-9 <= 1 + 3e-9


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),  # R 4.2: prop.test(x, n, correct = FALSE)$conf.int
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_interval_is_the_published_one(successes, trials, low, high):
    assert tuple(round(bound, 4) for bound in wilson(successes, trials)) == (low, high)


@pytest.mark.django_db
def test_versions_are_told_apart_with_what_came_of_each(workspace):
    now = prompts.load("post").hash
    rate(ended(workspace, cost_nanousd=3000), "accepted")
    rate(ended(workspace, cost_nanousd=1000), "discarded")
    ended(workspace, status="failed", cost_nanousd=2000)
    rate(ended(workspace, prompt_hash=now), "edited")
    make_generation(workspace)
    found = {
        (one.hash, one.is_current, one.generations, one.succeeded, one.mean_nanousd, one.accepted, one.edited, one.discarded)
        for one in queries.prompt_versions()
    }
    assert found == {("a" * 64, False, 3, 2, 2000, 1, 0, 1), (now, True, 1, 1, 0, 0, 1, 0)}


@pytest.mark.django_db
def test_version_that_nobody_rated_has_no_share(workspace):
    ended(workspace)
    assert [one.acceptance for one in queries.prompt_versions()] == [None]


@pytest.mark.django_db
def test_two_people_on_one_generation_count_as_two_words_and_one_generation(workspace):
    generation = ended(workspace)
    rate(generation, "accepted")
    rate(generation, "accepted")
    (version,) = queries.prompt_versions()
    assert (version.generations, version.rated, round(version.acceptance[1])) == (1, 2, 34)


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 10])
def test_prompts_take_the_same_queries_whatever_is_shown(staff_browser, workspace, rows, django_assert_num_queries):
    for number in range(rows):
        rate(ended(workspace, prompt_hash=str(number)), "accepted")
    with django_assert_num_queries(5):
        assert len(staff_browser.get(PROMPTS).context["versions"]) == rows


@pytest.mark.django_db
def test_spending_is_summed_over_all_workspaces_by_model(staff_browser, workspace, stranger_workspace):
    strong = {"provider": "openai", "model": "gpt-4o", "input_tokens": 500, "output_tokens": 200}
    settle(workspace, nanousd=3_000_000, **strong)
    settle(stranger_workspace, nanousd=3_000_000, days_ago=29, **strong)
    settle(workspace, nanousd=2_000_000, provider="openai", model="gpt-4o-mini")
    settle(workspace, nanousd=9_000_000, days_ago=30, **strong)
    settle(workspace, nanousd=7_000_000, days_ago=60, **strong)
    shown = staff_browser.get(SPENDING).context
    rows = [
        (row["spending"].model, row["cost"], row["share"], row["spending"].calls, row["spending"].input_tokens) for row in shown["models"]
    ]
    assert (rows, [chart.summary for chart in shown["charts"]]) == (
        [("gpt-4o", "US$ 0.006000", 75.0, 2, 1000), ("gpt-4o-mini", "US$ 0.002000", 25.0, 1, 0)],
        [
            "US$ 0.008000 in all. US$ 0.009000 in the period before.",
            "US$ 0.006000 in all. US$ 0.009000 in the period before.",
            "US$ 0.002000 in all. US$ 0.00 in the period before.",
        ],
    )


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [1, 10])
def test_spending_takes_the_same_queries_whatever_is_shown(staff_browser, workspace, rows, django_assert_num_queries):
    for number in range(rows):
        settle(workspace, nanousd=1000, days_ago=number, provider="openai", model=f"model-{number}")
    with django_assert_num_queries(4):
        assert len(staff_browser.get(SPENDING).context["models"]) == rows


@pytest.mark.django_db
def test_nothing_spent_is_said(staff_browser):
    assert "Nothing was spent in these 60 days." in staff_browser.get(SPENDING).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", [PROMPTS, SPENDING])
def test_figures_are_for_staff_with_the_right_only(client, path):
    looker = make_user(role="admin")
    looker.user_permissions.add(Permission.objects.get(codename="view_aimodel"))
    client.force_login(looker)
    assert client.get(path).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(("screen", "path"), [("generation", PROMPTS), ("ledgerentry", SPENDING)])
def test_lists_lead_to_the_figures(staff_browser, screen, path):
    assert f'href="{path}"' in staff_browser.get(f"/admin/ai/{screen}/").content.decode()


@pytest.mark.django_db
def test_page_of_a_generation_shows_its_calls(staff_browser, workspace):
    generation = ended(workspace)
    settle(workspace, nanousd=1_230_000, generation_id=generation.id, provider="openai", model="gpt-4o-mini", input_tokens=512)
    page = staff_browser.get(f"/admin/ai/generation/{generation.id}/change/").content.decode()
    assert ("openai/gpt-4o-mini" in page, '<td class="number">512</td>' in page, "US$ 0.001230" in page) == (True, True, True)


ROUTE = Route(
    task="post",
    why="cheap_first",
    attempts=(
        Attempt("openai", "gpt-4o-mini", "first", "checker", 250_000),
        Attempt("openai", "gpt-4o", "escalation", "checker", 4_000_000),
    ),
    alternatives=(Alternative("anthropic", "claude-haiku", 900_000, "privacy"),),
    cost_nanousd=4_250_000,
    score=0.25,
    calibrated_on="2026-11-20",
    reference=("openai", "gpt-4o"),
)


def test_every_word_of_the_router_is_explained():
    assert [set(words) for words in (WHY, ROLES, CHECKS, REASONS)] == [set(get_args(words)) for words in (Why, Role, Check, Reason)]


@pytest.mark.django_db
def test_page_of_a_generation_tells_its_route_in_words(staff_browser, workspace):
    generation = ended(workspace, route=ROUTE.as_json())
    page = staff_browser.get(f"/admin/ai/generation/{generation.id}/change/").content.decode()
    told = (
        "A small model is asked first, and its answer is checked.",
        "At most US$ 0.004250 in all.",
        "Learned score 0.250, of 2026-11-20.",
        "Savings are measured against openai/gpt-4o.",
        "where the check still finds something",
        "beyond the privacy tier of the workspace",
        "US$ 0.000900",
    )
    assert [text for text in told if text not in page] == []


@pytest.mark.django_db
def test_page_of_a_generation_that_asked_no_model_is_shown(staff_browser, workspace):
    assert staff_browser.get(f"/admin/ai/generation/{make_generation(workspace).id}/change/").status_code == 200
