"""Order suggested replies and personal messages; what is known of the fan stands in the order alone."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from ai import queries
from ai.models import Generation, GenerationKind
from ai.services.generations import request_generation


def suggest_replies(*, workspace_id: UUID, created_by_id: UUID, order: dict[str, Any], max_cost_microusd: int | None = None) -> Generation:
    """Queue drafts of a reply to a fan's message; nothing is sent to anybody.

    `order` holds `message`, `history`, `fan`, `prices` and `count`. Raises as `request_generation`; a message that rules send to a
    person costs nothing.
    """
    order = _completed(workspace_id, order)
    order["variants"] = order.pop("count")
    return request_generation(
        workspace_id=workspace_id,
        created_by_id=created_by_id,
        kind=GenerationKind.REPLY,
        order=order,
        max_cost_microusd=max_cost_microusd,
    )


def personalize_message(
    *, workspace_id: UUID, created_by_id: UUID, order: dict[str, Any], max_cost_microusd: int | None = None
) -> Generation:
    """Queue a message to one fan; nothing is sent to anybody.

    `order` holds `kind`, `fan`, `tone`, `max_length`, `seed`, `about` and maybe `price`. Raises as `request_generation`.
    """
    order = _completed(workspace_id, order)
    return request_generation(
        workspace_id=workspace_id,
        created_by_id=created_by_id,
        kind=GenerationKind.PERSONALIZE,
        order={"price": None, **order, "variants": 1},
        max_cost_microusd=max_cost_microusd,
    )


def _completed(workspace_id: UUID, order: dict[str, Any]) -> dict[str, Any]:
    """Return the order as it is stored: with the time of which it speaks, and the language, which the workspace must write."""
    fan = {"tier": "basic", **order.get("fan", {})}
    if "last_active_at" in fan:
        fan["last_active_at"] = fan["last_active_at"].isoformat()
    written = queries.config_of(workspace_id).languages
    asked = fan.get("language") or (written[0] if written else "en")
    return {**order, "fan": fan, "language": asked if not written or asked in written else written[0], "at": timezone.now().isoformat()}
