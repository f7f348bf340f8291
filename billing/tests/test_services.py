from datetime import timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Workspace
from accounts.tests.factories import make_workspace, sign_in
from billing import services
from billing.models import PlanGrant
from billing.plans import limits_for
from billing.tasks import end_grants
from huntaze.models import AuditEntry, Event

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def workspace():
    return make_workspace()


def grant(workspace, plan, **span):
    return services.grant_plan(workspace_id=workspace.id, plan=plan, reason="test", **span)


def pass_time(by):
    """Make every grant, and every planned look at a plan, `by` older."""
    for row in PlanGrant.objects.all():
        PlanGrant.objects.filter(id=row.id).update(starts_at=row.starts_at - by, ends_at=row.ends_at and row.ends_at - by)
    for row in Workspace.objects.exclude(plan_until=None):
        Workspace.objects.filter(id=row.id).update(plan_until=row.plan_until - by)


def plan_of(workspace):
    workspace.refresh_from_db()
    return workspace.plan


def test_new_workspace_is_on_the_default_plan(workspace):
    assert (workspace.plan, workspace.plan_source, workspace.plan_until, workspace.limits) == ("free", "default", None, limits_for("free"))


def test_default_plan_is_a_setting(settings):
    settings.DEFAULT_PLAN = "pro"
    workspace = make_workspace()
    assert (workspace.plan, workspace.limits) == ("pro", limits_for("pro"))


def test_grant_gives_the_plan_and_its_limits(workspace):
    grant(workspace, "pro", ends_at=timezone.now() + DAY)
    workspace.refresh_from_db()
    assert (workspace.plan, workspace.plan_source, workspace.limits) == ("pro", "grant", limits_for("pro"))


def test_grant_shows_in_the_next_request(owner):
    grant(owner.default_workspace, "enterprise")
    assert sign_in(owner).principal.daily_requests == 500_000


def test_grant_ends(workspace):
    grant(workspace, "pro", ends_at=timezone.now() + DAY)
    pass_time(2 * DAY)
    end_grants()
    assert (plan_of(workspace), workspace.plan_until, workspace.limits) == ("free", None, limits_for("free"))


def test_grant_without_an_end_stays(workspace):
    grant(workspace, "pro")
    pass_time(1000 * DAY)
    assert (services.end_grants(), plan_of(workspace)) == (0, "pro")


def test_future_grant_begins_when_its_time_comes(workspace):
    now = timezone.now()
    grant(workspace, "pro", starts_at=now + DAY, ends_at=now + 3 * DAY)
    before = plan_of(workspace)
    pass_time(2 * DAY)
    services.end_grants()
    during = plan_of(workspace)
    pass_time(2 * DAY)
    services.end_grants()
    assert (before, during, plan_of(workspace)) == ("free", "pro", "free")


def test_highest_of_overlapping_grants_wins_then_the_longer(workspace):
    now = timezone.now()
    grant(workspace, "enterprise", ends_at=now + DAY)
    grant(workspace, "pro", ends_at=now + 3 * DAY)
    first = plan_of(workspace)
    pass_time(2 * DAY)
    services.end_grants()
    assert (first, plan_of(workspace)) == ("enterprise", "pro")


def test_grant_never_lowers_the_default_plan(settings, workspace):
    settings.DEFAULT_PLAN = "enterprise"
    grant(workspace, "pro")
    assert plan_of(workspace) == "enterprise"


def test_migrate_applies_another_default_plan(settings, workspace, stranger):
    grant(stranger.default_workspace, "enterprise")
    settings.DEFAULT_PLAN = "pro"
    call_command("migrate", verbosity=0)
    assert (plan_of(workspace), plan_of(stranger.default_workspace)) == ("pro", "enterprise")


def test_migrate_applies_a_new_catalogue(workspace):
    Workspace.objects.filter(id=workspace.id).update(limits={"content_assets": {"value": 4, "lifted_by": "pro"}})
    call_command("migrate", verbosity=0)
    workspace.refresh_from_db()
    assert workspace.limits == limits_for("free")


def test_plans_that_are_true_are_left_alone(workspace):
    grant(workspace, "pro")
    assert services.apply_plans() == 0


def test_default_plan_above_a_grant_is_applied(settings, workspace):
    grant(workspace, "pro")
    settings.DEFAULT_PLAN = "enterprise"
    assert (services.apply_plans(), plan_of(workspace)) == (1, "enterprise")


def test_change_of_plan_is_audited_and_emitted_once(workspace):
    given = grant(workspace, "pro", ends_at=timezone.now() + DAY)
    services.apply_plan(workspace_id=workspace.id)
    assert [event.data for event in Event.objects.filter(type="workspace.plan_changed")] == [{"from": "free", "to": "pro"}]
    actions = AuditEntry.objects.filter(workspace_id=workspace.id).order_by("id").values_list("action", "subject_id")
    assert list(actions) == [("grant.create", given.id), ("workspace.change_plan", workspace.id)]


@pytest.mark.parametrize("starts", [-DAY, DAY])
def test_grant_ended_by_hand_gives_nothing_more(workspace, starts, stranger):
    given = grant(workspace, "pro", starts_at=timezone.now() + starts)
    services.end_grant(grant_id=given.id, actor_id=stranger.id)
    pass_time(10 * DAY)
    services.end_grants()
    assert (plan_of(workspace), AuditEntry.objects.get(action="grant.end").actor_id) == ("free", stranger.id)


@pytest.mark.parametrize("span", [{"ends_at": timezone.now() - DAY}, {"starts_at": timezone.now(), "ends_at": timezone.now() - DAY}])
def test_empty_span_is_refused(workspace, span):
    with pytest.raises(ValueError, match="would end before it starts"):
        grant(workspace, "pro", **span)


def test_grant_without_a_reason_is_refused(workspace):
    with pytest.raises(ValueError, match="needs a reason"):
        services.grant_plan(workspace_id=workspace.id, plan="pro", reason=" ")


def test_looking_for_ended_grants_makes_one_query(django_assert_num_queries):
    for _ in range(10):
        grant(make_workspace(), "pro", ends_at=timezone.now() + DAY)
    with django_assert_num_queries(1):
        services.end_grants()


def test_chore_looks_at_each_due_workspace_once():
    for _ in range(3):
        grant(make_workspace(), "pro", ends_at=timezone.now() + DAY)
    pass_time(2 * DAY)
    assert (services.end_grants(), services.end_grants()) == (3, 0)


def let_two_grants_end():
    """Return two workspaces whose plans are due, the one that was due first in front."""
    workspaces = [make_workspace(), make_workspace()]
    for days, workspace in enumerate(workspaces, 1):
        grant(workspace, "pro", ends_at=timezone.now() + days * DAY)
    pass_time(5 * DAY)
    return workspaces


def test_chore_goes_on_after_a_workspace_that_cannot_be_written(caplog):
    bad, good = let_two_grants_end()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # those of the rows above, or the table could not be altered
        cursor.execute(f"ALTER TABLE accounts_workspace ADD CONSTRAINT stuck CHECK (id <> '{bad.id}' OR plan = 'pro')")
    assert (services.end_grants(), plan_of(bad), plan_of(good)) == (1, "pro", "free")
    assert [record.getMessage() for record in caplog.records] == [f"The plan of workspace {bad.id} was not applied (IntegrityError)"]


@pytest.mark.django_db(transaction=True)
def test_chore_goes_on_while_another_transaction_holds_a_workspace(caplog):
    held, free = let_two_grants_end()
    with psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": psycopg.Cursor, "context": None}) as other:
        other.execute("SELECT 1 FROM accounts_workspace WHERE id = %s FOR UPDATE", [held.id])
        assert (services.end_grants(), plan_of(held), plan_of(free)) == (1, "pro", "free")
    assert [record.getMessage() for record in caplog.records] == [f"The plan of workspace {held.id} was not applied (OperationalError)"]
    assert (services.end_grants(), plan_of(held)) == (1, "free")


@pytest.mark.django_db(transaction=True)
def test_chore_goes_on_after_its_connection_was_cut(caplog):
    cut, free = let_two_grants_end()
    body = f"BEGIN IF NEW.id = ''{cut.id}'' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS '{body}'")
        cursor.execute("CREATE TRIGGER cut BEFORE UPDATE ON accounts_workspace FOR EACH ROW EXECUTE FUNCTION cut()")
    try:
        assert (services.end_grants(), plan_of(cut), plan_of(free)) == (1, "pro", "free")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION cut CASCADE")
    ours = [record.getMessage() for record in caplog.records if record.name == "billing.services"]
    assert ours == [f"The plan of workspace {cut.id} was not applied (OperationalError)"]
