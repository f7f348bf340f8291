"""Reads of the catalogue: which model writes, and at which price."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from ai import local_model, pricing
from ai.models import AiModel, ModelPrice, ProviderName
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
    cache_write_price: int | None = None
    price_id: UUID | None = None

    def cost_nanousd(self, usage: Usage) -> int:
        """Return what one attempt costs in nano-dollars."""
        return pricing.cost_nanousd(self, usage)


def model_in_charge() -> PricedModel | None:
    """Return the model that writes: `AI_MODEL` if set, else the first of the first configured provider; None without one.

    A model without a price in force cannot write. One that `AI_BASE_URL` serves, or the embedded one, needs no row in the
    catalogue: without one it costs nothing.
    """
    for provider in configured():
        price = (
            _prices_in_force().filter(model__provider=provider, **({"model__name": settings.AI_MODEL} if settings.AI_MODEL else {})).first()
        )
        if price is not None:
            return _priced(price)
        if provider in (ProviderName.COMPATIBLE, ProviderName.LOCAL):
            name = settings.AI_MODEL or _name_at(provider)
            return PricedModel(provider, name, name, 0, 0, 0, _languages_of(provider))
    return None


def catalogue() -> QuerySet[AiModel]:
    """Return the models that are enabled and not retired, with their prices, and `configured`: whether the settings name the provider."""
    unretired = Q(retires_on__isnull=True) | Q(retires_on__gt=Now())
    models = AiModel.objects.filter(unretired, enabled=True).prefetch_related("prices")
    return models.annotate(configured=ExpressionWrapper(Q(provider__in=configured()), BooleanField()))


def _name_at(provider: str) -> str:
    """Return what the model of a server of one's own is called: the embedded one by its file, another by nothing that we know."""
    if provider == ProviderName.LOCAL:
        return Path(settings.HUNTAZE_LOCAL_MODEL or local_model.DEFAULT_FILE).stem
    return "default"


def _languages_of(provider: str) -> frozenset[str] | None:
    """Return the languages that the embedded model writes; a file of one's own, and any other provider, may write all."""
    return local_model.DEFAULT_LANGUAGES if provider == ProviderName.LOCAL and not settings.HUNTAZE_LOCAL_MODEL else None


def _prices_in_force() -> QuerySet[ModelPrice]:
    """Return the prices of models that may write, of each model the one in force before those that were."""
    unretired = Q(model__retires_on__isnull=True) | Q(model__retires_on__gt=Now())
    prices = ModelPrice.objects.filter(unretired, model__enabled=True, starts_at__lte=Now()).select_related("model")
    return prices.order_by("model__rank", "model__name", "-starts_at")


def _priced(price: ModelPrice) -> PricedModel:
    model = price.model
    return PricedModel(
        provider=model.provider,
        name=model.name,
        sent_name=model.sent_name,
        input_price=price.input_price,
        cached_price=price.cached_price,
        output_price=price.output_price,
        languages=_languages_of(model.provider),
        cache_write_price=price.cache_write_price,
        price_id=price.id,
    )
