"""How the AI providers of this installation are set up, and how they do."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from ai import providers
from ai.models import AiModel, ProviderName
from ai.providers.circuit import CIRCUITS, Circuit

_WORST_FIRST = ("open", "half_open", "closed")


@dataclass(frozen=True)
class CircuitStatus:
    """How one deployment's calls do: `state` and since when, and the last failure that was the vendor's."""

    deployment: str
    state: str
    since: datetime | None
    last_error: str
    last_error_at: datetime | None


@dataclass(frozen=True)
class ProviderStatus:
    """A provider with what it can do, and the circuits of the last hour's calls; `state` is the worst of theirs, with its facts."""

    provider: str
    configured: bool
    capabilities: list[str]
    state: str
    since: datetime | None
    last_error: str
    last_error_at: datetime | None
    deployments: list[CircuitStatus]


@dataclass(frozen=True)
class AzureSetup:
    """The Azure resource, without its key. `api` is `v1` or `dated`; `api_version` is the date of the latter."""

    configured: bool
    host: str
    api: str
    api_version: str
    deployments: QuerySet[AiModel]


def provider_statuses() -> list[ProviderStatus]:
    """Return every provider there is an adapter for. Makes no query; asks Valkey."""
    circuits = CIRCUITS.snapshot()
    return [_status(name, [circuit for circuit in circuits if circuit.provider == name]) for name in ProviderName.values]


def azure_setup() -> AzureSetup:
    """Return how Azure OpenAI is set up, and the deployments that the catalogue names."""
    dated = settings.AZURE_OPENAI_API_VERSION
    return AzureSetup(
        configured="azure" in providers.configured(),
        host=urlsplit(settings.AZURE_OPENAI_ENDPOINT).netloc.rpartition("@")[2],
        api="dated" if dated else "v1",
        api_version=dated,
        deployments=azure_deployments(),
    )


def azure_deployments() -> QuerySet[AiModel]:
    """Return Azure's models that may write, the one to prefer first."""
    unretired = Q(retires_on__isnull=True) | Q(retires_on__gt=Now())
    return AiModel.objects.filter(unretired, provider=ProviderName.AZURE, enabled=True)


def _status(name: str, circuits: list[Circuit]) -> ProviderStatus:
    configured = name in providers.configured()
    deployments = [_deployment(circuit) for circuit in circuits]
    worst = min(deployments, key=lambda status: _WORST_FIRST.index(status.state), default=CircuitStatus("", "closed", None, "", None))
    return ProviderStatus(
        provider=name,
        configured=configured,
        capabilities=sorted(providers.get(name).capabilities) if configured else [],
        state=worst.state,
        since=worst.since,
        last_error=worst.last_error,
        last_error_at=worst.last_error_at,
        deployments=deployments,
    )


def _deployment(circuit: Circuit) -> CircuitStatus:
    return CircuitStatus(circuit.deployment, circuit.state, _moment(circuit.since_ms), circuit.last_error, _moment(circuit.last_error_ms))


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
