"""What was spent and may be spent, over HTTP: ledger, usage, budgets, estimates."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.tests.factories import add_member, client_with, make_key, make_user
from ai.models import Budget, LedgerEntry
from ai.services import ledger
from ai.tests.factories import run
from ai.tests.test_budget import billed
from ai.tests.test_ledger import allow, order
from huntaze.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)

LEDGER, USAGE, BUDGETS, ESTIMATE = (f"/api/v1/ai/{name}" for name in ("ledger", "usage", "budgets", "estimate"))
GENERATE = "/api/v1/content/generate"
ORDER = {"kind": "post", "prompt": "My new cooking series", "length": "short"}


def today() -> dict[str, str]:
    day = datetime.now(UTC).date().isoformat()
    return {"from": day, "to": day}


def put(client, *budgets):
    return client.put(BUDGETS, {"budgets": budgets}, format="json")


def day_of(level, limit, **subject):
    return {"level": level, "period": "day", "limit_microusd": limit, **subject}


def states(client) -> list[tuple]:
    return [(row["level"], row["period"], row["limit_microusd"], row["used_microusd"]) for row in client.get(BUDGETS).json()["data"]]


def test_ledger_lists_what_was_held_settled_and_let_go(vendor, api, workspace):
    generation = run(order(workspace))
    ledger.seal()
    rows = api.get(LEDGER).json()["data"]
    assert sorted((row["kind"], row["generation_id"], row["amount_nanousd"]) for row in rows) == sorted(
        (kind, str(generation.id), amount)
        for kind, amount in (
            ("reserve", generation.reserved_nanousd),
            ("settle", -billed(vendor)),
            ("release", billed(vendor) - generation.reserved_nanousd),
        )
    )
    assert sorted(row["sequence"] for row in rows) == [1, 2, 3]


def test_ledger_is_filtered(vendor, api, workspace):
    kept, _other = run(order(workspace)), order(workspace)
    rows = api.get(LEDGER, {"kind": "settle", "generation_id": str(kept.id), "usage_source": "reported"}).json()["data"]
    assert [(row["kind"], row["generation_id"]) for row in rows] == [("settle", str(kept.id))]


def test_stranger_sees_none_of_it(vendor, stranger_api, workspace):
    run(order(workspace))
    assert (stranger_api.get(LEDGER).json()["data"], stranger_api.get(USAGE, today()).json()["data"]) == ([], [])


@pytest.mark.parametrize("orders", [1, 10])
def test_ledger_takes_two_statements(vendor, api, workspace, orders, django_assert_num_queries):
    for _order in range(orders):
        order(workspace)
    with django_assert_num_queries(2):
        assert len(api.get(LEDGER).json()["data"]) == orders


def test_ledger_verifies(vendor, api, workspace):
    run(order(workspace))
    ledger.seal()
    answer = api.get(f"{LEDGER}/verify").json()
    assert (answer["valid"], answer["sealed"], answer["head"]["sequence"], answer["findings"]) == (True, 3, 3, [])


def test_ledger_that_was_cut_off_does_not_verify(vendor, api, workspace, django_db_blocker):
    from django.db import connection

    run(order(workspace))
    ledger.seal()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ai_ledgerentry DISABLE TRIGGER ledger_keep")
        cursor.execute("DELETE FROM ai_ledgerentry WHERE sequence = 3")
        cursor.execute("ALTER TABLE ai_ledgerentry ENABLE TRIGGER ledger_keep")
    answer = api.get(f"{LEDGER}/verify").json()
    assert (answer["valid"], [finding["kind"] for finding in answer["findings"]]) == (False, ["truncated"])


@pytest.mark.parametrize("group_by", ["model", "task", "member", "day"])
def test_usage_sums_what_was_settled(vendor, api, workspace, owner, group_by):
    generations = [run(order(workspace, created_by_id=owner.id)) for _number in range(2)]
    groups = {"model": "openai/gpt-4o-mini", "task": "post", "member": str(owner.id), "day": today()["to"]}
    answer = api.get(USAGE, today() | {"group_by": group_by}).json()
    total = {
        "calls": 2,
        "input_tokens": sum(generation.input_tokens for generation in generations),
        "cached_tokens": sum(generation.cached_tokens for generation in generations),
        "cache_write_tokens": 0,
        "output_tokens": sum(generation.output_tokens for generation in generations),
        "cost_microusd": -(-billed(vendor) // 1000),
    }
    told = [{name: row[name] for name in (*total, "group") if name in row} for row in (*answer["data"], answer["total"])]
    assert told == [total | {"group": groups[group_by]}, total]


def test_usage_of_other_days_is_empty(vendor, api, workspace):
    run(order(workspace))
    before = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    assert api.get(USAGE, {"from": before, "to": before}).json()["data"] == []


@pytest.mark.parametrize(
    "days", [{"from": "2026-11-02", "to": "2026-11-01"}, {"from": "2025-01-01", "to": "2026-11-01"}, {"to": "2026-11-01"}]
)
def test_usage_of_wrong_days_is_refused(api, days):
    assert api.get(USAGE, days).status_code == 422


def test_budgets_show_the_plans_allowance_before_anything_is_spent(api):
    assert states(api) == [("plan", "month", 250_000, 0)]


def test_budget_counts_what_was_ordered_before_it_was_set(vendor, api, workspace, owner):
    spent, waiting = run(order(workspace, created_by_id=owner.id)), order(workspace, created_by_id=owner.id)
    used = -(-(spent.cost_nanousd + waiting.reserved_nanousd) // 1000)
    put(api, day_of("workspace", 9_000), day_of("member", 8_000, subject_id=str(owner.id)))
    assert states(api) == [("plan", "month", 250_000, used), ("workspace", "day", 9_000, used), ("member", "day", 8_000, used)]


@pytest.mark.parametrize("level", ["workspace", "member", "key"])
def test_order_beyond_a_budget_is_refused_with_its_level(vendor, api, workspace, owner, level):
    key, token = make_key(workspace, owner)
    subjects = {"workspace": {}, "member": {"subject_id": str(owner.id)}, "key": {"subject_id": str(key.id)}}
    assert put(api, day_of(level, 1, **subjects[level])).status_code == 200
    answer = client_with(token).post(GENERATE, ORDER)
    limit = answer.json()["limit"]
    midnight = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    assert (answer.status_code, limit["level"], limit["period"], limit["value"], limit["resets_at"], vendor.calls()) == (
        402,
        level,
        "day",
        1,
        f"{midnight}T00:00:00Z",
        [],
    )
    assert (LedgerEntry.objects.count(), Budget.objects.get(level="plan").used_nanousd) == (0, 0)


def test_budget_of_one_member_does_not_bind_another(vendor, api, workspace, owner):
    allow(workspace, seats=3)
    other = make_user()
    add_member(workspace, other, "editor")
    put(api, day_of("member", 0, subject_id=str(other.id)))
    assert api.post(GENERATE, ORDER).status_code == 202


def test_budget_that_is_left_out_is_removed_and_audited(api, workspace):
    put(api, day_of("workspace", 5))
    put(api)
    changes = [entry.changes for entry in AuditEntry.objects.filter(action="budgets.set").order_by("id")]
    assert (states(api), changes) == (
        [("plan", "month", 250_000, 0)],
        [{f"workspace {workspace.id} day": [None, 5]}, {f"workspace {workspace.id} day": [5, None]}],
    )


@pytest.mark.parametrize("level", ["member", "key", "workspace"])
def test_budget_of_a_stranger_is_refused(api, stranger, level):
    answer = put(api, day_of(level, 5, subject_id=str(stranger.id)))
    assert (answer.status_code, answer.json()["errors"][0]["code"], answer.json()["errors"][0]["pointer"]) == (
        422,
        "not_found",
        "/budgets/0/subject_id",
    )


def test_budget_that_stands_twice_is_refused(api):
    assert put(api, day_of("workspace", 5), day_of("workspace", 6)).status_code == 422


def test_estimate_is_a_range_and_its_end_is_what_an_order_holds(vendor, api):
    estimate = api.post(ESTIMATE, ORDER).json()
    nothing = (vendor.calls(), LedgerEntry.objects.count(), Budget.objects.count())
    api.post(GENERATE, ORDER)
    held = LedgerEntry.objects.get().amount_nanousd
    assert (estimate["provider"], estimate["model"], estimate["high_microusd"], nothing) == (
        "openai",
        "gpt-4o-mini",
        -(-held // 1000),
        ([], 0, 0),
    )
    assert 0 < estimate["low_microusd"] < estimate["high_microusd"]


def test_estimate_of_a_template_is_nothing(api):
    assert api.post(ESTIMATE, ORDER).json() == {"provider": "template", "model": "", "low_microusd": 0, "high_microusd": 0}


def test_order_with_a_model_takes_eleven_statements(vendor, api, django_assert_num_queries):
    api.post(GENERATE, ORDER)
    # the caller; how the workspace speaks, the models; begin, lock the plan, count, insert, audit, the budgets, the entry, commit
    with django_assert_num_queries(11):
        assert api.post(GENERATE, ORDER).status_code == 202
