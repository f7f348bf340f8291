"""Change the catalogue of models and prices from a document."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone

from ai.models import AiModel, ModelPrice
from huntaze import audit

KIND_OF_PRICE = ("input_price", "cached_price", "cache_write_price", "output_price", "batch_input_price", "batch_output_price")


class PriceInForce(Exception):
    """A document would change a price that is or was in force."""


def sync_models(*, models: list[dict[str, Any]], apply: bool) -> list[str]:
    """Bring the models that a document names to what it says, and return a line for each change, audited; without `apply` only say.

    A model is found by `provider` and `name`, else added; fields and models that the document leaves out stay as they are. Each of
    its `prices` is added by its `starts_at`, or changed where it has not begun. Raises PriceInForce, with nothing written.
    """
    with transaction.atomic():
        lines = [line for values in models for line in _sync(**values)]
        transaction.set_rollback(not apply)
    return lines


def _sync(*, provider: str, name: str, prices: list[dict[str, Any]] | None = None, **fields: Any) -> Iterator[str]:
    model = AiModel.objects.select_for_update().filter(provider=provider, name=name).first()
    if model is None:
        model = AiModel.objects.create(provider=provider, name=name, **fields)
        audit.record("model.create", subject_id=model.id, changes={"model": [None, str(model)]} | _changes(fields))
        yield f"{model}: new"
    elif changes := {column: [getattr(model, column), value] for column, value in fields.items() if getattr(model, column) != value}:
        for column, (_old, value) in changes.items():
            setattr(model, column, value)
        model.save(update_fields=list(changes))
        audit.record("model.update", subject_id=model.id, changes=changes)
        yield from (f"{model}: {column} {old!r} → {new!r}" for column, (old, new) in changes.items())
    for price in prices or ():
        yield from _sync_price(model, **price)


def _sync_price(model: AiModel, **values: Any) -> Iterator[str]:
    starts_at = values.pop("starts_at")
    values = dict.fromkeys(KIND_OF_PRICE) | values
    known = ModelPrice.objects.filter(model=model, starts_at=starts_at).first()
    if known is None:
        price = ModelPrice(model=model, starts_at=starts_at, **values)
        price.clean()
        price.save()
        audit.record("price.create", subject_id=price.id, changes={"model": [None, str(model)]} | _changes(values))
        yield f"{model}: price from {starts_at:%Y-%m-%d %H:%M} {price}, new"
    elif changes := {name: [getattr(known, name), value] for name, value in values.items() if getattr(known, name) != value}:
        if known.starts_at <= timezone.now():
            raise PriceInForce(f"The price of {model} from {starts_at:%Y-%m-%d %H:%M} has begun and stays as it is: add a new one.")
        ModelPrice.objects.filter(pk=known.pk).update(**values)
        audit.record("price.update", subject_id=known.id, changes=changes)
        yield f"{model}: price from {starts_at:%Y-%m-%d %H:%M}, changed"


def _changes(values: dict[str, Any]) -> dict[str, Any]:
    return {name: [None, value] for name, value in values.items()}
