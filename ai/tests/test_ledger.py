"""The ledger: what is held, settled and let go, chained and unchangeable, and equal to the simulated vendor's bill."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Workspace
from ai import services
from ai.errors import BudgetExceeded
from ai.models import LEDGER, Budget, Generation, LedgerEntry, ModelPrice
from ai.services import ledger
from ai.tests.factories import ORDER, run
from ai.tests.test_budget import DEAREST, billed, lost_in_its_call
from huntaze import audit
from huntaze.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

MOMENT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def order(workspace, **changes) -> Generation:
    """Order a generation as the API does."""
    values = {"workspace_id": workspace.id, "created_by_id": None, "kind": "post", "order": ORDER, "max_cost_microusd": None}
    return services.request_generation(**values | changes)


def allow(workspace, **values) -> None:
    """Set limits of the workspace's plan."""
    workspace.refresh_from_db()
    for name, value in values.items():
        workspace.limits[name]["value"] = value
    workspace.save()


def rows(generation) -> list[tuple[str, str]]:
    entries = LedgerEntry.objects.filter(generation_id=generation.pk).order_by("created_at", "id")
    return [(entry.kind, entry.usage_source) for entry in entries]


def held(generation) -> int:
    return LedgerEntry.objects.filter(generation_id=generation.pk).aggregate(held=Sum("amount_nanousd"))["held"] or 0


def settled(generation) -> int:
    entries = LedgerEntry.objects.filter(generation_id=generation.pk, kind="settle")
    return -(entries.aggregate(amount=Sum("amount_nanousd"))["amount"] or 0)


def plan_budget(workspace) -> int:
    return Budget.objects.get(workspace=workspace, level="plan").used_nanousd


def test_order_holds_its_worst_path(vendor, workspace):
    generation = order(workspace)
    assert (rows(generation), held(generation), plan_budget(workspace)) == (
        [("reserve", "")],
        generation.reserved_nanousd,
        generation.reserved_nanousd,
    )


def test_finished_generation_is_settled_at_the_vendors_bill_and_holds_nothing(vendor, workspace):
    generation = run(order(workspace))
    assert (rows(generation), held(generation), settled(generation), generation.cost_nanousd, plan_budget(workspace)) == (
        [("reserve", ""), ("settle", "reported"), ("release", "")],
        0,
        billed(vendor),
        billed(vendor),
        billed(vendor),
    )


def test_settlement_says_what_was_used_of_which_model_at_which_price(vendor, workspace, owner):
    generation = run(order(workspace, created_by_id=owner.id))
    (line,) = vendor.bill()
    entry = LedgerEntry.objects.get(kind="settle")
    price = ModelPrice.objects.get(model__provider="openai", model__name="gpt-4o-mini")
    assert (entry.member_id, entry.task, entry.provider, entry.model, entry.price_id, entry.attempt) == (
        owner.id,
        "post",
        "openai",
        "gpt-4o-mini",
        price.id,
        1,
    )
    assert (entry.input_tokens, entry.output_tokens) == (generation.input_tokens, generation.output_tokens)
    assert -entry.amount_nanousd == line["amount_nanousd"]


def test_each_call_of_a_generation_is_settled_by_itself(vendor, workspace):
    vendor.script([{"kind": "truncated", "tokens": 3}, {"text": "Too short."}, {"text": "Too short."}])
    generation = run(order(workspace))
    assert ([kind for kind, _source in rows(generation)].count("settle"), held(generation), settled(generation)) == (
        len(vendor.bill()),
        0,
        generation.cost_nanousd,
    )


def test_call_that_the_vendor_turned_down_has_no_entry(vendor, workspace):
    vendor.script([{"kind": "insufficient_quota"}])
    generation = run(order(workspace))
    assert (rows(generation), plan_budget(workspace)) == ([("reserve", ""), ("release", "")], 0)


def test_generation_that_waits_is_cancelled_for_nothing(vendor, workspace):
    generation = services.cancel_generation(generation=order(workspace))
    assert (rows(generation), held(generation), plan_budget(workspace)) == ([("reserve", ""), ("release", "")], 0, 0)


def test_template_costs_nothing_and_has_no_entry(workspace):
    assert (rows(run(order(workspace))), Budget.objects.count()) == ([], 0)


def test_both_calls_of_a_lost_and_a_second_worker_are_in_the_ledger(vendor, workspace):
    generation = order(workspace)
    with lost_in_its_call(generation, vendor):
        run(generation)
    generation.refresh_from_db()
    assert ([source for kind, source in rows(generation) if kind == "settle"], held(generation)) == (["unknown", "reported"], 0)
    assert (settled(generation) == generation.cost_nanousd, settled(generation) >= billed(vendor), generation.calling) == (True, True, None)


def test_buried_generation_is_settled_at_what_its_last_call_can_have_cost(vendor, workspace):
    generation = order(workspace)
    with lost_in_its_call(generation, vendor):
        Generation.objects.filter(pk=generation.pk).update(attempts=2, wake_at="2020-01-01T00:00Z")
        services.sweep_generations()
    generation.refresh_from_db()
    assert (generation.status, rows(generation), held(generation)) == (
        "failed",
        [("reserve", ""), ("settle", "unknown"), ("release", "")],
        0,
    )
    assert (settled(generation), plan_budget(workspace)) == (generation.cost_nanousd, generation.cost_nanousd)


def test_vendor_that_bills_more_than_the_most_is_paid(vendor, workspace):
    generation = order(workspace)
    Budget.objects.update(used_nanousd=0)
    with connection.cursor() as cursor:  # as if next to nothing had been reserved
        cursor.execute("ALTER TABLE ai_ledgerentry DISABLE TRIGGER ledger_seal")
        cursor.execute("UPDATE ai_ledgerentry SET amount_nanousd = 1")
        cursor.execute("ALTER TABLE ai_ledgerentry ENABLE TRIGGER ledger_seal")
    run(generation)
    assert (rows(generation)[-1], held(generation), plan_budget(workspace)) == (("reserve", ""), 0, billed(vendor) - 1)


def test_reaper_closes_what_an_erased_generation_held(vendor, workspace):
    generation = order(workspace)
    Generation.objects.filter(pk=generation.pk).delete()
    assert (ledger.reap(), ledger.reap(), rows(generation), held(generation)) == (1, 0, [("reserve", ""), ("settle", "unknown")], 0)


def test_reaper_closes_what_an_ended_generation_held_and_leaves_the_open_ones(vendor, workspace):
    ended, waiting = order(workspace), order(workspace)
    Generation.objects.filter(pk=ended.pk).update(status="failed", finished_at=MOMENT)
    assert (ledger.reap(), held(ended), held(waiting) > 0, plan_budget(workspace)) == (1, 0, True, held(waiting))


@pytest.mark.parametrize("column", ["amount_nanousd = 0", "output_tokens = 0", "price_id = NULL", "sequence = NULL"])
def test_entry_is_not_changed(vendor, workspace, column):
    run(order(workspace))
    ledger.seal()
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE ai_ledgerentry SET {column}")


def test_entry_is_not_deleted(vendor, workspace):
    order(workspace)
    with pytest.raises(IntegrityError, match="append-only"):
        LedgerEntry.objects.all().delete()


def test_sealed_ledger_is_whole(vendor, workspace):
    run(order(workspace))
    assert (ledger.seal(), ledger.seal(), audit.verify(workspace.id, LEDGER).sealed, audit.verify(workspace.id, LEDGER).findings) == (
        3,
        0,
        3,
        [],
    )


def test_s11_edited_column_of_the_ledger_is_found(vendor, workspace):
    run(order(workspace))
    entry = LedgerEntry.objects.get(kind="settle")
    ledger.seal()
    assert [name for name in LEDGER.linked if not damages_after(entry, name)] == []


def damages_after(entry, name) -> list[str]:
    """Return what is found once a superuser has overwritten one column; the edit is taken back."""
    values = {"UUIDField": uuid4(), "DateTimeField": MOMENT, "CharField": "x"}
    value = values.get(LedgerEntry._meta.get_field(name).get_internal_type(), 7)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("ALTER TABLE ai_ledgerentry DROP CONSTRAINT ledger_entry_moves_by_its_kind")
        cursor.execute(f"UPDATE ai_ledgerentry SET {name} = %s WHERE id = %s", [value, entry.id])
        found = [str(finding.kind) for chain in audit.chains(LEDGER) for finding in audit.verify(chain, LEDGER).findings]
        transaction.set_rollback(True)
    return found


def test_every_column_of_the_ledger_but_the_seal_is_hashed():
    seal = {"chain", "sequence", "previous_hash", "hash"}
    assert set(LEDGER.linked) == {field.attname for field in LedgerEntry._meta.concrete_fields} - seal


def test_f18_of_two_hundred_parallel_orders_on_a_budget_for_ten_exactly_ten_are_taken(vendor, workspace):
    price = order(workspace).reserved_nanousd
    allow(workspace, ai_budget_microusd=-(-11 * price // 1000), ai_generations=None)
    start = threading.Barrier(20)

    def spend(number: int) -> bool:
        if number < 20:
            start.wait()
        try:
            order(workspace)
        except BudgetExceeded:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(20) as pool:
        taken = list(pool.map(spend, range(200)))
    assert (sum(taken), plan_budget(workspace), Generation.objects.count(), LedgerEntry.objects.count()) == (10, 11 * price, 11, 11)


MOVES = st.lists(st.tuples(st.sampled_from(["hold", "let_go"]), st.integers(1, 400), st.integers(0, 40)), max_size=30)


@given(MOVES)
def test_budget_counts_what_was_ordered_in_its_span_and_never_passes_its_bound(moves):
    """Hold a model of the day's and the month's budget against the database's, over orders of several days."""
    with transaction.atomic(), connection.cursor() as cursor:
        workspace_id, expected, spans = (
            make_bounded_workspace(cursor),
            {"day": 0, "month": 0},
            {"day": MOMENT.date(), "month": MOMENT.date().replace(day=1)},
        )
        for move, amount, day in moves:
            moment = MOMENT + timedelta(days=day)
            current = {"day": moment.date(), "month": moment.date().replace(day=1)}
            if move == "let_go":
                cursor.execute("SELECT ai_let_go(%s, NULL, NULL, %s, %s)", [workspace_id, amount, moment])
                expected = {p: max(0, used - amount) if spans[p] == current[p] else used for p, used in expected.items()}
                continue
            fresh = {period: 0 if spans[period] < current[period] else expected[period] for period in expected}
            fits = all(spans[p] > current[p] or fresh[p] + amount <= bound for p, bound in (("day", 500), ("month", 1000)))
            with transaction.atomic():
                cursor.execute("SELECT level FROM ai_hold(%s, NULL, NULL, %s, %s, false)", [workspace_id, amount, moment])
                refused = cursor.fetchone()
                transaction.set_rollback(refused is not None)
            assert (refused is None) == fits
            if fits:
                for period in expected:
                    if spans[period] <= current[period]:
                        expected[period], spans[period] = fresh[period] + amount, current[period]
        cursor.execute(
            "SELECT period, used_nanousd, starts_on FROM ai_budget WHERE workspace_id = %s AND level = 'workspace'", [workspace_id]
        )
        found = {period: (used, starts_on) for period, used, starts_on in cursor.fetchall()}
        assert found == {period: (expected[period], spans[period]) for period in expected}
        transaction.set_rollback(True)


def make_bounded_workspace(cursor):
    workspace = Workspace.objects.create(name="Bounded", limits={"ai_budget_microusd": {"value": None, "lifted_by": None}})
    for period, bound, starts_on in (("day", 500, MOMENT.date()), ("month", 1000, MOMENT.date().replace(day=1))):
        Budget.objects.create(
            workspace=workspace, level="workspace", subject_id=workspace.id, period=period, limit_nanousd=bound, starts_on=starts_on
        )
    return workspace.id


def test_orders_beside_releases_never_wait_for_each_other(vendor, workspace):
    allow(workspace, ai_generations=None)
    generations = [order(workspace) for _number in range(20)]

    def work(number: int) -> str:
        try:
            if number % 2:
                return services.cancel_generation(generation=generations[number // 2]).status
            return order(workspace).status
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(work, range(40)))
    assert (told.count("cancelled"), plan_budget(workspace)) == (20, LedgerEntry.objects.aggregate(sum=Sum("amount_nanousd"))["sum"])


def test_generation_without_a_plans_budget_left_is_refused_before_any_call(vendor, api, workspace):
    allow(workspace, ai_budget_microusd=1)
    answer = api.post("/api/v1/content/generate", {"kind": "post", "prompt": "My new cooking series"})
    limit = answer.json()["limit"]
    assert (answer.status_code, answer.json()["code"], limit["level"], limit["period"], limit["value"], limit["used"]) == (
        402,
        "budget_exceeded",
        "plan",
        "month",
        1,
        0,
    )
    assert (limit["resets_at"][8:], Generation.objects.count(), LedgerEntry.objects.count(), Budget.objects.count()) == (
        "01T00:00:00Z",
        0,
        0,
        0,
    )


def test_call_beyond_what_is_left_of_a_budget_is_not_made(vendor, workspace):
    generation = order(workspace)
    allow(workspace, ai_budget_microusd=-(-generation.reserved_nanousd // 1000))
    vendor.script(DEAREST)
    run(generation)
    assert (generation.error["code"], held(generation), plan_budget(workspace) <= generation.reserved_nanousd) == (
        "budget_exceeded",
        0,
        True,
    )


def verify() -> tuple[int, list[str]]:
    """Run `manage.py verifyledger`; return its exit code and the lines that it prints."""
    out = StringIO()
    try:
        call_command("verifyledger", stdout=out)
    except SystemExit as end:
        return int(end.code), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def overwrite(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ai_ledgerentry DISABLE TRIGGER ledger_seal")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE ai_ledgerentry ENABLE TRIGGER ledger_seal")


def test_costs_follow_from_tokens_and_prices(vendor, workspace):
    run(order(workspace))
    ledger.seal()
    assert verify() == (0, ["1 chains, 3 entries sealed, 0 not yet: 0 damages, 0 drifts."])


def test_cost_that_does_not_follow_is_found_with_what_it_should_be(vendor, workspace):
    generation = run(order(workspace))
    overwrite("UPDATE ai_ledgerentry SET amount_nanousd = amount_nanousd - 1 WHERE kind = 'settle'")
    overwrite("UPDATE ai_ledgerentry SET amount_nanousd = amount_nanousd + 1 WHERE kind = 'release'")
    entry, cost = LedgerEntry.objects.get(kind="settle"), generation.cost_nanousd
    assert verify() == (
        1,
        [
            f"generation {generation.id}, entry {entry.id}: {cost + 1} nano-dollars stored, {cost} expected",
            "1 chains, 0 entries sealed, 3 not yet: 0 damages, 1 drifts.",
        ],
    )


def test_ended_generation_that_holds_something_is_found(vendor, workspace):
    generation = run(order(workspace))
    overwrite("UPDATE ai_ledgerentry SET amount_nanousd = amount_nanousd + 5 WHERE kind = 'reserve'")
    assert verify()[1][0] == f"generation {generation.id}, all entries: 5 nano-dollars stored, 0 expected"


def test_nightly_proof_reports_drift_once_as_an_event(vendor, workspace, caplog):
    run(order(workspace))
    assert services.report_drift() == 0
    overwrite("UPDATE ai_ledgerentry SET output_tokens = output_tokens + 9 WHERE kind = 'settle'")
    assert (services.report_drift(), [event.data for event in Event.objects.filter(type="ledger.drifted")]) == (1, [{"entries": 1}])
    assert [record.levelname for record in caplog.records if record.name == "ai.services.proof"] == ["ERROR"]
