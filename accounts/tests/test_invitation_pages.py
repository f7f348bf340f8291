"""The mailed link of an invitation, in a browser."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import Invitation, MemberRole, Membership
from accounts.services.invitations import hash_token
from accounts.tests.factories import PASSWORD, add_member, make_user
from accounts.tests.letters import answer_all, mailed_token, token_in
from billing.services import grant_plan

pytestmark = pytest.mark.django_db

PAGE = "/accounts/invitations/"
GUEST = "guest@example.com"


@pytest.fixture
def workspace(workspace):
    """Return the owner's workspace, on the plan with three seats."""
    grant_plan(workspace_id=workspace.id, plan="pro", reason="Seats are what is tried here.")
    return workspace


@pytest.fixture
def link(workspace, owner):
    """Return the path of the link that was mailed to a guest."""
    services.invite(workspace_id=workspace.id, email=GUEST, role="editor", invited_by_id=owner.id)
    return f"{PAGE}{mailed_token()}/"


@pytest.fixture
def guest(db):
    """Return the guest, who has an account."""
    return make_user(email=GUEST, name="Gus Guest", email_verified=True)


@pytest.fixture
def browser(client: Client, guest) -> Client:
    """Return a browser that is signed in as the guest."""
    client.force_login(guest)
    return client


def refusal(answer):
    return answer.status_code, answer.context["refusal"]


def test_link_leads_to_an_address_without_the_token(client, link):
    answer = client.get(link)
    assert (answer.status_code, answer["Location"], answer["Referrer-Policy"]) == (302, PAGE, "same-origin")


def test_browser_session_keeps_the_hash_of_the_token_only(client, link):
    client.get(link)
    assert client.session["huntaze_invitation"] == hash_token(mailed_token()).hex()


def test_looking_at_the_link_accepts_nothing(browser, link):
    answer = browser.get(link, follow=True)
    assert (answer.status_code, "Olive Owner invites guest@example.com" in answer.content.decode()) == (200, True)
    assert (Membership.objects.filter(user__email=GUEST).count(), Invitation.objects.open().count()) == (1, 1)


def test_signed_in_person_accepts(browser, link, guest, workspace):
    browser.get(link)
    answer = browser.post(PAGE)
    membership = Membership.objects.get(workspace=workspace, user=guest)
    assert (answer.status_code, answer.templates[0].name, membership.role, "huntaze_invitation" in browser.session) == (
        200,
        "account/invitation_accepted.html",
        "editor",
        False,
    )


def test_person_who_signs_in_comes_back(client, link, guest, workspace):
    page = client.get(link, follow=True).content.decode()
    answer = client.post("/accounts/login/", {"login": GUEST, "password": PASSWORD, "next": PAGE})
    assert (f"/accounts/login/?next={PAGE.replace('/', '%2F')}" in page, answer["Location"]) == (True, PAGE)
    assert client.post(PAGE).templates[0].name == "account/invitation_accepted.html"


def test_person_who_signs_up_first_comes_back(client, link, workspace, settings):
    settings.EMAIL_VERIFICATION = settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    client.get(link)
    client.post(f"/accounts/signup/?next={PAGE}", {"name": "Gus", "email": GUEST, "password1": PASSWORD, "accept_terms": "on"})
    client.post(f"/accounts/verify-email/{token_in(answer_all()[0])}/")
    answer = client.post("/accounts/login/", {"login": GUEST, "password": PASSWORD})
    client.post(PAGE)
    assert (answer["Location"], Membership.objects.filter(workspace=workspace, user__email=GUEST).count()) == (PAGE, 1)


def test_nobody_who_is_not_signed_in_accepts(client, link):
    client.get(link)
    assert (client.post(PAGE).templates[0].name, Invitation.objects.open().count()) == ("account/invitation.html", 1)


@pytest.mark.parametrize("path", [f"{PAGE}{'x' * 43}/", PAGE])
def test_link_that_is_none_is_said_to_be_so(browser, path):
    assert refusal(browser.get(path)) == (404, "unknown")


def test_invitation_that_was_taken_back_is_unknown(browser, link):
    Invitation.objects.all().delete()
    assert refusal(browser.get(link)) == (404, "unknown")


def test_expired_invitation_is_said_to_be_over(browser, link):
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert (refusal(browser.get(link, follow=True)), refusal(browser.post(PAGE))) == ((410, "expired"), (410, "expired"))


def test_invitation_works_once(browser, link, workspace):
    browser.get(link)
    browser.post(PAGE)
    assert refusal(browser.get(link, follow=True)) == (410, "used")


def test_invitation_of_another_address_says_whose_it_is(client, link, stranger):
    client.force_login(stranger)
    answer = client.get(link, follow=True)
    assert (refusal(answer), refusal(client.post(PAGE)), GUEST in answer.content.decode()) == (
        (403, "other_address"),
        (403, "other_address"),
        True,
    )


def test_person_can_come_back_with_another_account(client, link, stranger, guest):
    client.force_login(stranger)
    client.get(link)
    answer = client.post(PAGE, {"action": "switch"})
    client.post("/accounts/login/", {"login": GUEST, "password": PASSWORD})
    assert (answer["Location"], client.get(PAGE).status_code) == (f"/accounts/login/?next={PAGE.replace('/', '%2F')}", 200)


def test_member_has_nothing_to_accept(browser, link, guest, workspace):
    add_member(workspace, guest, MemberRole.ANALYST)
    assert refusal(browser.get(link, follow=True)) == (409, "member")


def test_plan_without_a_seat_is_told_about(browser, link, workspace):
    workspace.refresh_from_db()
    workspace.limits["seats"] = {"value": 1, "lifted_by": "pro"}
    workspace.save()
    browser.get(link)
    assert (refusal(browser.post(PAGE)), Invitation.objects.open().count()) == ((402, "full"), 1)


def test_pages_make_three_queries_besides_the_cookie(browser, link, django_assert_num_queries):
    browser.get(link)
    with django_assert_num_queries(5):  # the cookie, its session, the invitation, the person, whether they belong there
        browser.get(PAGE)
