"""Reads of the catalogue: which models there are to write, at which price, and on what terms a workspace may ask them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now

from ai import local_model, pricing
from ai.models import AiModel, ProviderName
from ai.providers import configured, get
from ai.providers.base import Usage
from ai.queries.privacy import OWN
from ai.routing.router import LOCAL, Candidate, Terms

# One prepared statement, since it is part of every order: a row for each model of the configured providers, or one without any.
_OFFER = """
SELECT w.plan, coalesce(c.privacy_tier, 'any'), coalesce(c.quality_floor, '99'), ai_left(w.id, %(member)s, %(key)s, now()),
  m.provider, m.name, m.deployment, m.tier, m.rank, m.regions, m.context_tokens, m.capabilities, m.retires_on,
  p.id, p.input_price, p.cached_price, p.output_price, p.cache_write_price
FROM accounts_workspace w
LEFT JOIN ai_aiconfig c ON c.workspace_id = w.id
LEFT JOIN (ai_aimodel m CROSS JOIN LATERAL (
    SELECT * FROM ai_modelprice WHERE model_id = m.id AND starts_at <= now() ORDER BY starts_at DESC LIMIT 1) p)
  ON m.enabled AND m.provider = ANY(%(providers)s) AND %(name)s IN ('', m.name)
WHERE w.id = %(workspace)s
"""
_COLUMNS = ("provider", "name", "deployment", "tier", "rank", "regions", "context_tokens", "capabilities", "retires_on")
_PRICES = ("price_id", "input_price", "cached_price", "output_price", "cache_write_price")


@dataclass(frozen=True)
class PricedModel(Candidate):
    """A candidate with the name that its provider knows it by, and the row of the price in force, where it has one."""

    sent_name: str = ""
    price_id: UUID | None = None

    def cost_nanousd(self, usage: Usage) -> int:
        """Return what one attempt costs in nano-dollars."""
        return pricing.cost_nanousd(self, usage)


@dataclass(frozen=True)
class Offer:
    """The models of the configured providers, and the terms on which a workspace may ask them."""

    terms: Terms
    models: tuple[PricedModel, ...]


def offer(*, workspace_id: UUID, member_id: UUID | None = None, key_id: UUID | None = None) -> Offer:
    """Return what the router is to choose from, by one statement, or by none where no provider is configured.

    The budget is the least that the spender's budgets leave.
    Of the catalogue only what is enabled and has a price in force and, where `AI_MODEL` is set, that name. What `AI_BASE_URL` serves, or
    the embedded model, needs no row: without one it costs nothing. The embedded model stands in for having no other.
    """
    providers = configured()
    if not providers:
        return Offer(Terms(), ())
    values = {"workspace": workspace_id, "member": member_id, "key": key_id, "providers": providers, "name": settings.AI_MODEL}
    with connection.cursor() as cursor:
        cursor.execute(_OFFER, values)
        rows = cursor.fetchall()
    plan, privacy, floor, left = rows[0][:4]
    models = [_of_row(dict(zip((*_COLUMNS, *_PRICES), row[4:], strict=True))) for row in rows if row[4] is not None]
    known = {model.provider for model in models}
    models += [_without_row(provider) for provider in providers if provider in OWN and provider not in known]
    terms = Terms(privacy, floor, plan, left, reference=settings.AI_REFERENCE_MODEL)
    return Offer(terms, tuple(models))


def catalogue() -> QuerySet[AiModel]:
    """Return the models that are enabled and not retired, with their prices, and `configured`: whether the settings name the provider."""
    unretired = Q(retires_on__isnull=True) | Q(retires_on__gt=Now())
    models = AiModel.objects.filter(unretired, enabled=True).prefetch_related("prices")
    return models.annotate(configured=ExpressionWrapper(Q(provider__in=configured()), BooleanField()))


def _of_row(row: Mapping[str, Any]) -> PricedModel:
    provider, regions = row["provider"], frozenset(row["regions"])
    facts = {name: row[name] for name in ("provider", "name", "tier", "rank", "context_tokens", "retires_on", *_PRICES)}
    return PricedModel(
        **facts,
        regions=regions | {LOCAL} if provider in OWN else regions,
        capabilities=frozenset(row["capabilities"]),
        sent_name=row["deployment"] or row["name"],
        languages=_languages_of(provider),
        stand_in=provider == ProviderName.LOCAL,
    )


def _without_row(provider: str) -> PricedModel:
    name = settings.AI_MODEL or _name_at(provider)
    return PricedModel(
        provider=provider,
        name=name,
        tier="small",
        regions=frozenset({LOCAL}),
        context_tokens=None,
        capabilities=get(provider).capabilities,
        input_price=0,
        cached_price=0,
        output_price=0,
        sent_name=name,
        languages=_languages_of(provider),
        stand_in=provider == ProviderName.LOCAL,
    )


def _name_at(provider: str) -> str:
    """Return what the model of a server of one's own is called: the embedded one by its file, another by nothing that we know."""
    if provider == ProviderName.LOCAL:
        return Path(settings.HUNTAZE_LOCAL_MODEL or local_model.DEFAULT_FILE).stem
    return "default"


def _languages_of(provider: str) -> frozenset[str] | None:
    """Return the languages that the embedded model writes; a file of one's own, and any other provider, may write all."""
    return local_model.DEFAULT_LANGUAGES if provider == ProviderName.LOCAL and not settings.HUNTAZE_LOCAL_MODEL else None
