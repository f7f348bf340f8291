"""One chat completion as it streams in."""

from typing import Any

from ai.providers import answer
from ai.providers.answer import FilteredError, GarbageError, RefusedError, count_in, text_in, word_in
from ai.providers.base import Usage


class Answer(answer.Answer):
    """A chat completion in chunks."""

    def __init__(self) -> None:
        super().__init__()
        self._refused = False

    def read(self, chunk: Any) -> str:
        self.request_id = self.request_id or word_in(chunk, "id")
        self.model = self.model or word_in(chunk, "model")
        self.usage = usage_in(getattr(chunk, "usage", None)) or self.usage
        choices = getattr(chunk, "choices", None)
        if not isinstance(choices, list):
            raise GarbageError("a chunk without choices")
        if not choices:  # the usage chunk, and Azure's verdict on the prompt
            return ""
        self.finish_reason = word_in(choices[0], "finish_reason") or self.finish_reason
        delta = getattr(choices[0], "delta", None) or getattr(choices[0], "message", None)  # a batch's answers come whole
        self._refused = self._refused or bool(text_in(delta, "refusal"))
        return self.add(text_in(delta, "content"))

    def check_complete(self) -> None:
        if self._refused:
            raise RefusedError
        if self.finish_reason == "content_filter":
            raise FilteredError
        if not self.finish_reason:
            raise GarbageError("the stream ended before the answer did")


def usage_in(reported: Any) -> Usage | None:
    """Return the usage that a vendor reported, or None where it is not a usable count. Cached tokens are part of the prompt's."""
    prompt, completion = count_in(reported, "prompt_tokens"), count_in(reported, "completion_tokens")
    if prompt is None or completion is None:
        return None
    details = getattr(reported, "prompt_tokens_details", None)
    cached = min(count_in(details, "cached_tokens") or 0, prompt)
    written = min(count_in(details, "cache_write_tokens") or 0, prompt - cached)
    return Usage(prompt, cached, completion, "reported", written)
