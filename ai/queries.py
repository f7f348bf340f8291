"""Reads of the catalogue and of usage."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now, TruncMonth

from ai import local_model
from ai.models import AiModel, Generation, GenerationStatus, ModelPrice, ProviderName
from ai.providers import configured
from ai.providers.base import Usage


@dataclass(frozen=True)
class PricedModel:
    """A model with the price in force, in micro-dollars per million tokens, and the languages that it writes, if not any."""

    provider: str
    name: str
    sent_name: str
    input_price: int
    cached_price: int
    output_price: int
    languages: frozenset[str] | None = None

    def cost_nanousd(self, usage: Usage) -> int:
        """Return what one attempt cost in nano-dollars, rounded half up once; cached tokens are part of the input's."""
        fresh = max(0, usage.input_tokens - usage.cached_tokens)
        total = fresh * self.input_price + usage.cached_tokens * self.cached_price + usage.output_tokens * self.output_price
        return (total + 500) // 1000


def count_generations_this_month(workspace_id: UUID) -> int:
    """Return the generations of this calendar month (UTC) that count: the succeeded, and those still to end."""
    counted = [GenerationStatus.QUEUED, GenerationStatus.RUNNING, GenerationStatus.SUCCEEDED]
    return Generation.objects.in_workspace(workspace_id).filter(status__in=counted, created_at__gte=TruncMonth(Now())).count()


def has_generated(workspace_id: UUID) -> bool:
    """Return whether anything was ever written in the workspace."""
    return Generation.objects.in_workspace(workspace_id).filter(status=GenerationStatus.SUCCEEDED).exists()


def model_in_charge() -> PricedModel | None:
    """Return the model that writes: `AI_MODEL` if set, else the first of the first configured provider; None without one.

    A model without a price in force cannot write. One that `AI_BASE_URL` serves, or the embedded one, needs no row in the
    catalogue: without one it costs nothing.
    """
    for provider in configured():
        unretired = Q(retires_on__isnull=True) | Q(retires_on__gt=Now())
        models = AiModel.objects.filter(unretired, provider=provider, enabled=True, prices__starts_at__lte=Now()).distinct()
        if settings.AI_MODEL:
            models = models.filter(name=settings.AI_MODEL)
        model = models.first()
        if model is not None:
            return _priced(model)
        if provider in (ProviderName.COMPATIBLE, ProviderName.LOCAL):
            name = settings.AI_MODEL or _name_at(provider)
            return PricedModel(provider, name, name, 0, 0, 0, _languages_of(provider))
    return None


def _name_at(provider: str) -> str:
    """Return what the model of a server of one's own is called: the embedded one by its file, another by nothing that we know."""
    if provider == ProviderName.LOCAL:
        return Path(settings.HUNTAZE_LOCAL_MODEL or local_model.DEFAULT_FILE).stem
    return "default"


def _languages_of(provider: str) -> frozenset[str] | None:
    """Return the languages that the embedded model writes; a file of one's own, and any other provider, may write all."""
    return local_model.DEFAULT_LANGUAGES if provider == ProviderName.LOCAL and not settings.HUNTAZE_LOCAL_MODEL else None


def _priced(model: AiModel) -> PricedModel:
    price = ModelPrice.objects.filter(model=model, starts_at__lte=Now()).latest("starts_at")
    prices = (price.input_price, price.cached_price, price.output_price)
    return PricedModel(model.provider, model.name, model.sent_name, *prices, _languages_of(model.provider))
