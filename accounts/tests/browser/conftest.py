"""A real browser before a real installation, with an identity provider of its own."""

import email
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.policy import default
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accounts.tests.factories import PASSWORD
from huntaze.embedded.parts import Part, http_ok, stop_parts
from huntaze.env import BASE_DIR
from huntaze.tests.client import ApiClient
from huntaze.tests.processes import STOP_SECONDS, Stack, eventually

CHROMIUM = Path("/usr/bin/chromium")
AXE = BASE_DIR / ".browser/node_modules/axe-core/axe.min.js"
FLAGS = (
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
)
APP = "http://127.0.0.1:9/callback"  # where an app would wait for its code: nobody listens, the address is what is read
PERSONS = (
    "anna@example.com,verified",
    "berta@example.com,verified",
    "carl@example.com,unverified",
    "dora@example.com,verified",
    "erik@example.com,verified",
)
# Who has an account here from the start, with a verified address.
PEOPLE = [f"{name}@example.com" for name in ("looks", "forgot", "keyboard", "two", "app", "replay", "berta", "dora", "linker")]
MAKE_PEOPLE = """
from django.contrib.auth.hashers import make_password
from accounts import services
hashed = make_password("{password}")
for email in {people}:
    services.create_account(email=email, password=None, password_hash=hashed, name="Cleo Creator", email_verified=True)
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


def needed(path: Path, how: str) -> Path:
    """Return what a browser test needs; skip the test where it is missing, but fail in continuous integration."""
    if not path.exists():
        reason = f"{path} is missing: {how}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium, without a window."""
    path = needed(CHROMIUM, "apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[f"--{flag}" for flag in FLAGS])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """Return the source of axe-core."""
    return needed(AXE, "make browser").read_text(encoding="utf-8")


@dataclass
class Site:
    """An installation before which a browser stands, and the provider that it offers, under another host name."""

    stack: Stack
    provider_url: str

    @property
    def url(self) -> str:
        """Return the installation's address."""
        return self.stack.url

    def authorize_url(self, challenge: str, *, state: str = "of-the-app", redirect_uri: str = APP, **more: str) -> str:
        """Return the address at which an app starts a sign-in."""
        query = {"redirect_uri": redirect_uri, "code_challenge": challenge, "code_challenge_method": "S256", "state": state, **more}
        return f"{self.url}/accounts/authorize?{urlencode(query)}"

    def invite(self, address: str) -> str:
        """Let a person invite this address, and return the mailed link."""
        client = ApiClient(self.url)
        tokens = client.call("POST", "/api/v1/auth/signin", {"email": "keyboard@example.com", "password": PASSWORD}).body
        client.token = tokens["access_token"]
        path = f"/api/v1/workspaces/{tokens['user']['workspace']['id']}/invitations"
        assert client.call("POST", path, {"email": address, "role": "editor"}).status == 201
        return self.link_mailed_to(address)

    def link_mailed_to(self, address: str) -> str:
        """Wait for an e-mail to this address and return the link in it; the e-mail is gone afterwards."""
        folder = self.stack.home / "mail"

        def read() -> str:
            for file in sorted(folder.glob("*")) if folder.is_dir() else []:
                message = email.message_from_bytes(file.read_bytes(), policy=default)
                body = message.get_body(("plain",))  # none while the file is being written
                link = body and re.search(r"^https?://\S+/\S+$", body.get_content(), re.MULTILINE)
                if link and address in message["To"]:
                    file.unlink()
                    return link[0]
            return ""

        return eventually(read)


@pytest.fixture(scope="module")
def site(start_shared_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start an installation that verifies addresses, and its identity provider."""
    listener = socket.create_server(("127.0.0.1", 0))
    provider_url = f"http://localhost:{listener.getsockname()[1]}"
    stack = start_shared_stack(
        "web",
        "worker",
        EMAIL_VERIFICATION="mandatory",
        DEFAULT_PLAN="enterprise",  # with seats for who is invited
        OIDC_PROVIDERS=f"studio|Studio login|{provider_url}|huntaze|huntaze-secret",
        CLIENT_REDIRECT_URIS=APP,
        API_AUTH_REQUESTS_PER_MINUTE="100000",
        HUNTAZE_ALLOWED_HOSTS="",
    )
    stack.manage("shell", "-c", MAKE_PEOPLE.format(people=PEOPLE, password=PASSWORD))
    persons = [argument for person in PERSONS for argument in ("--person", person)]
    redirect = f"{stack.url}/accounts/oidc/studio/login/callback/"
    command = [sys.executable, "-m", "accounts.tests.idp", "--fd", str(listener.fileno()), "--redirect", redirect, *persons]
    log = tmp_path_factory.mktemp("idp") / "idp.log"
    part = Part(
        name="identity provider",
        command=command,
        log=log,
        env=os.environ,
        ready=lambda _pid: http_ok(f"{provider_url}/.well-known/openid-configuration"),
        pass_fds=[listener.fileno()],
    )
    part.start()
    part.wait_ready(60)
    yield Site(stack, provider_url)
    stop_parts([part], STOP_SECONDS)
    listener.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """Return a new profile of the browser."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Return a tab of the new profile."""
    return context.new_page()


def press(page: Page, name: str) -> None:
    """Press the button with this name, and wait for the next page."""
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def sign_up(page: Page, site: Site, address: str) -> None:
    """Make an account by the pages and the mailed link, and sign in to it."""
    page.goto(f"{site.url}/accounts/signup/")
    page.get_by_label("Name").fill("Cleo Creator")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("I accept the terms").check()
    press(page, "Make an account")
    page.goto(site.link_mailed_to(address))
    press(page, "It is mine")
    sign_in(page, site, address)


def sign_in(page: Page, site: Site, address: str) -> None:
    """Sign in by the page."""
    page.goto(f"{site.url}/accounts/login/")
    fill_sign_in(page, address)


def fill_sign_in(page: Page, address: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in page that is shown."""
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill(password)
    press(page, "Sign in")


def allow_at_provider(page: Page, address: str) -> None:
    """Sign in at the provider, whose page is shown, and let it tell who one is."""
    page.locator("input[name=login]").fill(address)
    page.locator("input[name=password]").fill(address)
    page.locator("button[type=submit]").first.click()
    page.wait_for_load_state()
    page.locator("button[value=grant]").click()
    page.wait_for_load_state()
