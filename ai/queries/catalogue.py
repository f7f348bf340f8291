"""Reads of the catalogue: which model writes, and at which price."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from ai import local_model, pricing
from ai.models import AiModel, ProviderName
from ai.providers import configured
from ai.providers.base import Usage

# What runs on the operator's machines, which every privacy tier allows.
_OWN = (ProviderName.COMPATIBLE, ProviderName.LOCAL)
# One prepared statement, since it is part of every order.
_IN_CHARGE = """
SELECT m.name, m.deployment, p.input_price, p.cached_price, p.output_price, p.cache_write_price, p.id
FROM ai_aimodel m JOIN ai_modelprice p ON p.model_id = m.id
WHERE m.provider = %(provider)s AND m.enabled AND (m.retires_on IS NULL OR m.retires_on > now()) AND p.starts_at <= now()
  AND %(name)s IN ('', m.name)
  AND (%(is_own)s OR CASE (SELECT privacy_tier FROM ai_aiconfig WHERE workspace_id = %(workspace_id)s)
    WHEN 'local_only' THEN false WHEN 'eu_only' THEN 'eu' = ANY(m.regions) ELSE true END)
ORDER BY m.rank, m.name, p.starts_at DESC LIMIT 1
"""


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


def model_in_charge(workspace_id: UUID) -> PricedModel | None:
    """Return the model that writes: `AI_MODEL` if set, else the first of the first configured provider; None without one.

    Only models that the workspace's privacy tier allows: those of the operator's machines, for `eu_only` those besides whose regions
    name the EU, for `any` all. A model without a price in force cannot write. One that `AI_BASE_URL` serves, or the embedded one,
    needs no row in the catalogue: without one it costs nothing.
    """
    for provider in configured():
        is_own = provider in _OWN
        with connection.cursor() as cursor:
            cursor.execute(_IN_CHARGE, {"provider": provider, "name": settings.AI_MODEL, "is_own": is_own, "workspace_id": workspace_id})
            row = cursor.fetchone()
        if row is not None:
            name, deployment, fresh, cached, output, cache_write, price_id = row
            return PricedModel(provider, name, deployment or name, fresh, cached, output, _languages_of(provider), cache_write, price_id)
        if is_own:
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
