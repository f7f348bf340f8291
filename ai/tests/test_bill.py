"""The ledger beside the simulated vendor's bill, over mixed orders with faults; `python -m bench bill` makes many more of them."""

import pytest

from ai import services
from ai.tests.test_ledger import allow
from bench import books

pytestmark = pytest.mark.django_db(transaction=True)

CALLS = 200


def test_ledger_is_the_bill_where_usage_was_reported_and_never_below_it_elsewhere(vendor, settings, workspace, owner):
    settings.ANTHROPIC_BASE_URL, settings.ANTHROPIC_API_KEY, settings.AI_MODEL = vendor.url, vendor.key, ""
    settings.AI_FIRST_BYTE_TIMEOUT_SECONDS = 2
    services.set_config(workspace_id=workspace.id, fields={"quality_floor": "99"})
    allow(workspace, ai_budget_microusd=10**9, ai_generations=10**6)
    books.keep_known_models()
    found = books.run(vendor, [(workspace.id, owner.id)], calls=CALLS)
    assert (found.unequal, found.below, found.open) == ([], [], [])
    assert (found.calls >= CALLS, found.reported[0] - found.reported[1], found.others[0] >= found.others[1] > 0) == (True, 0, True)
