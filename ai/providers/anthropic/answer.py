"""One message as it streams in."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ai.providers import answer
from ai.providers.answer import ContextFullError, GarbageError, RefusedError, count_in, text_in, word_in
from ai.providers.base import Usage

REASONS: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}
_INPUT_FIELDS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


class Answer(answer.Answer):
    """A message in events. The vendor tells the prompt's tokens at the start and counts the output up to the end."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, int] = {}
        self._stop_reason = ""

    def read(self, chunk: Any) -> str:
        kind = word_in(chunk, "type")
        if kind == "message_start":
            self._start(getattr(chunk, "message", None))
        elif kind == "content_block_start":
            return self.add(text_in(getattr(chunk, "content_block", None), "text"))
        elif kind == "content_block_delta":
            return self.add(text_in(getattr(chunk, "delta", None), "text"))
        elif kind == "message_delta":
            self._end(getattr(chunk, "delta", None), getattr(chunk, "usage", None))
        elif kind == "message":
            return self._read_whole(chunk)
        elif not kind:
            raise GarbageError("an event without a type")
        return ""

    def _read_whole(self, message: Any) -> str:
        """Take a message that comes whole, as those of a batch do."""
        self._start(message)
        blocks = getattr(message, "content", None)
        if not isinstance(blocks, list):
            raise GarbageError("a message without content")
        for block in blocks:
            self.add(text_in(block, "text"))
        self._end(message, getattr(message, "usage", None))
        return self.text

    def check_complete(self) -> None:
        if self._stop_reason == "refusal":
            raise RefusedError
        if self._stop_reason == "model_context_window_exceeded" and not self.text:
            raise ContextFullError
        if not self.finish_reason:
            raise GarbageError("the stream ended before the answer did")

    def usage_or(self, estimate: Usage) -> Usage:
        if self.usage or "input_tokens" not in self._counts:
            return super().usage_or(estimate)
        return replace(self._with_input(estimate), output_tokens=max(estimate.output_tokens, self._counts.get("output_tokens", 0)))

    def _start(self, message: Any) -> None:
        self.request_id = self.request_id or word_in(message, "id")
        self.model = self.model or word_in(message, "model")
        self._count(getattr(message, "usage", None))

    def _end(self, told: Any, usage: Any) -> None:
        """Take why the message ended, and what it used."""
        self._stop_reason = word_in(told, "stop_reason") or self._stop_reason
        self.finish_reason = REASONS.get(self._stop_reason, self._stop_reason)
        self.usage = self._reported(usage)

    def _count(self, reported: Any) -> None:
        """Take the counts that are usable; later ones, which are cumulative, replace earlier ones."""
        for name in (*_INPUT_FIELDS, "output_tokens"):
            count = count_in(reported, name)
            if count is not None:
                self._counts[name] = count

    def _reported(self, usage: Any) -> Usage | None:
        """Return the usage with the final count of the output, or None where that, or the prompt's, is not known."""
        self._count(usage)
        output = count_in(usage, "output_tokens")
        if output is None or "input_tokens" not in self._counts:
            return None
        return self._with_input(Usage(0, 0, output, "reported"))

    def _with_input(self, usage: Usage) -> Usage:
        # `input_tokens` are only those that the cache had no part in (the vendor's reference; OpenAI's include all).
        fresh, read, written = (self._counts.get(name, 0) for name in _INPUT_FIELDS)
        return replace(usage, input_tokens=fresh + read + written, cached_tokens=read, cache_write_tokens=written)
