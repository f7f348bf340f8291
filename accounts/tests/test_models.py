import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import MemberRole, Membership, RevokedReason, Role, Session, User
from accounts.tests.factories import PASSWORD, add_member, make_user, make_workspace

pytestmark = pytest.mark.django_db


def refused(make):
    """Tell whether the database refuses what `make` writes."""
    try:
        with transaction.atomic():
            make()
    except IntegrityError:
        return True
    return False


def test_email_is_unique_whatever_its_case(owner):
    assert refused(lambda: User.objects.create_user(email=owner.email.upper(), password=None, name="Twin"))


def test_email_of_a_deleted_account_can_register_again(owner):
    User.objects.filter(id=owner.id).update(deleted_at=timezone.now())
    again = make_user(email=owner.email.upper())
    assert User.objects.get_by_natural_key(owner.email) == again


def test_admin_role_makes_staff(owner):
    User.objects.filter(id=owner.id).update(role=Role.ADMIN)
    assert list(User.objects.filter(is_staff=True)) == [owner]


@pytest.mark.parametrize("column", ["deleted_at", "suspended_at"])
def test_account_that_is_deleted_or_suspended_is_not_active(owner, stranger, column):
    User.objects.filter(id=owner.id).update(**{column: timezone.now()})
    assert list(User.everyone.filter(is_active=True)) == [stranger]


def test_deleted_account_is_found_among_everyone_only(owner):
    User.objects.filter(id=owner.id).update(deleted_at=timezone.now())
    assert (list(User.objects.all()), list(User.everyone.all())) == ([], [owner])


def test_unknown_role_is_refused(owner):
    assert refused(lambda: User.objects.filter(id=owner.id).update(role="king"))


def test_workspace_has_one_owner(owner, stranger):
    assert refused(lambda: add_member(owner.default_workspace, stranger, MemberRole.OWNER))


def test_person_is_a_member_once(owner):
    assert refused(lambda: add_member(owner.default_workspace, owner, MemberRole.EDITOR))


def test_person_may_own_several_workspaces(owner):
    make_workspace(owner=owner)
    assert Membership.objects.filter(user=owner, role=MemberRole.OWNER).count() == 2


def test_session_is_revoked_for_a_reason(owner):
    assert refused(lambda: Session.objects.create(user=owner, revoked_at=timezone.now()))


def test_session_that_runs_has_no_reason(owner):
    assert refused(lambda: Session.objects.create(user=owner, revoked_reason=RevokedReason.SIGNED_OUT))


def test_subscription_is_the_plan_of_the_default_workspace(owner):
    owner.default_workspace.plan = "pro"
    assert owner.subscription == "pro"


def test_django_signs_in_by_email_whatever_its_case(rf, owner):
    assert authenticate(rf.get("/"), username=owner.email.upper(), password=PASSWORD) == owner


def test_django_refuses_a_deleted_account(rf, owner):
    User.objects.filter(id=owner.id).update(deleted_at=timezone.now())
    assert authenticate(rf.get("/"), username=owner.email, password=PASSWORD) is None


def test_createsuperuser_makes_staff_with_a_workspace(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email="root@example.com", name="Root", interactive=False, verbosity=0)
    root = User.objects.get_by_natural_key("root@example.com")
    assert (root.is_staff, root.is_superuser, root.memberships.get().role) == (True, True, MemberRole.OWNER)
