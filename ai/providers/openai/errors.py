"""OpenAI's vocabulary of failures, and that of Azure and llama.cpp, which speak its protocol."""

from collections.abc import Mapping

from ai.providers.base import ErrorCode
from ai.providers.errors import Vocabulary

CODES: Mapping[str, ErrorCode] = {
    "insufficient_quota": "quota",  # a 429 that no waiting cures
    "billing_hard_limit_reached": "quota",
    "billing_not_active": "quota",
    "rate_limit_exceeded": "rate_limited",
    "content_filter": "content_filter",  # Azure, 400 on the prompt
    "responsibleaipolicyviolation": "content_filter",
    "content_policy_violation": "content_filter",
    "context_length_exceeded": "context_length",
    "string_above_max_length": "context_length",
    "exceed_context_size_error": "context_length",  # llama.cpp
    "batch_expired": "timeout",  # a request that was not begun within the batch's day
    "invalid_api_key": "auth",
    "model_not_found": "invalid",
    "deploymentnotfound": "invalid",  # Azure
    "server_error": "overloaded",
    "overloaded_error": "overloaded",
    "internal_error": "overloaded",
}


def vocabulary() -> Vocabulary:
    """Return the vendor's words with the SDK's exceptions; loads the SDK."""
    import openai

    return Vocabulary(CODES, openai.APIError, openai.APIConnectionError, openai.APITimeoutError, phrases={})
