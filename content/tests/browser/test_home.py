"""The home before a real browser: a text is ordered and watched with JavaScript and without, and the pages look as they should.

`PYTEST_IMAGES=1 make test ARGS="-k home_fits"` writes the pictures of docs/home.md anew.
"""

import os
import re

import pytest
from playwright.sync_api import Page, expect

from accounts.tests.browser.conftest import press, sign_in
from accounts.tests.browser.test_looks import IMAGES, faults_of

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)  # a machine that is busy makes no test wrong


def order(page: Page, text: str) -> None:
    """Order a short caption from the home that is shown."""
    page.get_by_label("What is it about?").fill(text)
    page.get_by_label("What is to be written").select_option("caption")
    page.get_by_label("Length").select_option("short")
    press(page, "Write it")


def test_text_appears_while_it_is_written(page, site):
    sign_in(page, site, "with@example.com")
    site.vendor.script([{"kind": "hang_mid_stream", "tokens": 4}])
    order(page, "Sourdough on a rainy day")
    expect(page.locator("#texts .text")).to_have_text(re.compile(r"\w+"))
    seen = page.locator("#texts .text").inner_text()
    busy = page.locator("#texts").get_attribute("aria-busy")
    site.vendor.release()
    expect(page.locator("#state")).to_have_text("Succeeded")
    assert (busy, 0 < len(seen) < len(page.locator("#texts .text").inner_text())) == ("true", True)


def test_text_is_ordered_and_read_without_javascript(chromium, site):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    sign_in(page, site, "without@example.com")
    order(page, "Sourdough on a rainy day")
    expect(page.locator("#state")).to_have_text("Succeeded", timeout=20_000)
    page.get_by_role("link", name="Write another, or go back").click()
    expect(page.get_by_role("link", name="Sourdough on a rainy day")).to_be_visible()
    context.close()


def test_text_in_the_making_is_stopped(page, site):
    sign_in(page, site, "stops@example.com")
    site.vendor.script([{"kind": "hang_mid_stream", "tokens": 4}])
    order(page, "Sourdough on a rainy day")
    expect(page.locator("#texts .text")).to_have_text(re.compile(r"\w+"))
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("Cancelled")
    site.vendor.release()


def test_text_is_ordered_by_keyboard_alone(page, site):
    sign_in(page, site, "without@example.com")
    page.get_by_label("What is it about?").focus()
    page.keyboard.type("Rye bread for beginners")
    for _field in ("kind", "length", "more"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Tone")).to_be_visible()
    for _field in ("tone", "language", "variants", "audience", "tiktok", "instagram", "onlyfans", "button"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rye bread for beginners")).to_be_visible()
    expect(page.locator("#state")).to_have_text("Succeeded")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_home_fits_and_axe_finds_no_violation(chromium, site, axe, width, scheme):
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(site.url)
    faults = {"welcome": faults_of(page, axe)}
    sign_in(page, site, "looks@example.com")
    faults["just signed in"] = faults_of(page, axe)
    page.goto(site.url)
    picture(page, f"home-{width}")
    for summary in page.locator("summary").all():
        summary.click()
    faults["all opened"] = faults_of(page, axe)
    for name in ("A slow Sunday morning", "The day my camera fell"):
        page.goto(site.url)
        page.get_by_role("link", name=name).click()
        page.wait_for_load_state()
        faults[name] = faults_of(page, axe)
    context.close()
    assert faults == {name: [] for name in faults}


def picture(page: Page, name: str) -> None:
    """Write the picture of a page that the docs show, where that is asked for."""
    if os.environ.get("PYTEST_IMAGES"):
        page.screenshot(path=IMAGES / f"{name}.png", full_page=True)
