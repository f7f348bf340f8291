"""Reads of who may read what a workspace writes."""

from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from ai.models import AiModel, PrivacyTier, ProviderName
from ai.queries.config import config_of

# What runs on the operator's machines, which every privacy tier allows.
OWN = (ProviderName.COMPATIBLE, ProviderName.LOCAL)


def may_read(*, workspace_id: UUID, provider: str, model: str) -> bool:
    """Return whether the workspace's privacy tier lets this model of a provider read its texts.

    For `eu_only` the catalogue must say that the model works in the EU; what is not in the catalogue does not.
    """
    tier = config_of(workspace_id).privacy_tier
    if provider in OWN or tier == PrivacyTier.ANY:
        return True
    unretired = Q(retires_on=None) | Q(retires_on__gt=Now())
    known = AiModel.objects.filter(unretired, provider=provider, name=model, enabled=True, regions__contains=["eu"])
    return tier == PrivacyTier.EU_ONLY and known.exists()
