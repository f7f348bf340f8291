from contextlib import suppress
from datetime import UTC, datetime
from threading import Barrier, BrokenBarrierError
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError
from hypothesis import given
from hypothesis import strategies as st

from accounts import limits
from accounts.limits import PlanLimitReached
from accounts.models import MemberRole, Membership
from accounts.tests.factories import add_member, make_user, make_workspace
from accounts.tests.parallel import in_parallel

pytestmark = pytest.mark.django_db
# Members stand for what a limit counts: rows that belong to the workspace.
LIMIT = "test_members"
limits.register(LIMIT, lambda workspace_id: Membership.objects.filter(workspace_id=workspace_id).count())


def workspace_with(value, lifted_by="pro"):
    return make_workspace(limits={LIMIT: {"value": value, "lifted_by": lifted_by}})


def test_limit_lets_pass_what_still_fits(owner):
    workspace = make_workspace(owner=owner, limits={LIMIT: {"value": 2, "lifted_by": "pro"}})
    limits.require(workspace_id=workspace.id, limit=LIMIT, amount=1)
    with pytest.raises(PlanLimitReached):
        limits.require(workspace_id=workspace.id, limit=LIMIT, amount=2)


def test_limit_refuses_one_too_many_and_says_why(owner):
    workspace = workspace_with(1)
    add_member(workspace, owner, MemberRole.EDITOR)
    with pytest.raises(PlanLimitReached) as refusal:
        limits.require(workspace_id=workspace.id, limit=LIMIT)
    assert (refusal.value.status, refusal.value.code, refusal.value.extra) == (
        402,
        "plan_limit_reached",
        {"limit": {"name": LIMIT, "used": 1, "value": 1, "resets_at": None, "lifted_by": "pro"}},
    )


def test_limit_counts_the_amount_that_is_asked_for():
    workspace = workspace_with(5)
    limits.require(workspace_id=workspace.id, limit=LIMIT, amount=5)
    with pytest.raises(PlanLimitReached):
        limits.require(workspace_id=workspace.id, limit=LIMIT, amount=6)


def test_unlimited_is_not_counted(django_assert_num_queries):
    workspace = workspace_with(None, None)
    with django_assert_num_queries(1):
        limits.require(workspace_id=workspace.id, limit=LIMIT, amount=1_000_000)


def test_limited_costs_the_lock_and_the_count(django_assert_num_queries):
    workspace = workspace_with(5)
    with django_assert_num_queries(2):
        limits.require(workspace_id=workspace.id, limit=LIMIT)


def test_limit_that_billing_did_not_write_is_an_error():
    workspace = make_workspace(limits={})
    with pytest.raises(LookupError):
        limits.require(workspace_id=workspace.id, limit=LIMIT)


def test_limit_that_nobody_registered_is_an_error():
    with pytest.raises(LookupError):
        limits.require(workspace_id=uuid4(), limit="wishes")


def test_monthly_limit_resets_with_the_next_month():
    workspace = make_workspace(limits={"ai_generations": {"value": 0, "lifted_by": "pro"}})
    with pytest.raises(PlanLimitReached) as refusal:
        limits.require(workspace_id=workspace.id, limit="ai_generations")
    assert refusal.value.extra["limit"]["resets_at"] == limits.next_month(datetime.now(UTC))


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001  (hypothesis wants it naive)
def test_next_month_is_the_first_instant_after_this_month(now):
    start = limits.next_month(now)
    months = (start.year - now.year) * 12 + start.month - now.month
    assert (months, start.day, start.hour, start.minute, start.second, start.microsecond) == (1, 1, 0, 0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_limit_outside_a_transaction_is_an_error():
    workspace = workspace_with(1)
    with pytest.raises(TransactionManagementError):
        limits.require(workspace_id=workspace.id, limit=LIMIT)


@pytest.mark.django_db(transaction=True)
def test_of_fifty_parallel_creations_at_the_last_place_one_succeeds():
    workspace = workspace_with(1)
    people = [make_user() for _ in range(50)]
    two_inside = Barrier(2)

    def join():
        with transaction.atomic():
            limits.require(workspace_id=workspace.id, limit=LIMIT)
            with suppress(BrokenBarrierError):  # whoever gets here waits for a second one, who must never come
                two_inside.wait(timeout=0.5)
            return add_member(workspace, people.pop(), MemberRole.EDITOR)

    results = in_parallel(join, 50)
    assert sorted(type(result).__name__ for result in results) == ["Membership"] + ["PlanLimitReached"] * 49
    assert Membership.objects.filter(workspace=workspace).count() == 1
