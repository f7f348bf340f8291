"""A real browser before a real installation whose texts a simulated vendor writes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from accounts.tests.browser.conftest import axe, chromium, context, page
from accounts.tests.factories import PASSWORD
from ai.simulators.client import Simulator
from huntaze.tests.processes import Stack

__all__ = ["axe", "chromium", "context", "page"]

PEOPLE = ("looks@example.com", "with@example.com", "without@example.com", "stops@example.com")
# A person with texts, drafts and two months of spending: what the pictures show.
MAKE_PEOPLE = """
from datetime import datetime, timedelta, timezone
from django.contrib.auth.hashers import make_password
from accounts import services
from accounts.models import User
from accounts.tests.factories import make_workspace
from ai.tests.factories import make_generation, settle
from content.tests.factories import make_asset
hashed = make_password("{password}")
for email in {people}:
    services.create_account(email=email, password=None, password_hash=hashed, name="Cleo Creator", email_verified=True)
cleo = User.objects.get(email="looks@example.com")
make_workspace(owner=cleo)
place = cleo.default_workspace
for days_ago in range(60):
    settle(place, days_ago=days_ago, nanousd=(days_ago * 7919 % 13) * 2_500_000 + 60_000_000 - days_ago * 700_000)
for days_ago in range(60):
    cost, at = (days_ago * 5 % 7) * 1_500_000, datetime.now(timezone.utc) - timedelta(days=days_ago)
    make_generation(place, status="cancelled", finished_at=at, cost_nanousd=cost, baseline_nanousd=(days_ago * 3 % 11) * 9_000_000)
for kind, prompt, status in (
    ("post", "A slow Sunday morning in my kitchen", "succeeded"),
    ("caption", "Pancakes with too much maple syrup", "succeeded"),
    ("story", "The day my camera fell into the flour", "failed"),
):
    text = {{"variant": 1, "text": "Slow mornings, loud music, one pan. What should I cook next?", "origin": "model"}}
    row = make_generation(
        place, kind=kind, input={{"prompt": prompt}}, status=status, finished_at=datetime.now(timezone.utc),
        outputs=[text] if status == "succeeded" else [], provider="openai", model="gpt-4o-mini", cost_nanousd=1_250_000,
        baseline_nanousd=21_000_000,
        error=None if status == "succeeded" else {{"code": "timeout", "detail": "The AI provider did not answer in time."}},
    )
    if status == "succeeded":
        make_asset(place, title=prompt, content=text["text"], type=kind, generation=row, variant=1)
"""


@dataclass
class Site:
    """An installation before which a browser stands, and the vendor that writes its texts."""

    stack: Stack
    vendor: Simulator

    @property
    def url(self) -> str:
        """Return the installation's address."""
        return self.stack.url


@pytest.fixture(scope="module")
def vendor() -> Iterator[Simulator]:
    """Return the simulated vendor."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def site(start_shared_stack: Callable[..., Stack], vendor: Simulator) -> Site:
    """Start an installation whose models are the simulated vendor's."""
    stack = start_shared_stack(
        "web",
        "worker",
        OPENAI_BASE_URL=f"{vendor.url}/v1",
        OPENAI_API_KEY=vendor.key,
        AI_MODEL="gpt-4o-mini",
        DEFAULT_PLAN="pro",
        API_AUTH_REQUESTS_PER_MINUTE="100000",
        HUNTAZE_ALLOWED_HOSTS="",
    )
    stack.manage("shell", "--no-imports", "-c", MAKE_PEOPLE.format(people=PEOPLE, password=PASSWORD))
    return Site(stack, vendor)


@pytest.fixture(autouse=True)
def _empty_books(vendor: Simulator) -> None:
    """Let the vendor forget what a test before has scripted and released."""
    vendor.reset()
