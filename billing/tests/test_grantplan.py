from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.models import PlanGrant

pytestmark = pytest.mark.django_db


def grantplan(*arguments):
    out = StringIO()
    call_command("grantplan", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("name", ["email", "default_workspace_id"])
def test_grantplan_takes_an_email_or_a_workspace(owner, name):
    said = grantplan(str(getattr(owner, name)), "pro", "--forever", "--reason", "Partner")
    owner.default_workspace.refresh_from_db()
    workspace = owner.default_workspace
    assert (workspace.plan, said) == ("pro", f"Granted pro for good to Olive Owner ({workspace.id}), which is on pro now.\n")


def test_grantplan_counts_days(owner):
    grantplan(owner.email, "pro", "--days", "14", "--reason", "Trial")
    left = PlanGrant.objects.get().ends_at - timezone.now()
    assert timedelta(days=14) - timedelta(minutes=1) < left <= timedelta(days=14)


@pytest.mark.parametrize("text", ["2099-01-31T00:00:00Z", "2099-01-31T00:00:00", "2099-01-31T01:00:00+01:00"])
def test_grantplan_takes_a_time(owner, text):
    grantplan(owner.email, "pro", "--until", text, "--reason", "Contract")
    assert PlanGrant.objects.get().ends_at == datetime(2099, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nobody@example.com", "pro", "--forever", "--reason", "x"], "There is no workspace or person 'nobody@example.com'"),
        (["00000000-0000-0000-0000-000000000000", "pro", "--forever", "--reason", "x"], "There is no workspace or person"),
        (["owner@example.com", "pro", "--days", "0", "--reason", "x"], "would end before it starts"),
        (["owner@example.com", "pro", "--until", "yesterday", "--reason", "x"], "'yesterday' is not a time"),
        (["owner@example.com", "pro", "--until", "2020-13-01T00:00:00Z", "--reason", "x"], "is not a time"),
        (["owner@example.com", "gold", "--forever", "--reason", "x"], "invalid choice: 'gold'"),
        (["owner@example.com", "pro", "--reason", "x"], "one of the arguments --days --until --forever is required"),
        (["owner@example.com", "pro", "--forever", "--days", "3", "--reason", "x"], "not allowed with argument"),
        (["owner@example.com", "pro", "--forever", "--reason", ""], "needs a reason"),
    ],
)
def test_grantplan_refuses_what_it_cannot_do(owner, arguments, problem):
    with pytest.raises(CommandError, match=problem):
        grantplan(*arguments)
    assert not PlanGrant.objects.exists()
