"""People before the account pages: signing up, signing in, and through a provider into an app."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.tests.browser.conftest import APP, Site, allow_at_provider, fill_sign_in, press, sign_in, sign_up
from accounts.tests.factories import PASSWORD
from huntaze.tests.client import Answer, ApiClient

# The workspace of each person of these tests, at whose home they arrive.
HOME = "Cleo Creator"


@pytest.fixture
def verifier() -> str:
    """Return a PKCE verifier of an app."""
    return secrets.token_urlsafe(32)


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def code_of(page: Page) -> dict[str, str]:
    """Wait until the browser is sent to the app, and return what it brings there."""
    page.wait_for_url(f"{APP}**", wait_until="commit")
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def listen_as_app(context: BrowserContext) -> None:
    """Answer what is sent to the app's address."""
    context.route(f"{APP}**", lambda route: route.fulfill(status=200, body="the app"))


def exchange(site: Site, code: str, verifier: str) -> Answer:
    return ApiClient(site.url).call("POST", "/api/v1/auth/oauth/token", {"code": code, "code_verifier": verifier})


def sent_to(page: Page, site: Site) -> str:
    """Return the path of the page that is shown."""
    return page.url.removeprefix(site.url).partition("?")[0]


def test_person_signs_up_verifies_and_signs_in(page, site):
    sign_up(page, site, "flow@example.com")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOME)


@pytest.mark.parametrize("javascript", [True, False])
def test_pages_work_with_and_without_javascript(chromium, site, javascript):
    context = chromium.new_context(java_script_enabled=javascript)
    page = context.new_page()
    sign_up(page, site, f"script{int(javascript)}@example.com")
    page.get_by_role("link", name="Sign out").click()
    press(page, "Sign out")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    context.close()


def test_sign_in_works_by_keyboard_alone(page, site):
    page.goto(f"{site.url}/accounts/login/")
    page.locator("body").press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type("keyboard@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type("copper kettle on the ninth floor")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOME)


def test_reader_can_switch_to_french_and_back(page, site):
    page.goto(f"{site.url}/accounts/login/")
    press(page, "Français")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    press(page, "English")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_forgotten_password_is_set_by_the_mailed_link(page, site):
    page.goto(f"{site.url}/accounts/password/reset/")
    page.get_by_label("E-mail address").fill("forgot@example.com")
    press(page, "Send the link")
    page.goto(site.link_mailed_to("forgot@example.com"))
    page.get_by_label("New password").fill("eleven quiet herons by the canal")
    press(page, "Set the password")
    page.get_by_role("link", name="Sign in").click()
    fill_sign_in(page, "forgot@example.com", "eleven quiet herons by the canal")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOME)


@pytest.mark.parametrize(("javascript", "width"), [(True, 1440), (False, 360)])
def test_invited_person_signs_up_comes_back_and_accepts(chromium, site, javascript, width):
    context = chromium.new_context(java_script_enabled=javascript, viewport={"width": width, "height": 800})
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.headers.get("referer", "")))
    address = f"invited{width}@example.com"
    link = site.invite(address)
    page.goto(link)
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("Name").fill("Iris Invited")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("I accept the terms").check()
    press(page, "Make an account")
    page.goto(site.link_mailed_to(address))
    press(page, "It is mine")
    fill_sign_in(page, address)
    press(page, "Accept")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are in Cleo Creator")
    token = link.rstrip("/").rpartition("/")[2]
    assert [referer for referer in asked if token in referer] == []
    context.close()


def test_device_signed_out_in_another_browser_is_out_at_once(chromium, page, site):
    sign_in(page, site, "two@example.com")
    page.goto(f"{site.url}/accounts/sessions/")
    context = chromium.new_context()
    other = context.new_page()
    sign_in(other, site, "two@example.com")
    other.goto(f"{site.url}/accounts/sessions/")
    press(other, "Sign all other devices out")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    context.close()


def test_app_gets_tokens_from_a_password_sign_in(page, site, verifier):
    listen_as_app(page.context)
    page.goto(site.authorize_url(challenge_of(verifier)))
    fill_sign_in(page, "app@example.com")
    brought = code_of(page)
    answer = exchange(site, brought["code"], verifier)
    assert (brought["state"], answer.status, answer.body["user"]["email"]) == ("of-the-app", 200, "app@example.com")


def test_app_gets_tokens_from_a_new_person_of_a_provider(page, site, verifier):
    listen_as_app(page.context)
    page.goto(site.authorize_url(challenge_of(verifier), provider="studio"))
    press(page, "Continue")
    allow_at_provider(page, "anna@example.com")
    expect(page.get_by_label("E-mail address")).to_have_value("anna@example.com")
    page.get_by_label("I accept the terms").check()
    press(page, "Make an account")
    answer = exchange(site, code_of(page)["code"], verifier)
    assert (answer.status, answer.body["user"]["email"], answer.body["user"]["name"]) == (200, "anna@example.com", "Anna Tester")


def test_code_that_is_replayed_ends_the_session_that_it_opened(page, site, verifier):
    sign_in(page, site, "replay@example.com")
    listen_as_app(page.context)
    page.goto(site.authorize_url(challenge_of(verifier)))
    press(page, "Continue")
    code = code_of(page)["code"]
    first, second = exchange(site, code, verifier), exchange(site, code, verifier)
    client = ApiClient(site.url)
    client.token = first.body["access_token"]
    assert (first.status, second.status, client.call("GET", "/api/v1/users/me").status) == (200, 401, 401)


def test_provider_lets_in_the_account_that_both_sides_have_verified(page, site):
    page.goto(f"{site.url}/accounts/login/")
    press(page, "Continue with Studio login")
    allow_at_provider(page, "berta@example.com")
    page.goto(f"{site.url}/accounts/providers/")
    expect(page.get_by_role("button", name="Unlink")).to_be_visible()


def test_provider_never_takes_over_an_address_that_is_not_verified_here(page, site):
    site.stack.query("UPDATE account_emailaddress SET verified = false WHERE email = 'dora@example.com'")
    page.context.clear_cookies()
    page.goto(f"{site.url}/accounts/login/")
    press(page, "Continue with Studio login")
    allow_at_provider(page, "dora@example.com")
    expect(page.get_by_role("status")).to_contain_text("There is an account with this e-mail address. Sign in to it")
    assert (
        sent_to(page, site),
        site.stack.query(
            "SELECT count(*) FROM socialaccount_socialaccount a JOIN accounts_user u ON u.id = a.user_id WHERE u.email = 'dora@example.com'"
        ),
    ) == (
        "/accounts/login/",
        [(0,)],
    )


def test_address_that_the_provider_does_not_vouch_for_is_verified_first(page, site, chromium):
    page.goto(f"{site.url}/accounts/login/")
    press(page, "Continue with Studio login")
    allow_at_provider(page, "carl@example.com")
    page.get_by_label("I accept the terms").check()
    press(page, "Make an account")
    link = site.link_mailed_to("carl@example.com")
    stranger = chromium.new_context()
    other = stranger.new_page()
    other.goto(link)
    press(other, "It is mine")
    expect(other.get_by_role("heading", level=1)).to_have_text("This link cannot be used")
    stranger.close()
    page.goto(link)
    press(page, "It is mine")
    expect(page.get_by_role("heading", level=1)).to_have_text("Carl Tester")


def test_provider_is_linked_and_unlinked(page, site):
    sign_in(page, site, "linker@example.com")
    page.goto(f"{site.url}/accounts/providers/")
    press(page, "Link Studio login")
    allow_at_provider(page, "erik@example.com")
    press(page, "Unlink Studio login")
    expect(page.get_by_text("None is linked.")).to_be_visible()


def test_no_token_of_the_provider_is_stored(site):
    assert site.stack.query("SELECT count(*) FROM socialaccount_socialtoken") == [(0,)]


def test_provider_that_is_away_is_told_about(page, site):
    page.goto(f"{site.url}/accounts/oidc/studio/login/callback/?code=x&state=nobodys")
    expect(page.get_by_role("heading", level=1)).to_have_text("The provider did not let you in")
