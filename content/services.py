"""Every write of the library."""

from typing import Any
from uuid import UUID

import psycopg
from django.db import IntegrityError, transaction
from django.utils.text import Truncator

from accounts import limits
from ai import services as ai
from ai.models import PERSONAL_KINDS, Generation, GenerationStatus
from content.errors import VariantAlreadySaved
from content.models import AssetType, ContentAsset
from huntaze import audit, events
from huntaze.api.errors import NotFound

TITLE_LENGTH = 80


def create_asset(*, workspace_id: UUID, created_by_id: UUID | None, **fields: Any) -> ContentAsset:
    """Add an asset to the library; a person's, unless `fields` has another `provenance`.

    Emits `asset.created`. Raises PlanLimitReached, with nothing written.
    """
    fields.setdefault("provenance", {"origin": "person", "user_id": str(created_by_id)})
    with transaction.atomic():
        limits.require(workspace_id=workspace_id, limit="content_assets")
        asset = ContentAsset.objects.create(workspace_id=workspace_id, created_by_id=created_by_id, **fields)
        changes = {name: [None, getattr(asset, name)] for name in ("title", "type")}
        audit.record("asset.create", workspace_id=workspace_id, subject_id=asset.id, changes=changes)
        events.emit("asset.created", workspace_id=workspace_id, subject_id=asset.id, data={"type": asset.type})
    return asset


def save_variant(*, generation: Generation, variant: int, created_by_id: UUID | None, **fields: Any) -> ContentAsset:
    """Turn one output of a generation into a draft asset; `fields` override title, category, tags and the like.

    Raises KeyError when there is no such output, or it is a message to a fan, VariantAlreadySaved and PlanLimitReached.
    """
    outputs = () if generation.kind in PERSONAL_KINDS else generation.outputs
    output = next((output for output in outputs if output["variant"] == variant), None)
    if output is None:
        raise KeyError(variant)
    fields = {
        "title": _title(output["text"]),
        "content": output["text"],
        "type": generation.kind if generation.kind in AssetType.values else AssetType.POST,
        **fields,
        "provenance": _provenance(generation, output),
        "generation": generation,
        "variant": variant,
    }
    try:
        with transaction.atomic():
            return create_asset(workspace_id=generation.workspace_id, created_by_id=created_by_id, **fields)
    except IntegrityError as error:
        if not _breaks(error, "asset_once_per_variant"):
            raise
        raise VariantAlreadySaved from None


def update_asset(*, asset: ContentAsset, **changes: Any) -> ContentAsset:
    """Write the changed fields; emits `asset.updated`. Does nothing where none is named.

    Raises NotFound when the asset has been deleted meanwhile.
    """
    if not changes:
        return asset
    with transaction.atomic():
        row: ContentAsset | None = ContentAsset.objects.select_for_update().filter(pk=asset.pk).first()
        if row is None:
            raise NotFound
        was = {name: getattr(row, name) for name in changes}
        for name, value in changes.items():
            setattr(row, name, value)
        row.save(update_fields=[*changes, "updated_at"])
        changed = {name: [was[name], value] for name, value in changes.items() if was[name] != value}
        audit.record("asset.update", workspace_id=row.workspace_id, subject_id=row.id, changes=changed)
        events.emit("asset.updated", workspace_id=row.workspace_id, subject_id=row.id, data={"fields": sorted(changes)})
    return row


def delete_asset(*, asset: ContentAsset) -> None:
    """Remove an asset for good; emits `asset.deleted`. Raises NotFound when it has been deleted meanwhile."""
    with transaction.atomic():
        deleted, _by_model = ContentAsset.objects.filter(pk=asset.pk).delete()
        if not deleted:
            raise NotFound
        changes = {name: [getattr(asset, name), None] for name in ("title", "type")}
        audit.record("asset.delete", workspace_id=asset.workspace_id, subject_id=asset.pk, changes=changes)
        events.emit("asset.deleted", workspace_id=asset.workspace_id, subject_id=asset.pk)


def order_generation(*, workspace_id: UUID, created_by_id: UUID, asset: ContentAsset | None, order: dict[str, Any]) -> Generation:
    """Order a generation; the text of `asset`, where given, is the material that it works from."""
    kind, max_cost = order.pop("kind"), order.pop("max_cost_microusd", None)
    order["material"] = asset.content if asset else ""
    return ai.request_generation(workspace_id=workspace_id, created_by_id=created_by_id, kind=kind, order=order, max_cost_microusd=max_cost)


def estimate_generation(*, workspace_id: UUID, asset: ContentAsset | None, order: dict[str, Any]) -> dict[str, Any]:
    """Return which model would write an order of the workspace, and what it may cost; see `ai.services.estimate_generation`."""
    kind, _max_cost = order.pop("kind"), order.pop("max_cost_microusd", None)
    order["material"] = asset.content if asset else ""
    return ai.estimate_generation(workspace_id=workspace_id, kind=kind, order=order)


def keep_first_variant(*, generation: Generation) -> None:
    """Make a succeeded generation's first variant a draft asset, and note it on the generation.

    Where the plan's slots are full the outputs stay on the generation, and the reason is noted. Does nothing for kinds
    that are not content by themselves (ideas, scripts, hashtags).
    """
    if generation.status != GenerationStatus.SUCCEEDED or generation.kind not in AssetType.values:
        return
    try:
        asset = save_variant(generation=generation, variant=1, created_by_id=generation.created_by_id)
    except limits.PlanLimitReached as refusal:
        ai.attach_asset(generation=generation, asset_id=None, reason=refusal.code)
    else:
        ai.attach_asset(generation=generation, asset_id=asset.id)


def _breaks(error: IntegrityError, constraint: str) -> bool:
    return isinstance(error.__cause__, psycopg.IntegrityError) and error.__cause__.diag.constraint_name == constraint


def _title(text: str) -> str:
    first_line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return Truncator(first_line).chars(TITLE_LENGTH)


def _provenance(generation: Generation, output: dict[str, Any]) -> dict[str, Any]:
    return {
        "origin": output["origin"],
        "generation_id": str(generation.id),
        "provider": output["provider"],
        "model": output["model"],
        "prompt": generation.prompt_name,
        "prompt_hash": generation.prompt_hash,
    }
