"""The demo's accounts."""

import os

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from content.models import ContentAsset
from huntaze.management.commands import seed_demo

pytestmark = pytest.mark.django_db


@pytest.fixture
def passwords():
    names = ("HUNTAZE_DEMO_PASSWORD", "HUNTAZE_DEMO_STAFF_PASSWORD")
    os.environ.update(dict.fromkeys(names, "copper kettle on the ninth floor"))
    yield
    for name in names:
        del os.environ[name]


def test_demo_has_a_creator_on_enterprise_and_a_member_of_staff(passwords):
    call_command("seed_demo")
    creator, staff = User.objects.get(email=seed_demo.CREATOR), User.objects.get(email=seed_demo.STAFF)
    assert (creator.subscription, creator.is_staff, staff.is_staff, staff.is_superuser) == ("enterprise", False, True, True)


def test_seeding_twice_changes_nothing(passwords):
    call_command("seed_demo")
    call_command("seed_demo")
    assert (User.objects.count(), ContentAsset.objects.count()) == (2, 3)


def test_seeding_without_passwords_is_refused(db):
    with pytest.raises(CommandError):
        call_command("seed_demo")
