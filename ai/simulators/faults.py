"""The faults that a script can name and every protocol knows; each protocol's refusals and garbage stand beside it."""

from ai.simulators.vendor import Behaviour

# What a stream does after `tokens` pieces.
STREAM_FAULTS = frozenset(
    {
        "cut_before_usage",  # all text (and OpenAI's finish reason), then the connection closes
        "truncated",  # ends well-formed, but without a finish reason
        "cut_mid_json",
        "error_mid_stream",
        "reset_mid_stream",
        "hang_mid_stream",
        "huge",
    }
)
# Before anything is answered.
SILENT_FAULTS = frozenset({"hang_before_first_byte", "reset"})
# Answers that are well-formed to the end; each protocol names the reasons in its words.
ENDINGS = {
    "ok": "stop",
    "slow_drip": "stop",
    "length": "length",
    "context_full": "context_full",  # the model's context ended before the answer did
    "content_filter_output": "content_filter",
    "refusal": "refusal",
    "schema_broken": "stop",  # JSON that is not as the schema asks
    "not_json": "stop",  # prose although a schema asks for JSON
    "hostile": "stop",  # what `hostile.py` has under the behaviour's number, whatever was asked
}
REFUSALS = frozenset(
    {
        "rate_limited",
        "insufficient_quota",
        "spend_limit",  # a 429 that no waiting cures
        "server_error",
        "unavailable",
        "context_length",
        "content_filter_prompt",
        "key_echo",
    }
)
GARBAGE = frozenset({"html", "invalid_json", "non_utf8", "wrong_shape", "wrong_types", "not_an_object", "deep", "empty"})
# Of a batch as a whole, after `tokens` of its requests; and of the line of one.
BATCH_FAULTS = frozenset({"batch_expires", "batch_fails"})
LINE_FAULTS = frozenset({"lost_line", "garbage_line"})
KINDS = frozenset({*BATCH_FAULTS, *LINE_FAULTS, *REFUSALS, *GARBAGE, *STREAM_FAULTS, *SILENT_FAULTS, *ENDINGS, "redirect", "compressed"})
HUGE_PIECE = "spam " * 20_000
HTML = ("text/html", b"<!doctype html><title>Welcome</title><h1>Sign in to the guest network</h1>")
EVENTS = "text/event-stream"


def retry_headers(behaviour: Behaviour) -> dict[str, str]:
    """Return the headers in which a vendor asks for patience."""
    headers = {}
    if behaviour.retry_after is not None:
        headers["Retry-After"] = f"{behaviour.retry_after:g}"
    if behaviour.retry_after_ms is not None:
        headers["retry-after-ms"] = str(behaviour.retry_after_ms)
    return headers
