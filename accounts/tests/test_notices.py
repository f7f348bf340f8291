"""Telling people what concerns them."""

from datetime import date

import pytest

from accounts import notices
from accounts.models import User
from accounts.tests.factories import make_user
from accounts.tests.letters import templates
from huntaze.models import AuditEntry, Event, OutgoingEmail

pytestmark = pytest.mark.django_db
SAID = {
    "device": "Firefox, Linux",
    "address": "203.0.113.7",
    "old": "old@example.com",
    "new": "new@example.com",
    "method": "TOTP",
    "added": True,
    "key": "Importer",
    "erased_on": date(2026, 12, 24),
}


def context_of(kind: str) -> dict:
    return {name: SAID.get(name, f"the {name}") for name in notices.KINDS[kind].says}


@pytest.mark.parametrize("kind", notices.KINDS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_kind_is_mailed_with_all_that_it_says(kind, language, owner):
    User.objects.filter(id=owner.id).update(language=language)
    owner.refresh_from_db()
    notices.tell(user=owner, kind=kind, context=context_of(kind))
    email = OutgoingEmail.objects.get()
    missing = [value for value in context_of(kind).values() if isinstance(value, str) and not (value in email.text and value in email.html)]
    assert (missing, email.language, bool(email.subject), "{" in email.text + email.html) == ([], language, True, False)


def test_notice_is_an_event_without_what_it_says(owner):
    notices.tell(user=owner, kind="api_key_created", context={"key": "Importer"})
    event = Event.objects.get(type="notice.api_key_created")
    assert (event.subject_id, event.workspace_id, event.data) == (owner.id, owner.default_workspace_id, {})


def test_times_are_in_the_zone_of_the_person():
    user = make_user(timezone="Asia/Tokyo")
    notices.tell(user=user, kind="password_changed")
    assert "JST" in OutgoingEmail.objects.get().text


def test_notice_can_go_to_the_address_that_was(owner):
    notices.tell(user=owner, kind="email_changed", context={"old": "old@example.com", "new": owner.email}, to="old@example.com")
    assert OutgoingEmail.objects.get().to == "old@example.com"


def test_unwanted_kind_is_an_event_only(owner):
    notices.prefer(user=owner, kind="email_verified", by_email=False)
    notices.tell(user=owner, kind="email_verified")
    assert (templates(), Event.objects.filter(type="notice.email_verified").count()) == ([], 1)


def test_wanted_again_is_mailed_again(owner):
    for by_email in (False, True):
        notices.prefer(user=owner, kind="email_verified", by_email=by_email)
    notices.tell(user=owner, kind="email_verified")
    assert templates() == ["email_verified"]


def test_preference_is_audited(owner):
    notices.prefer(user=owner, kind="email_verified", by_email=False)
    assert AuditEntry.objects.get(action="notices.prefer").changes == {"email_verified": [True, False]}


def test_notice_of_security_cannot_be_switched_off(owner):
    with pytest.raises(LookupError, match="cannot be switched off"):
        notices.prefer(user=owner, kind="password_changed", by_email=False)


@pytest.mark.parametrize(("kind", "context"), [("gossip", {}), ("password_changed", {"secret": "x"}), ("api_key_created", {})])
def test_notice_that_is_not_declared_so_is_refused(owner, kind, context):
    with pytest.raises(LookupError):
        notices.tell(user=owner, kind=kind, context=context)
