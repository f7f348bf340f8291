"""Who is told of budgets that are nearly used, of unusual spending, and of models that end."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.tests.factories import add_member, make_user
from ai import services
from ai.models import AiAlert, Budget, LedgerEntry
from ai.services.alerts import _first
from huntaze.audit import first_id_at
from huntaze.models import Event, OutgoingEmail

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(db):
    """Return a member of the staff."""
    return make_user(role="admin")


def spend(workspace, dollars, *, member=None, days_ago=0) -> None:
    id_ = first_id_at(timezone.now() - timedelta(days=days_ago)).int + uuid4().int % 2**64
    entry = {"workspace_id": workspace.id, "generation_id": uuid4(), "task": "post", "kind": "settle", "usage_source": "reported"}
    LedgerEntry.objects.create(
        id=str(hex(id_))[2:].zfill(32), amount_nanousd=-int(dollars * 10**9), member_id=member and member.id, **entry
    )


def use(workspace, percent) -> None:
    """Let a share of the workspace's budget of a dollar for today be used."""
    fields = {"period": "day", "limit_nanousd": 10**9, "starts_on": timezone.now().date(), "used_nanousd": percent * 10**7}
    Budget.objects.update_or_create(workspace=workspace, level="workspace", subject_id=workspace.id, defaults=fields)


def told(kind) -> list[tuple]:
    """Return what was told, with to whom, as events say it; and forget it."""
    found = [event.data for event in Event.objects.filter(type=kind).order_by("id")]
    people = sorted(OutgoingEmail.objects.exclude(template__contains="verify").values_list("to", flat=True))
    Event.objects.all().delete()
    OutgoingEmail.objects.all().delete()
    return [(data, people) for data in found]


def warned(workspace, percent) -> list[int]:
    use(workspace, percent)
    services.watch_spending()
    return [data["percent"] for data, _people in told("ai_budget.neared")]


def long_ago() -> None:
    AiAlert.objects.update(told_at=timezone.now() - timedelta(days=2))


def test_budget_is_warned_of_at_80_and_at_95_percent_once_each(workspace):
    assert [warned(workspace, percent) for percent in (79, 80, 94, 95, 100)] == [[], [80], [], [95], []]


def test_budget_is_warned_of_again_in_its_next_span(workspace):
    first = warned(workspace, 80)
    long_ago()
    assert (first, warned(workspace, 80)) == ([80], [80])


def test_owner_and_manager_are_told_and_nobody_else(workspace, owner):
    manager, editor = make_user(), make_user()
    add_member(workspace, manager, "manager")
    add_member(workspace, editor, "editor")
    OutgoingEmail.objects.all().delete()
    use(workspace, 80)
    services.watch_spending()
    data = {"level": "workspace", "period": "day", "percent": 80, "used_microusd": 800_000, "limit_microusd": 1_000_000}
    assert told("ai_budget.neared") == [(data, sorted([owner.email, manager.email]))]


@pytest.mark.parametrize(("dollars", "alerts"), [(4.99, []), (5, ["member_day"])])
def test_member_who_spends_five_dollars_in_a_day_is_told_of(workspace, owner, dollars, alerts):
    spend(workspace, dollars, member=owner)
    for _run in range(2):
        services.watch_spending()
    assert [data["alert"] for data, _people in told("ai_spending.alerted")] == alerts


@pytest.mark.parametrize(("dollars", "alerts"), [(49.99, 0), (50, 1)])
def test_staff_is_told_of_fifty_dollars_a_day_over_all(workspace, staff, dollars, alerts):
    OutgoingEmail.objects.all().delete()
    spend(workspace, dollars)
    services.watch_spending()
    assert [(data["alert"], people) for data, people in told("ai_spending.alerted")] == [("overall_day", [staff.email])] * alerts


@pytest.mark.parametrize(
    ("usual", "dollars", "alerts"), [(1, 3, []), (1, 3.01, ["spike"]), (0, 9, []), (0.1, 0.99, []), (0.1, 1, ["spike"])]
)
def test_spike_is_more_than_three_times_the_mean_of_seven_days(workspace, usual, dollars, alerts):
    for days_ago in range(1, 8) if usual else ():
        spend(workspace, usual, days_ago=days_ago)
    spend(workspace, dollars)
    services.watch_spending()
    assert [data["alert"] for data, _people in told("ai_spending.alerted")] == alerts


@pytest.mark.parametrize(("minutes", "alerts"), [(29, 0), (31, 1)])
def test_alert_of_the_day_before_is_not_repeated_within_half_an_hour(workspace, owner, minutes, alerts):
    spend(workspace, 5, member=owner)
    services.watch_spending()
    told("ai_spending.alerted")
    moment = timezone.now()
    AiAlert.objects.update(told_at=moment - timedelta(minutes=minutes))
    assert _first("member_day", owner.id, since=moment) == bool(alerts)


@pytest.mark.parametrize(("days", "announced"), [(61, 0), (60, 1), (0, 1), (-1, 0)])
def test_retirement_is_announced_to_the_staff_sixty_days_ahead_and_once(catalogue, staff, settings, days, announced):
    settings.OPENAI_API_KEY = "sk-any"
    OutgoingEmail.objects.all().delete()
    catalogue.update(retires_on=None)
    catalogue.filter(provider__in=["openai", "azure"], name="gpt-4o").update(retires_on=timezone.now().date() + timedelta(days=days))
    for _run in range(2):
        services.announce_retirements()
    assert [(data["model"], people) for data, people in told("ai_model.retiring")] == [("openai/gpt-4o", [staff.email])] * announced
