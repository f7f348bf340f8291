"""Anthropic's vocabulary of failures."""

from collections.abc import Mapping

from ai.providers.base import ErrorCode
from ai.providers.errors import Vocabulary

# Error types, and the finer `details.error_code` where one says more.
CODES: Mapping[str, ErrorCode] = {
    "invalid_request_error": "invalid",
    "authentication_error": "auth",
    "billing_error": "quota",
    "contract_spend_limit_reached": "quota",  # 429s that no waiting cures
    "enforced_spend_limit_reached": "quota",
    "linked_organization_spend_limit_reached": "quota",
    "linked_organization_billing_unavailable": "quota",
    "organization_on_hold": "auth",
    "permission_error": "auth",
    "not_found_error": "invalid",
    "request_too_large": "context_length",
    "rate_limit_error": "rate_limited",
    "timeout_error": "timeout",
    "api_error": "overloaded",
    "overloaded_error": "overloaded",  # 529, or within a stream
    "conflict_error": "overloaded",
}
# What comes as `invalid_request_error` or `api_error` without a code of its own.
PHRASES: Mapping[str, ErrorCode] = {
    "prompt is too long": "context_length",
    "content filtering policy": "content_filter",
    "credit balance is too low": "quota",
}


def vocabulary() -> Vocabulary:
    """Return the vendor's words with the SDK's exceptions; loads the SDK."""
    import anthropic

    return Vocabulary(CODES, anthropic.APIError, anthropic.APIConnectionError, anthropic.APITimeoutError, phrases=PHRASES)
