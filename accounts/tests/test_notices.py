"""Telling people what concerns them."""

from datetime import date

import pytest
from django.utils import timezone

from accounts import notices, services
from accounts.models import User
from accounts.tests.factories import add_member, client_of, make_user
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
    "received": False,
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


def prefer(user: User, **by_email: bool) -> None:
    notices.prefer(user_id=user.id, workspace_id=user.default_workspace_id, by_email=by_email)


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
    prefer(owner, email_verified=False)
    notices.tell(user=owner, kind="email_verified")
    assert (templates(), Event.objects.filter(type="notice.email_verified").count()) == ([], 1)


def test_wanted_again_is_mailed_again(owner):
    for by_email in (False, True):
        prefer(owner, email_verified=by_email)
    notices.tell(user=owner, kind="email_verified")
    assert templates() == ["email_verified"]


def test_preference_is_audited(owner):
    prefer(owner, email_verified=False, role_changed=True)
    assert AuditEntry.objects.get(action="notices.prefer").changes == {"email_verified": [True, False]}


def test_preference_that_changes_nothing_is_not_audited(owner):
    prefer(owner, email_verified=True, password_changed=True)
    assert AuditEntry.objects.filter(action="notices.prefer").count() == 0


def test_notice_of_security_cannot_be_switched_off(owner):
    with pytest.raises(LookupError, match="cannot be switched off"):
        prefer(owner, password_changed=False)


@pytest.mark.parametrize(("kind", "context"), [("gossip", {}), ("password_changed", {"secret": "x"}), ("api_key_created", {})])
def test_notice_that_is_not_declared_so_is_refused(owner, kind, context):
    with pytest.raises(LookupError):
        notices.tell(user=owner, kind=kind, context=context)


# What others do to one's place in a workspace


@pytest.fixture
def member(workspace):
    """Return somebody who belongs to the owner's workspace."""
    person = make_user(email="member@example.com", name="Mia Member")
    add_member(workspace, person, "editor")
    return person


def told() -> list[tuple[str, str]]:
    """Return who was written to, with which template."""
    return [(email.to, email.template.rpartition("/")[2]) for email in OutgoingEmail.objects.order_by("pk")]


def test_changed_role_is_told_in_words(api, workspace, member):
    User.objects.filter(id=member.id).update(language="fr")
    for _ in range(2):
        api.patch(f"/api/v1/workspaces/{workspace.id}/members/{member.id}", {"role": "analyst"})
    assert (told(), "analyste" in OutgoingEmail.objects.get().text) == ([("member@example.com", "role_changed")], True)


def test_removed_member_is_told(api, workspace, member):
    api.delete(f"/api/v1/workspaces/{workspace.id}/members/{member.id}")
    assert told() == [("member@example.com", "member_removed")]


def test_member_who_leaves_is_told_nothing(workspace, member):
    answer = client_of(member).delete(f"/api/v1/workspaces/{workspace.id}/members/{member.id}", HTTP_HUNTAZE_WORKSPACE=str(workspace.id))
    assert (answer.status_code, told()) == (204, [])


def test_deleted_member_is_told_nothing(api, workspace, member):
    User.objects.filter(id=member.id).update(deleted_at=timezone.now())
    services.remove_member(workspace_id=workspace.id, user_id=member.id)
    assert told() == []


def test_handing_on_is_told_to_both(api, workspace, member):
    api.patch(f"/api/v1/workspaces/{workspace.id}/members/{member.id}", {"role": "owner"})
    assert told() == [("owner@example.com", "ownership_changed"), ("member@example.com", "ownership_changed")]
    assert ["handed to you" in email.text for email in OutgoingEmail.objects.order_by("pk")] == [False, True]


# The account page


@pytest.fixture
def browser(client, owner):
    """Return a browser that is signed in as the owner."""
    client.force_login(owner)
    return client


def test_page_offers_what_can_be_switched_off_and_names_the_rest(browser):
    answer = browser.get("/accounts/notices/")
    optional = [kind for kind, about in notices.KINDS.items() if not about.security]
    assert (list(answer.context["form"].fields), len(answer.context["always"])) == (optional, len(notices.KINDS) - len(optional))


def test_page_switches_off_what_is_not_ticked(browser, owner):
    answer = browser.post("/accounts/notices/", {"role_changed": "on"})
    off = [kind for kind, wanted in notices.preferences_of(owner.id).items() if not wanted]
    assert (answer.status_code, off) == (302, ["email_verified", "member_removed", "ai_budget", "ai_spending", "ai_model_retiring"])


def test_page_cannot_switch_off_a_notice_of_security(browser, owner):
    browser.post("/accounts/notices/", {"password_changed": ""})
    assert notices.preferences_of(owner.id)["password_changed"] is True
