"""Fill the databases: `python -m bench.seed product|control` prints one access token a person, as a JSON list.

Both sides get the same people, each with a workspace of the plan enterprise and `ASSETS` assets of the same size.
"""

import json
import sys
from typing import Any

import django

PEOPLE = 100
ASSETS = 25
PARAGRAPH = "Backstage before the show: three takes, one laugh too many, and the light that we waited for all week. "


def asset_fields(number: int) -> dict[str, Any]:
    """Return the columns of one asset."""
    return {
        "title": f"Tour diary {number}: backstage before the show",
        "content": PARAGRAPH * 4,
        "type": "post",
        "category": "tour",
        "tags": ["tour", "backstage", "music"],
        "metadata": {"mood": "warm", "language": "en"},
        "provenance": {"origin": "person"},
    }


def seed_product() -> list[str]:
    """Make the people of Huntaze through its services, with one generation, and return their access tokens."""
    from accounts import services as accounts
    from ai import services as ai
    from billing import services as billing
    from content.models import ContentAsset

    found = []
    for number in range(PEOPLE):
        user = accounts.create_account(email=f"person{number}@example.com", password=None, name=f"Person {number}")
        workspace_id = user.default_workspace_id
        billing.grant_plan(workspace_id=workspace_id, plan="enterprise", reason="bench")
        ContentAsset.objects.bulk_create(
            ContentAsset(workspace_id=workspace_id, created_by=user, **asset_fields(asset)) for asset in range(ASSETS)
        )
        found.append(accounts.open_session(user=user).access_token)
    order = {
        "prompt": PARAGRAPH,
        "platforms": [],
        "tone": "friendly",
        "length": "short",
        "language": "en",
        "audience": "",
        "variants": 1,
        "material": "",
    }
    ai.request_generation(workspace_id=workspace_id, created_by_id=user.id, kind="post", order=order, max_cost_microusd=None)
    return found


def seed_control() -> list[str]:
    """Make the same people in the stock twin, and return their sliding tokens."""
    from rest_framework_simplejwt.tokens import SlidingToken

    from bench.control.models import Asset, Membership, User, Workspace

    found = []
    for number in range(PEOPLE):
        workspace = Workspace.objects.create(name=f"Person {number}")
        user = User(email=f"person{number}@example.com", name=f"Person {number}", default_workspace=workspace)
        user.set_unusable_password()
        user.save()
        Membership.objects.create(workspace=workspace, user=user)
        Asset.objects.bulk_create(Asset(workspace=workspace, created_by=user, **asset_fields(asset)) for asset in range(ASSETS))
        found.append(str(SlidingToken.for_user(user)))
    return found


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps({"product": seed_product, "control": seed_control}[sys.argv[1]]()))
