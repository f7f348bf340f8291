"""What the account pages look like: no violation that axe-core finds, nothing wider than the window, pictures for the docs."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from accounts.tests.browser.conftest import APP, Site, sign_up
from huntaze.env import BASE_DIR

IMAGES = BASE_DIR / "docs/images"
OPEN = {
    "sign-in": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "forgot": "/accounts/password/reset/",
    "look-into-email": "/accounts/email/sent/",
    "reset": f"/accounts/password/reset/{'x' * 43}/",
    "confirm": "/accounts/verify-email/x/",
    "provider": "/accounts/oidc/studio/login/",
    "authorize-error": "/accounts/authorize",
}
OWN = {
    "devices": "/accounts/sessions/",
    "email": "/accounts/email/",
    "password": "/accounts/password/change/",
    "second-factor": "/accounts/2fa/",
    "totp": "/accounts/2fa/totp/activate/",
    "keys": "/accounts/2fa/webauthn/",
    "add-key": "/accounts/2fa/webauthn/add/",
    "connections": "/accounts/providers/",
    "sign-out": "/accounts/logout/",
    "reauthenticate": "/accounts/reauthenticate/",
    "authorize": f"/accounts/authorize?redirect_uri={APP}&state=s&code_challenge_method=S256&code_challenge={'x' * 43}",
}
LOOKS = [(width, scheme) for width in (360, 1440) for scheme in ("light", "dark")]
PICTURED = ("sign-in", "sign-up", "devices", "second-factor", "connections")


@pytest.fixture(scope="module")
def cookies(chromium: Browser, site: Site) -> list:
    """Return the cookies of a person who is signed in."""
    context = chromium.new_context()
    sign_up(context.new_page(), site, "looks@example.com")
    cookies = context.cookies()
    context.close()
    return cookies


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_fits_and_axe_finds_no_violation(chromium, site, cookies, axe, tmp_path, width, scheme):
    faults = {}
    for paths, known in ((OPEN, []), (OWN, cookies)):
        context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        context.add_cookies(known)
        page = context.new_page()
        for name, path in paths.items():
            page.goto(site.url + path)
            page.screenshot(path=f"/tmp/shots/{name}-{width}-{scheme}.png", full_page=True)
            faults |= {name: found for found in [faults_of(page, axe)] if found}
        context.close()
    assert faults == {}


def faults_of(page: Page, axe: str) -> list[str]:
    """Return what is wrong with the page that is shown."""
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations.map(v => v.id + ': ' + v.nodes.map(n => n.target).join(' '))")
    too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*found, *(["wider than the window"] if too_wide else [])]
