# noqa: INP001  (a script beside the pages, no package)
"""Make the pictures of the README from a running installation: `.venv/bin/python docs/make_images.py`.

Signs in with the demo accounts of `manage.py up`, lets the demo creator order a few texts, and photographs the admin with
Debian's Chromium (`apt-get install chromium`).
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Page, ViewportSize, sync_playwright

DOCS = Path(__file__).resolve().parent
HOME = Path(os.environ.get("HUNTAZE_HOME") or DOCS.parent / ".huntaze")
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update")
SIZE: ViewportSize = {"width": 1440, "height": 900}
WAIT_SECONDS = 300
ORDERS = (
    {"kind": "post", "prompt": "A slow Sunday morning in my kitchen", "length": "short"},
    {"kind": "caption", "prompt": "Pancakes with too much maple syrup", "length": "short", "tone": "playful"},
    {"kind": "story", "prompt": "The day my camera fell into the flour", "length": "short", "tone": "humorous"},
    {"kind": "hashtags", "prompt": "Home cooking", "length": "short"},
    {"kind": "caption", "prompt": "Ma nouvelle série de cuisine", "length": "short", "language": "fr"},
)


def main() -> None:
    """Write `images/admin.png`; the installation must run."""
    up = json.loads((HOME / "up.json").read_text(encoding="utf-8"))
    write_texts(f"{up['address']}/api/v1", up["demo"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS])
        page = browser.new_page(viewport=SIZE)
        sign_in(page, up)
        page.goto(f"{up['admin']}ai/generation/", wait_until="networkidle")
        page.screenshot(path=DOCS / "images" / "admin.png")
        browser.close()


def write_texts(api: str, demo: dict[str, str]) -> None:
    """Order the texts as the demo creator and wait until all have ended."""
    token = call(f"{api}/auth/signin", demo)["access_token"]
    waiting = {call(f"{api}/content/generate", order, token)["id"] for order in ORDERS}
    deadline = time.monotonic() + WAIT_SECONDS
    while waiting and time.monotonic() < deadline:
        waiting &= set(open_generations(api, token))
        time.sleep(1)


def open_generations(api: str, token: str) -> Iterator[str]:
    """Yield the ids of the generations that have not ended."""
    for status in ("queued", "running"):
        yield from (row["id"] for row in call(f"{api}/ai/generations?status={status}", None, token)["data"])


def call(address: str, body: object, token: str = "") -> dict[str, Any]:
    """Return the answer to one request of the API: GET without a body, else POST."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = Request(address, None if body is None else json.dumps(body).encode(), headers)  # noqa: S310  (the installation's own address)
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
        return found


def sign_in(page: Page, up: dict[str, Any]) -> None:
    """Sign in to the admin as the demo member of staff."""
    page.goto(up["admin"])
    page.fill("input[name=login]", up["staff"]["email"])
    page.fill("input[name=password]", up["staff"]["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()
