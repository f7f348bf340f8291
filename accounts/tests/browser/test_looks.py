"""What the account pages look like: no violation that axe-core finds, nothing wider than the window, pictures for the docs.

`PYTEST_IMAGES=1 make test ARGS="-k finds_no_violation"` writes the pictures of docs/account-pages.md anew.
"""

import os
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page

from accounts.tests.browser.conftest import APP, Site, sign_in
from huntaze.env import BASE_DIR

IMAGES = BASE_DIR / "docs/images"
OPEN = {
    "sign-in": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "forgot-password": "/accounts/password/reset/",
    "look-into-email": "/accounts/email/sent/",
    "new-password": f"/accounts/password/reset/{'x' * 43}/",
    "confirm-address": "/accounts/verify-email/x/",
    "go-to-provider": "/accounts/oidc/studio/login/",
    "provider-failed": "/accounts/oidc/studio/login/callback/?code=x&state=nobodys",
    "app-asked-wrongly": "/accounts/authorize",
    "suspended": "/accounts/inactive/",
    "no-invitation": f"/accounts/invitations/{'x' * 43}/",
}
OWN = {
    "devices": "/accounts/sessions/",
    "email": "/accounts/email/",
    "notices": "/accounts/notices/",
    "password": "/accounts/password/change/",
    "second-factor": "/accounts/2fa/",
    "authenticator-app": "/accounts/2fa/totp/activate/",
    "keys": "/accounts/2fa/webauthn/",
    "add-key": "/accounts/2fa/webauthn/add/",
    "connections": "/accounts/providers/",
    "sign-out": "/accounts/logout/",
    "prove-again": "/accounts/reauthenticate/",
    "continue-to-app": f"/accounts/authorize?redirect_uri={APP}&state=s&code_challenge_method=S256&code_challenge={'x' * 43}",
}
PICTURED = ("sign-in", "sign-up", "invitation", "devices", "second-factor", "connections", "continue-to-app")


@pytest.fixture(scope="module")
def person(chromium: Browser, site: Site) -> SimpleNamespace:
    """Return the cookies of a person who is signed in, and the path of the link by which they are invited."""
    context = chromium.new_context()
    sign_in(context.new_page(), site, "looks@example.com")
    cookies = context.cookies()
    context.close()
    return SimpleNamespace(cookies=cookies, invitation=site.invite("looks@example.com").removeprefix(site.url))


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_every_page_fits_and_axe_finds_no_violation(chromium, site, person, axe, width, scheme):
    faults = {}
    for paths, known in ((OPEN, []), (OWN | {"invitation": person.invitation}, person.cookies)):
        context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        context.add_cookies(known)
        page = context.new_page()
        for name, path in paths.items():
            page.goto(site.url + path)
            picture(page, name, width)
            faults[name] = faults_of(page, axe)
        context.close()
    assert faults == {name: [] for name in (*OPEN, *OWN, "invitation")}


def picture(page: Page, name: str, width: int) -> None:
    """Write the picture of a page that the docs show, where that is asked for."""
    if name in PICTURED and os.environ.get("PYTEST_IMAGES"):
        page.screenshot(path=IMAGES / f"account-{name}-{width}.png")


def faults_of(page: Page, axe: str) -> list[str]:
    """Return what is wrong with the page that is shown."""
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations.map(v => v.id + ': ' + v.nodes.map(n => n.target).join(' '))")
    too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*found, *(["wider than the window"] if too_wide else [])]
