"""Passkeys, by Chromium's virtual authenticator before a running installation."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import CDPSession, Page, expect

from accounts.tests.browser.conftest import fill_sign_in, press

_MAKE = "from accounts.tests.factories import make_user; make_user(email='{}', name='Pia Passkey', email_verified=True)"


@pytest.fixture(scope="module")
def stack(start_shared_stack):
    """Start an installation under a name: a browser makes no passkeys for an address of digits."""
    stack = start_shared_stack(API_AUTH_REQUESTS_PER_MINUTE="100000")
    stack.url = stack.env["HUNTAZE_URL"] = stack.url.replace("127.0.0.1", "localhost")
    stack.start("web")
    return stack


@pytest.fixture
def authenticator(page: Page) -> CDPSession:
    """Give the tab a device with a screen lock that always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.authenticator_id = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    return session


def credentials(authenticator):
    return authenticator.send("WebAuthn.getCredentials", {"authenticatorId": authenticator.authenticator_id})["credentials"]


def enter(page, stack, address):
    """Make an account, and sign in to it by its password."""
    stack.manage("shell", "--no-imports", "-c", _MAKE.format(address))
    page.goto(f"{stack.url}/accounts/login/")
    fill_sign_in(page, address)
    page.wait_for_url(f"{stack.url}/")


def add_passkey(page, stack):
    page.goto(f"{stack.url}/accounts/2fa/webauthn/add/")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Add it").click()
    page.wait_for_url(f"{stack.url}/accounts/2fa/recovery-codes/")


def sign_in_by_passkey(page, stack):
    page.context.clear_cookies()
    page.goto(f"{stack.url}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()


def test_passkey_is_registered_for_the_configured_host(page, stack, authenticator):
    enter(page, stack, "register@example.com")
    add_passkey(page, stack)
    assert [(credential["rpId"], credential["isResidentCredential"]) for credential in credentials(authenticator)] == [("localhost", True)]


def test_passkey_signs_in_without_a_password(page, stack, authenticator):
    enter(page, stack, "without@example.com")
    add_passkey(page, stack)
    sign_in_by_passkey(page, stack)
    page.wait_for_url(f"{stack.url}/")
    expect(page.get_by_role("link", name="Account")).to_be_visible()


def test_passkey_is_the_second_factor_after_a_password(page, stack, authenticator):
    enter(page, stack, "second@example.com")
    add_passkey(page, stack)
    page.context.clear_cookies()
    page.goto(f"{stack.url}/accounts/login/")
    fill_sign_in(page, "second@example.com")
    page.wait_for_url(f"{stack.url}/accounts/2fa/authenticate/")
    page.get_by_role("button", name="Use a passkey or security key").click()
    page.wait_for_url(f"{stack.url}/")
    expect(page.get_by_role("link", name="Account")).to_be_visible()


def test_removed_passkey_lets_nobody_in(page, stack, authenticator):
    enter(page, stack, "removed@example.com")
    add_passkey(page, stack)
    page.goto(f"{stack.url}/accounts/2fa/webauthn/")
    page.get_by_role("link", name="Remove Laptop").click()
    press(page, "Remove it")
    expect(page.get_by_text("None yet.")).to_be_visible()
    sign_in_by_passkey(page, stack)
    page.wait_for_selector(".messages")
    assert (urlsplit(page.url).path, len(credentials(authenticator))) == ("/accounts/login/", 1)


def test_host_header_does_not_choose_whom_passkeys_are_for(stack):
    port = urlsplit(stack.url).port
    asked = []
    for host in ("localhost", "127.0.0.1"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Host": f"{host}:{port}", "X-Requested-With": "XMLHttpRequest"}
        connection.request("GET", "/accounts/2fa/webauthn/login/", headers=headers)
        asked.append(json.loads(connection.getresponse().read())["request_options"]["publicKey"]["rpId"])
        connection.close()
    assert asked == ["localhost", "localhost"]
