"""Staff acting as a person: who may, what is said of it, what is refused meanwhile, and what ends it."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts import services
from accounts.impersonation import STATE
from accounts.models import Role, Session, User
from accounts.tests.factories import make_user, sign_in
from huntaze.models import AuditEntry, OutgoingEmail

pytestmark = pytest.mark.django_db

REFUSED = [
    ("get", "/accounts/password/change/"),
    ("post", "/accounts/password/change/"),
    ("get", "/accounts/2fa/"),
    ("get", "/accounts/2fa/recovery-codes/"),
    ("post", "/accounts/2fa/totp/activate/"),
    ("get", "/accounts/reauthenticate/"),
    ("post", "/accounts/email/"),
    ("post", "/accounts/sessions/end-others/"),
    ("get", "/accounts/authorize"),
    ("post", "/accounts/logout/"),
    ("post", "/accounts/login/"),
    ("get", "/admin/"),
    ("post", "/admin/login/"),
]


@pytest.fixture
def staff():
    """Return a superuser."""
    return make_user(email="staff@example.com", role=Role.ADMIN, is_superuser=True)


@pytest.fixture
def impersonating(client, staff, owner):
    """Return the browser of the member of staff, who acts as the owner."""
    client.force_login(staff)
    begin(client, owner)
    return client


def begin(client, person, reason="Ticket 7"):
    return client.post(f"/admin/accounts/user/{person.id}/act/impersonate/", {"confirmed": "yes", "reason": reason})


def state_of(client):
    return client.session.get(STATE)


def move(client, **changes):
    session = client.session
    session[STATE] = {**session[STATE], **changes}
    session.save()


def entries(action):
    return AuditEntry.objects.filter(action=action)


def test_start_leads_to_the_persons_pages(client, staff, owner):
    client.force_login(staff)
    answer = begin(client, owner)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/sessions/")
    assert client.get("/accounts/sessions/").context["user"].pk == owner.pk


def test_start_is_audited_with_the_reason_by_the_member_of_staff(impersonating, staff, owner):
    entry = entries("impersonation.start").get()
    assert (entry.actor_kind, entry.actor_id, entry.subject_id, entry.changes) == (
        "staff",
        staff.id,
        owner.id,
        {"reason": [None, "Ticket 7"]},
    )


def test_person_is_told_with_the_reason(impersonating, owner):
    mail = OutgoingEmail.objects.get(template="accounts/mail/impersonated")
    assert (mail.to, "Ticket 7" in mail.text) == (owner.email, True)


@pytest.mark.parametrize("is_superuser", [False, True])
def test_staff_are_never_impersonated(is_superuser, client, staff):
    colleague = make_user(role=Role.ADMIN, is_superuser=is_superuser)
    client.force_login(staff)
    answer = begin(client, colleague)
    assert (answer["Location"], state_of(client)) == (f"/admin/accounts/user/{colleague.id}/change/", None)


@pytest.mark.parametrize(("is_superuser", "rights", "may"), [(False, [], False), (False, ["impersonate_user"], True), (True, [], True)])
def test_right_to_impersonate_is_asked_for(is_superuser, rights, may, owner):
    person = make_user(role=Role.ADMIN, is_superuser=is_superuser)
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    assert services.may_impersonate(hijacker=person, hijacked=owner) is may


def test_suspended_person_is_not_impersonated(client, staff, owner):
    services.suspend_account(user_id=owner.id, reason="Chargebacks", actor_id=staff.id)
    client.force_login(staff)
    begin(client, owner)
    assert state_of(client) is None


@pytest.mark.parametrize("path", ["/accounts/sessions/", "/accounts/email/", "/accounts/password/change/"])
def test_banner_is_on_every_page_once(path, impersonating, owner):
    page = impersonating.get(path).content.decode()
    assert (page.count('class="impersonation"'), page.count("/accounts/impersonation/stop/"), owner.email in page) == (1, 1, True)


def test_others_see_no_banner(client, owner):
    client.force_login(owner)
    assert 'class="impersonation"' not in client.get("/accounts/sessions/").content.decode()


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_what_only_the_person_may_do_is_refused(method, path, impersonating):
    before = AuditEntry.objects.count()
    answer = getattr(impersonating, method)(path)
    assert (answer.status_code, answer.templates[0].name, AuditEntry.objects.count()) == (403, "hijack/refused.html", before)


def test_entry_that_is_written_meanwhile_names_both(impersonating, staff, owner):
    session_id = sign_in(owner).principal.session_id
    impersonating.post(f"/accounts/sessions/{session_id}/end/")
    entry = entries("session.revoke").get(subject_id=session_id)
    assert (entry.actor_id, entry.impersonated_by) == (owner.id, staff.id)


def test_stop_brings_the_member_of_staff_back(impersonating, staff, owner):
    before = state_of(impersonating)["before"]
    answer = impersonating.post("/accounts/impersonation/stop/")
    assert (answer["Location"], dict(impersonating.session.items())) == (f"/admin/accounts/user/{owner.id}/change/", before)
    assert impersonating.get(answer["Location"]).status_code == 200


def test_stop_is_audited_and_ends_the_persons_browser_session(impersonating, staff, owner):
    impersonating.post("/accounts/impersonation/stop/")
    entry = entries("impersonation.stop").get()
    assert (entry.actor_kind, entry.actor_id, entry.subject_id, entry.impersonated_by) == ("staff", staff.id, owner.id, None)
    assert [session.revoked_reason for session in Session.objects.filter(user=owner)] == ["ended_by_staff"]


def test_cookie_of_before_and_of_meanwhile_are_both_gone_after_stop(impersonating):
    old = impersonating.cookies["sessionid"].value
    impersonating.post("/accounts/impersonation/stop/")
    new = impersonating.cookies["sessionid"].value
    impersonating.cookies["sessionid"] = old
    assert (old != new, impersonating.get("/accounts/sessions/").status_code) == (True, 302)


def test_nothing_is_stopped_for_others(client, owner):
    client.force_login(owner)
    assert client.post("/accounts/impersonation/stop/")["Location"] == "/accounts/"


def test_it_lasts_thirty_minutes_at_most(impersonating):
    assert timedelta(minutes=29) < datetime.fromisoformat(state_of(impersonating)["ends_at"]) - timezone.now() <= timedelta(minutes=30)
    move(impersonating, ends_at=timezone.now().isoformat())
    answer = impersonating.post("/accounts/language/", {"language": "fr"})
    assert (answer.status_code, answer["Location"].startswith("/admin/accounts/user/"), state_of(impersonating)) == (302, True, None)
    assert entries("impersonation.stop").get().changes == {"because": [None, "time_is_over"]}


def test_it_ends_with_the_session_of_the_member_of_staff(impersonating, staff):
    services.end_sessions(user_id=staff.id, actor_id=staff.id)
    answer = impersonating.get("/accounts/sessions/")
    assert (answer.status_code, impersonating.get(answer["Location"]).status_code) == (302, 302)
    assert entries("impersonation.stop").get().changes == {"because": [None, "staff_signed_out"]}


def test_it_ends_when_the_person_ends_the_session(impersonating, owner):
    services.sign_out_everywhere(user_id=owner.id)
    answer = impersonating.get("/accounts/sessions/")
    assert impersonating.get(answer["Location"]).status_code == 200
    assert entries("impersonation.stop").get().changes == {"because": [None, "session_ended"]}


def test_it_ends_when_the_right_is_taken_away(impersonating, staff):
    User.objects.filter(id=staff.id).update(is_superuser=False)
    impersonating.get("/accounts/sessions/")
    assert entries("impersonation.stop").get().changes == {"because": [None, "not_allowed"]}


def test_sign_in_of_the_person_is_not_touched(impersonating, owner):
    owner.refresh_from_db()
    assert owner.last_login is None


def test_page_costs_four_queries_more(impersonating, owner, client, django_assert_num_queries):
    other = type(client)()
    other.force_login(owner)
    with django_assert_num_queries(4):
        other.get("/accounts/sessions/")
    with django_assert_num_queries(8):
        impersonating.get("/accounts/sessions/")
