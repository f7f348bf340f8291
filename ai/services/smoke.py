"""One tiny real call to Azure OpenAI, for an operator who has just set it up."""

import time
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from ai import providers, queries
from ai.errors import ProviderNotConfigured
from ai.providers.base import CompletionRequest, Message, ProviderError, Usage, complete
from huntaze import audit

# A reasoning model thinks first, and its thoughts count.
MAX_OUTPUT_TOKENS = 64
MESSAGES = (Message("user", "Reply with the word OK."),)


@dataclass(frozen=True)
class Smoke:
    """What came of the call: `usage` is what it cost, as far as that is known, and `error` why it failed, or None."""

    ok: bool
    deployment: str
    model: str
    latency_ms: int
    usage: Usage | None
    error: dict[str, Any] | None


def smoke_azure(*, deployment: str = "") -> Smoke:
    """Ask `deployment`, by default the catalogue's first, for one word; a failure is an answer too.

    Costs a few tokens, which are on no workspace's account, and is audited. Runs in no transaction. Raises ProviderNotConfigured.
    """
    preferred = queries.azure_deployments().first()
    deployment = deployment or (preferred.sent_name if preferred else "")
    if "azure" not in providers.configured() or not deployment:
        raise ProviderNotConfigured(_("Set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY, and name a deployment."))
    request = CompletionRequest(model=deployment, messages=MESSAGES, max_output_tokens=MAX_OUTPUT_TOKENS)
    started = time.monotonic()
    model, usage, error = "", None, None
    try:
        _text, finished = complete(providers.get("azure"), request)
        model, usage = finished.model, finished.usage
    except ProviderError as fault:
        usage, error = fault.usage, {"code": fault.code, "detail": fault.detail, "upstream": fault.upstream}
    latency_ms = round((time.monotonic() - started) * 1000)
    audit.record("azure.smoke", changes={"deployment": [None, deployment], "result": [None, error["code"] if error else "ok"]})
    return Smoke(error is None, deployment, model, latency_ms, usage, error)
